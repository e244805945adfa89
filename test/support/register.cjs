/** `node -r` this file to run TypeScript in a process of its own, compiled as jest compiles it. */
const { transformSync } = require('@swc/core');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const cwd = join(__dirname, '..', '..');
require.extensions['.ts'] = (module, filename) =>
  module._compile(transformSync(readFileSync(filename, 'utf8'), { filename, cwd }).code, filename);
