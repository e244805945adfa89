#!/usr/bin/env node
/** The command `tallyhouse`: in a checkout it compiles first when the compiled files are missing or older than the sources. */
const { spawnSync } = require('node:child_process');
const { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const root = join(__dirname, '..');
const program = join(root, 'dist', 'src', 'cli', 'tallyhouse.js');

/** The newest change below a folder, in milliseconds. */
function newestIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return Math.max(
    0,
    ...entries
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
  );
}

/** Dated by the start of the last build that succeeded; the compiler's own files keep their date when nothing changed. */
const marker = join(root, 'node_modules', '.cache', 'tallyhouse', 'built');

function isStale() {
  if (!existsSync(join(root, 'src'))) return false;
  if (!existsSync(program) || !existsSync(marker)) return true;
  return Math.max(newestIn(join(root, 'src')), newestIn(join(root, 'migrations'))) > statSync(marker).mtimeMs;
}

function build() {
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(`${marker}.new`, '');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
  renameSync(`${marker}.new`, marker);
}

if (isStale()) build();
process.setSourceMapsEnabled(true);
require(program);
