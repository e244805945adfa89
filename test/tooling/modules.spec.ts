import { PlantedTree, ROOT, runIn } from './planted-tree';

interface Violation {
  from: string;
  to: string;
  rule: { name: string };
}

const use = (path: string) => `import { a } from '${path}';\nexport const b = a;\n`;
const EMPTY = 'export const a = 1;\n';
const PACKAGE = 'module.exports = { a: 1 };\n';

/** What the planted files point at; nothing here breaks a rule. */
const GROUND: Record<string, string> = {
  'package.json':
    '{ "dependencies": { "declared": "1.0.0", "@js-temporal/polyfill": "1.0.0" }, "devDependencies": { "for-tests": "1.0.0" } }',
  'node_modules/declared/index.js': PACKAGE,
  'node_modules/for-tests/index.js': PACKAGE,
  'node_modules/@js-temporal/polyfill/index.js': PACKAGE,
  'src/core/quantity.ts': EMPTY,
  'src/core/period.ts': use('@js-temporal/polyfill'),
  'src/generated/metering/v1/metering.ts': EMPTY,
  'src/platform/clock.ts': use('declared'),
  'src/pricing/meter.repository.ts': EMPTY,
  'src/usage/two.ts': "import { d } from './one';\nexport const c: number = d;\n",
  'src/pricing/meter.service.ts': use('./meter.repository'),
  'src/usage/usage.service.ts': use('../pricing/meter.service'),
  'src/usage/usage.wire.ts': use('../generated/metering/v1/metering'),
  'src/usage/events.grpc.controller.ts': use('../generated/metering/v1/metering'),
  'src/cli/import.cli.ts': use('../pricing/meter.repository'),
  'src/importers/focus.ts': use('../usage/usage.wire'),
  'src/main.ts': use('./generated/metering/v1/metering'),
  'src/app.module.ts': use('./pricing/meter.repository'),
  'test/support/world.ts': EMPTY,
};

/** Each file breaks the rule beside it. */
const PLANTED: Record<string, [rule: string, text: string]> = {
  'src/core/files.ts': ['core-is-pure', use('node:fs')],
  'src/core/package.ts': ['core-is-pure', use('declared')],
  'src/core/upward.ts': ['core-is-pure', use('../platform/clock')],
  'src/core/calendar.ts': ['core-is-pure', use('@js-temporal/polyfill')],
  'src/platform/upward.ts': ['platform-imports-only-its-row', use('../pricing/meter.service')],
  'src/ledger/sideways.ts': ['ledger-imports-only-its-row', use('../pricing/meter.service')],
  'src/stripe/upward.ts': ['stripe-imports-only-its-row', use('../usage/usage.service')],
  'src/cost-centers/upward.ts': ['cost-centers-imports-only-its-row', use('../usage/usage.service')],
  'src/usage/root.ts': ['usage-imports-only-its-row', use('../main')],
  'src/scheduler/prices.ts': ['scheduler-imports-only-its-row', use('../pricing/meter.service')],
  'src/usage/reach.ts': ['no-reach-in', use('../pricing/meter.repository')],
  'src/usage/type-only.ts': [
    'no-reach-in',
    "import type { a } from '../pricing/meter.repository';\nexport type B = typeof a;\n",
  ],
  'src/usage/wire-types.service.ts': ['generated-is-for-doors', use('../generated/metering/v1/metering')],
  'src/generated/reads-core.ts': ['generated-imports-nothing-of-ours', use('../core/quantity')],
  'src/shared/new-folder.ts': ['every-folder-is-in-the-table', use('../core/quantity')],
  'src/usage/tested.ts': ['src-imports-only-src', use('../../test/support/world')],
  'src/usage/one.ts': ['no-circular', "import { c } from './two';\nexport const d: number = c;\n"],
  'src/usage/nowhere.ts': ['not-to-unresolvable', use('./gone')],
  'src/usage/for-tests.ts': ['only-declared-packages', use('for-tests')],
};

/** Runs the project's rules over `src` of a folder: the names of the rules that each file breaks. */
function violations(folder: string): Map<string, string[]> {
  const run = runIn(folder, [
    'depcruise',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    'src',
  ]);
  const { summary } = JSON.parse(run.stdout) as { summary: { violations: Violation[] } };
  const found = new Map<string, string[]>();
  for (const { from, rule } of summary.violations) found.set(from, [...(found.get(from) ?? []), rule.name]);
  return found;
}

describe('the module table', () => {
  const tree = new PlantedTree();
  let found: Map<string, string[]>;

  beforeAll(() => {
    tree.copy('.dependency-cruiser.cjs', 'modules.cjs', 'tsconfig.json').plant(GROUND);
    tree.plant(Object.fromEntries(Object.entries(PLANTED).map(([path, [, text]]) => [path, text])));
    found = violations(tree.folder);
  });
  afterAll(() => tree.remove());

  it.each(Object.entries(PLANTED).map(([path, [rule]]) => [path, rule]))('%s breaks %s', (path, rule) => {
    expect(found.get(path)).toEqual([rule]);
  });

  it('lets everything else pass', () => {
    expect([...found.keys()].sort()).toEqual(Object.keys(PLANTED).sort());
  });

  it('holds in this project', () => {
    expect([...violations(ROOT)]).toEqual([]);
  });
});
