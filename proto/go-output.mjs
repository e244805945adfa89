/** Generates the Go client when a Go toolchain is there; the plugins come at pinned versions through it. */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PLUGINS = [
  'google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12',
  'google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2',
];

/**
 * The file that names the contracts the Go output was made from. It is compared even where Go is missing, so that
 * output which has fallen behind the contracts cannot go unnoticed.
 */
export const FINGERPRINT = 'contracts.sha256';

/** SHA-256 over names and texts of the contracts. */
export function fingerprint(root, protoFiles) {
  const hash = createHash('sha256');
  for (const name of protoFiles) hash.update(`${name}\n${readFileSync(join(root, 'proto', name), 'utf8')}\n`);
  return `${hash.digest('hex')}\n`;
}

/** Installs the plugins below node_modules; answers their folder, or why there is none. */
export function installPlugins(root) {
  const bin = join(root, 'node_modules', '.cache', 'protoc-gen-go');
  mkdirSync(bin, { recursive: true });
  for (const plugin of PLUGINS) {
    const run = spawnSync('go', ['install', plugin], {
      env: { ...process.env, GOBIN: bin },
      encoding: 'utf8',
    });
    if (run.error) return { missing: 'no Go toolchain on this machine' };
    if (run.status !== 0) return { missing: `${plugin} could not be installed: ${run.stderr.trim()}` };
  }
  return { bin };
}

/** PATH with the plugins in front. */
export function withPlugins(bin) {
  return { PATH: `${bin}${delimiter}${process.env.PATH}` };
}
