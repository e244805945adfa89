import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BANNED_NAMES, FILE_KINDS, MODULES } from '../../modules.cjs';
import { ROOT } from './planted-tree';

const WORDS = '[a-z0-9]+(?:-[a-z0-9]+)*';
const NAME = new RegExp(
  `^(${WORDS})(?:\\.(?:${FILE_KINDS.map((kind) => kind.replace('.', '\\.')).join('|')}))?\\.ts$`,
);

/** Why a file of src may not be called so; null when it may. */
function complaint(name: string): string | null {
  // Each module has its page.
  if (name === 'README.md') return null;
  const match = NAME.exec(name);
  if (!match) return 'is not name.kind.ts';
  if (BANNED_NAMES.includes(match[1]!)) return 'says nothing about what is inside';
  if (/-?v\d+$/.test(match[1]!)) return 'carries a version';
  return null;
}

describe('the file grammar', () => {
  it.each([
    ['account-key.ts', null],
    ['README.md', null],
    ['events.grpc.controller.ts', null],
    ['usage.wire.ts', null],
    ['usage.dto.ts', 'is not name.kind.ts'],
    ['events.controller.ts', 'is not name.kind.ts'],
    ['UsageService.ts', 'is not name.kind.ts'],
    ['utils.ts', 'says nothing about what is inside'],
    ['index.ts', 'says nothing about what is inside'],
    ['types.ts', 'says nothing about what is inside'],
    ['rating-v2.ts', 'carries a version'],
  ])('%s: %s', (name, expected) => {
    expect(complaint(name)).toBe(expected);
  });

  it('holds for every file of src', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(ROOT, 'src', 'generated')))
      .map((entry) => entry.name);
    expect(files.filter((name) => complaint(name) !== null)).toEqual([]);
  });

  it('knows every folder of src', () => {
    const known = [...Object.keys(MODULES), 'generated', 'cli', 'importers'];
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(folders.filter((name) => !known.includes(name))).toEqual([]);
  });
});
