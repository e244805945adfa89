/**
 * `node -r` this file to run TypeScript in a process of its own, compiled as jest compiles it. What was compiled once is kept
 * by its content in a folder for temporary files: the tests start hundreds of processes of the same sources.
 */
const { transformSync, version } = require('@swc/core');
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const cwd = join(__dirname, '..', '..');
const settings = readFileSync(join(cwd, '.swcrc'));
const cache = join(tmpdir(), `tallyhouse-compiled-${process.getuid?.() ?? ''}`);
mkdirSync(cache, { recursive: true, mode: 0o700 });

/** The compiled text of a source, out of the folder when the same content was compiled by the same compiler before. */
function compiled(source, filename) {
  const name = createHash('sha256').update(`${version}\n${filename}\n`).update(settings).update(source);
  const path = join(cache, `${name.digest('hex')}.js`);
  try {
    return readFileSync(path, 'utf8');
  } catch {
    const { code } = transformSync(source, { filename, cwd });
    // Renamed, so that another process never reads half of it.
    writeFileSync(`${path}.${process.pid}`, code);
    renameSync(`${path}.${process.pid}`, path);
    return code;
  }
}

require.extensions['.ts'] = (module, filename) =>
  module._compile(compiled(readFileSync(filename, 'utf8'), filename), filename);
