import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPlanFiles, readPlanFiles } from '../../src/pricing/plan-file';

const STARTER = `
  - key: starter
    name: Starter
    currency: USD
`;

function problems(...texts: string[]): string[] {
  const files = texts.map((text, index) => ({ path: `${'abc'[index]}.yaml`, text }));
  return [...readPlanFiles(files).problems];
}

describe('a file of plans', () => {
  it('holds a list of them', () => {
    const text = `plans:${STARTER}    base_fee: { model: flat, amount: '5' }\n  - { key: pro, name: Pro, currency: EUR }`;
    const { plans, problems: found } = readPlanFiles([{ path: 'a.yaml', text }]);
    expect(found).toEqual([]);
    expect(plans.map(({ path, offer }) => `${path} ${offer.key} ${offer.currency}`)).toEqual([
      'a.yaml starter USD',
      'a.yaml pro EUR',
    ]);
  });

  it('grants what is true, false or a text, and no number', () => {
    const granted = (entitlements: string) => `plans:${STARTER}    entitlements: ${entitlements}`;
    const text = granted("{ sso: true, audit: false, support: 24x7, seats: '5' }");
    const { plans } = readPlanFiles([{ path: 'a.yaml', text }]);
    expect(Object.fromEntries(plans[0]!.offer.entitlements)).toEqual({
      ...{ sso: true, audit: false },
      ...{ support: '24x7', seats: '5' },
    });
    expect(problems(granted('{ seats: 5 }'))).toEqual([
      'a.yaml: plans[0].entitlements.seats: must be true, false or a text of 1 to 200 characters',
    ]);
  });

  it('may name a part once and use it twice', () => {
    const text = `plans:
  - { key: one, name: One, currency: USD, base_fee: &fee { model: flat, amount: '5' } }
  - { key: two, name: Two, currency: USD, base_fee: *fee }`;
    const { plans } = readPlanFiles([{ path: 'a.yaml', text }]);
    expect(plans[1]!.offer.baseFee).toEqual(plans[0]!.offer.baseFee);
  });

  it.each<[string, string, string[]]>([
    ['nothing', '', ['a.yaml: file: expected a document, but the input is empty']],
    ['no list', '- 1', ['a.yaml: plans: must be a list of at most 1000 plans']],
    [
      'no plans',
      'plan: []',
      ['a.yaml: plan: is not a known field', 'a.yaml: plans: must be a list of at most 1000 plans'],
    ],
    ['a name twice', 'plans: []\nplans: []', ['a.yaml: line 2: duplicated mapping key']],
    ['what is no plan', 'plans: [5]', ['a.yaml: plans[0]: must be an object']],
    [
      'an amount without quotes',
      `plans:${STARTER}    base_fee: { model: flat, amount: 5.00 }`,
      ['a.yaml: plans[0].base_fee.amount: must be a decimal string, such as "0.10"'],
    ],
    [
      'several mistakes, all of them told',
      `plans:${STARTER}    cost: 5\n  - { key: P, name: Pro, currency: dollars }`,
      [
        'a.yaml: plans[0].cost: is not a known field',
        'a.yaml: plans[1].currency: must be an ISO 4217 code, such as USD',
      ],
    ],
    [
      'a tag',
      'plans: !!js/function "x"',
      ['a.yaml: line 1: unknown scalar tag !<tag:yaml.org,2002:js/function>'],
    ],
  ])('is refused with %s', (_words, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  it('is refused when its plan stands in another one, too', () => {
    expect(problems(`plans:${STARTER}`, `plans:${STARTER}`)).toEqual([
      'b.yaml: plans[0].key: starter stands in plans[0] of a.yaml already',
    ]);
  });

  it('is bounded although a few lines of aliases can stand for a billion values', () => {
    const level = (n: number) =>
      `l${n}: &l${n} [${Array.from({ length: 10 }, () => `*l${n - 1}`).join(', ')}]`;
    const bomb = ['l0: &l0 [lol]', ...Array.from({ length: 9 }, (_, n) => level(n + 1)), 'plans: *l9'].join(
      '\n',
    );
    expect(problems(bomb)).toEqual([
      'a.yaml: file: holds more than 100000 values when its aliases are followed',
    ]);
  });

  it('is bounded in depth and refuses itself as a part of itself', () => {
    expect(problems(`plans: ${'['.repeat(100)}${']'.repeat(100)}`)[0]).toMatch(
      /^a\.yaml: line 1: nesting exceeded/,
    );
    expect(problems('plans: &all [*all]')).toEqual([expect.stringMatching(/^a\.yaml: /)]);
  });
});

describe('files of plans on a disk', () => {
  const folder = join(tmpdir(), `plans-${process.pid}`);
  const at = (name: string) => join(folder, name);

  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    for (const name of ['b.yaml', 'a.yml', 'notes.txt']) writeFileSync(at(name), 'plans: []');
    writeFileSync(at('latin.yaml.old'), Buffer.from([0xff, 0xfe]));
    writeFileSync(at('long.yaml.old'), ' '.repeat(1_048_577));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are those right in a folder, in the order of their names', () => {
    const { files, problems: found } = openPlanFiles([folder]);
    expect(found).toEqual([]);
    expect(files.map(({ path }) => path)).toEqual([at('a.yml'), at('b.yaml')]);
  });

  it('are told when they cannot be read', () => {
    const names = ['missing.yaml', 'latin.yaml.old', 'long.yaml.old'].map(at);
    expect(openPlanFiles(names).problems).toEqual([
      `${names[0]}: there is no such file`,
      `${names[1]}: is not UTF-8`,
      `${names[2]}: is larger than 1048576 bytes`,
    ]);
  });
});
