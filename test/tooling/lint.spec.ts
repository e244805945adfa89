import { relative } from 'node:path';
import { PlantedTree } from './planted-tree';

interface LintedFile {
  filePath: string;
  messages: { ruleId: string | null; message: string }[];
}

const AMBIENT = 'no-restricted-syntax';
const FLOAT = 'tallyhouse/no-float-amounts';
const lines = (count: number) => '  void 0;\n'.repeat(count);

/** Each file breaks exactly the rule beside it. */
const PLANTED: Record<string, [rule: string, text: string]> = {
  'src/usage/date-now.ts': [AMBIENT, 'export const at = (): number => Date.now();\n'],
  'src/usage/new-date.ts': [AMBIENT, 'export const at = (): Date => new Date();\n'],
  'src/usage/date-call.ts': [AMBIENT, 'export const at = (): string => Date();\n'],
  'src/usage/random.ts': [AMBIENT, 'export const dice = (): number => Math.random();\n'],
  'src/usage/uuid.ts': [
    AMBIENT,
    "import { randomUUID } from 'node:crypto';\nexport const id = (): string => randomUUID();\n",
  ],
  'src/usage/global-uuid.ts': [AMBIENT, 'export const id = (): string => crypto.randomUUID();\n'],
  'src/core/uuid.ts': [AMBIENT, 'export const id = (): string => crypto.randomUUID();\n'],
  'src/usage/barrel.ts': [AMBIENT, "export * from './date-now';\n"],
  'src/core/to-number.ts': [FLOAT, 'export const read = (text: string): number => Number(text);\n'],
  'src/core/parse-float.ts': [FLOAT, 'export const read = (text: string): number => parseFloat(text);\n'],
  'src/core/number-parse.ts': [
    FLOAT,
    'export const read = (text: string): number => Number.parseFloat(text);\n',
  ],
  'src/core/plus.ts': [FLOAT, 'export const read = (text: string): number => +text;\n'],
  'src/core/times.ts': [
    FLOAT,
    'export const total = (price: number, count: number): number => price * count;\n',
  ],
  'src/core/share.ts': [FLOAT, 'export const half = (amount: number): number => amount / 2;\n'],
  'src/core/power.ts': [FLOAT, 'export const grow = (amount: number): number => amount ** 2;\n'],
  'src/core/assign.ts': [
    FLOAT,
    'export function twice(sum: number): number {\n  sum *= 2;\n  return sum;\n}\n',
  ],
  'src/usage/usage.wire.ts': [FLOAT, 'export const cents = (amount: number): number => amount * 100;\n'],
  'src/usage/console.ts': ['no-console', "console.log('here');\n"],
  'src/usage/todo.ts': ['tallyhouse/todo-names-issue', '// TODO: later\nexport const a = 1;\n'],
  'src/usage/params.ts': [
    'tallyhouse/max-positional-params',
    'export const f = (a: number, b: number, c: number, d: number, e: number): number[] => [a, b, c, d, e];\n',
  ],
  'src/usage/long.ts': ['max-lines-per-function', `export function long(): void {\n${lines(60)}}\n`],
  'src/usage/tall.ts': ['max-lines', `export const tall = [\n${'  0,\n'.repeat(300)}];\n`],
  'src/usage/deep.ts': [
    'max-depth',
    'export function deep(a: boolean): void {\n  if (a) { if (a) { if (a) { if (a) { void a; } } } }\n}\n',
  ],
  'src/usage/any.ts': [
    '@typescript-eslint/no-explicit-any',
    'export const a = (b: unknown): void => void (b as any);\n',
  ],
  'src/usage/ignored.ts': [
    '@typescript-eslint/ban-ts-comment',
    "// @ts-ignore\nexport const a: number = '';\n",
  ],
  'src/usage/floating.ts': [
    '@typescript-eslint/no-floating-promises',
    'export function forget(work: () => Promise<void>): void {\n  work();\n}\n',
  ],
  'test/usage/only.spec.ts': [AMBIENT, "it.only('runs alone', () => undefined);\n"],
  'test/usage/skip.spec.ts': [AMBIENT, "describe.skip('hidden', () => undefined);\n"],
  'test/usage/xit.spec.ts': [AMBIENT, "declare const xit: (name: string) => void;\nxit('hidden');\n"],
};

/** Files that do the same where it is allowed, or do what only looks alike. */
const CLEAN: Record<string, string> = {
  'src/platform/clock.ts': 'export const now = (): Date => new Date();\n',
  'src/usage/explicit-date.ts': 'export const day = (at: number): Date => new Date(at);\n',
  'src/core/exact.ts':
    'type Quantity = bigint & { readonly scale: 15 };\n' +
    'export const product = (a: Quantity, b: bigint): bigint => (a * b) / 10n ** 15n - -a;\n',
  'src/core/period.ts': 'export const days = (ms: number): number => ms / 86_400_000;\n',
  'src/usage/other.ts': 'export const seconds = (ms: number): number => ms / 1000;\n',
  'src/cli/said.ts': "console.log('said');\n",
  'src/usage/promised.ts': '// TODO #12: say it in one statement.\nexport const a = 1;\n',
  'src/usage/injected.ts':
    'export class Five {\n  constructor(\n' +
    ['a', 'b', 'c', 'd', 'e'].map((name) => `    readonly ${name}: number,\n`).join('') +
    '  ) {}\n}\n',
  'test/usage/plain.spec.ts': "it('runs', () => expect(Date.now()).toBeGreaterThan(0));\n",
};

describe('the lint rules', () => {
  const tree = new PlantedTree();
  let reported: Map<string, string[]>;

  beforeAll(() => {
    tree.copy('eslint.config.mjs', 'tooling', 'tsconfig.json').linkPackages().plant(CLEAN);
    tree.plant(Object.fromEntries(Object.entries(PLANTED).map(([path, [, text]]) => [path, text])));
    const run = tree.run('eslint', '.', '--format', 'json');
    const files = JSON.parse(run.stdout) as LintedFile[];
    reported = new Map(
      files.map((file) => [
        relative(tree.folder, file.filePath),
        [...new Set(file.messages.map((message) => message.ruleId ?? message.message))],
      ]),
    );
  });
  afterAll(() => tree.remove());

  it.each(Object.entries(PLANTED).map(([path, [rule]]) => [path, rule]))('%s breaks %s', (path, rule) => {
    expect(reported.get(path)).toEqual([rule]);
  });

  it.each(Object.keys(CLEAN))('%s breaks nothing', (path) => {
    expect(reported.get(path)).toEqual([]);
  });
});
