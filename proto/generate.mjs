/**
 * Generates everything that is made from the contracts in this folder, offline:
 *
 *   node proto/generate.mjs                    lint, then write src/generated and clients/
 *   node proto/generate.mjs --check            lint, breaking, then fail when what is committed differs
 *   node proto/generate.mjs --breaking         fail when a contract broke against proto/baseline.binpb
 *   node proto/generate.mjs --accept-baseline  make today's contracts the ones that must not be broken
 *
 * The baseline moves only by that last command, when a version is released.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FINGERPRINT, fingerprint, installPlugins, withPlugins } from './go-output.mjs';
import { serverFiles } from './server-types.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const BIN = join(ROOT, 'node_modules', '.bin');
const BASELINE = 'proto/baseline.binpb';
const HEADER = `// Copyright The Tallyhouse Authors
// SPDX-License-Identifier: Apache-2.0
//
// Generated from proto/ by "npm run generate". Do not edit.

`;

/** Runs buf from the root; its complaint becomes ours. */
function buf(args, env = {}) {
  const path = `${BIN}${delimiter}${process.env.PATH}`;
  const run = spawnSync(join(BIN, 'buf'), args, {
    cwd: ROOT,
    env: { ...process.env, PATH: path, ...env },
    encoding: 'utf8',
  });
  if (run.error) throw run.error;
  if (run.status !== 0) throw new Error(`buf ${args.join(' ')}\n${run.stdout}${run.stderr}`.trim());
}

/** Every file below a folder, as a map from its path there (with slashes) to its text; empty when there is none. */
function readTree(folder, wanted = () => true) {
  const files = new Map();
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return files;
    throw error;
  }
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    if (entry.isFile() && wanted(name)) files.set(name, readFileSync(path, 'utf8'));
  }
  return files;
}

function protoFiles() {
  return [...readTree(join(ROOT, 'proto'), (name) => name.endsWith('.proto')).keys()].sort();
}

function withHeader(files) {
  return new Map([...files].map(([name, text]) => [name, HEADER + text]));
}

/** Generates the Go client into `scratch`; where Go is missing, only the fingerprint of the contracts is known. */
function goTarget(scratch) {
  const isOutput = (name) => name.endsWith('.pb.go') || name === FINGERPRINT;
  const mark = [FINGERPRINT, fingerprint(ROOT, protoFiles())];
  const plugins = installPlugins(ROOT);
  if (plugins.missing) {
    console.log(`Go client left as committed: ${plugins.missing}`);
    return {
      folder: 'clients/go',
      isOutput: (name) => name === FINGERPRINT,
      files: new Map([mark]),
      partial: true,
    };
  }
  buf(['generate', '--template', 'buf.gen.go.yaml', '-o', join(scratch, 'go')], withPlugins(plugins.bin));
  const files = withHeader(readTree(join(scratch, 'go')));
  return { folder: 'clients/go', isOutput, files: files.set(...mark), partial: false };
}

/** All that is generated: for each folder, which of its files are outputs and what they should hold. */
function targets(scratch) {
  buf(['generate', '-o', scratch]);
  const everything = () => true;
  const descriptors = join(scratch, 'descriptors.binpb');
  buf(['build', '--as-file-descriptor-set', '--exclude-source-info', '-o', descriptors]);
  const contracts = { names: protoFiles(), descriptors: readFileSync(descriptors) };
  const server = serverFiles(readTree(join(scratch, 'server')), contracts);
  const client = readTree(join(scratch, 'typescript'));
  return [
    { folder: 'src/generated', isOutput: everything, files: withHeader(server), partial: false },
    {
      folder: 'clients/typescript/generated',
      isOutput: everything,
      files: withHeader(client),
      partial: false,
    },
    goTarget(scratch),
  ];
}

/** The outputs that are missing, different or no longer made. */
function differences(target) {
  const committed = readTree(join(ROOT, target.folder), target.isOutput);
  const names = new Set([...committed.keys(), ...target.files.keys()]);
  return [...names]
    .filter((name) => committed.get(name) !== target.files.get(name))
    .map((name) => `${target.folder}/${name}`)
    .sort();
}

function write(target) {
  if (target.partial) return;
  const folder = join(ROOT, target.folder);
  for (const name of readTree(folder, target.isOutput).keys()) rmSync(join(folder, name));
  for (const [name, text] of target.files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  console.log(`${target.folder}: ${target.files.size} files`);
}

function breaking() {
  buf(['breaking', '--against', BASELINE]);
}

function generate(check) {
  buf(['lint']);
  if (check) breaking();
  const scratch = mkdtempSync(join(tmpdir(), 'tallyhouse-generate-'));
  try {
    const all = targets(scratch);
    if (!check) return all.forEach(write);
    const stale = all.flatMap(differences);
    if (stale.length > 0)
      throw new Error(`not what the contracts give; run "npm run generate":\n${stale.join('\n')}`);
    console.log(
      `generated files match the contracts (${all.reduce((sum, one) => sum + one.files.size, 0)} files)`,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const COMMANDS = {
  '': () => generate(false),
  '--check': () => generate(true),
  '--breaking': breaking,
  '--accept-baseline': () => buf(['build', '--exclude-source-info', '-o', BASELINE]),
};

try {
  const command = COMMANDS[process.argv.slice(2).join(' ')];
  if (!command)
    throw new Error(`usage: node proto/generate.mjs [${Object.keys(COMMANDS).slice(1).join(' | ')}]`);
  command();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
