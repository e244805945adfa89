import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';
import { TestProcess } from '../support/processes';
import { BUILT_IN_PLANS } from '../../src/pricing/catalogue.seed';

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = join(tmpdir(), `catalogue-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function run(...args: string[]) {
  const child = new TestProcess('src/cli/tallyhouse.ts', ['catalogue', ...args], {
    DATABASE_URL: database.url,
    ADMIN_API_KEY: 'Tq7-admin-key-of-a-test-run-0123456789',
    API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef',
    DATABASE_ALLOW_UNSAFE: 'true',
  });
  return { code: await child.exited, output: child.output };
}

const versions = () =>
  withClient(database.url, async (client) => {
    const { rows } = await client.query<{ line: string }>(
      `select plan_key || ' ' || version as line from plan_version where plan_key in ('starter', 'hobby') order by 1`,
    );
    return rows.map(({ line }) => line);
  });

/** Who did what to a subject, by the audit trail. */
const trail = (subject: string) =>
  withClient(database.url, async (client) => {
    const { rows } = await client.query<{ line: string }>(
      `select actor || ' ' || action as line from audit_entry where subject = $1 order by sequence`,
      [subject],
    );
    return rows.map(({ line }) => line);
  });

const starter = (amount: string, name = 'Starter') =>
  `plans:\n  - { key: starter, name: ${name}, currency: USD, base_fee: { model: flat, amount: '${amount}' } }\n`;

describe('tallyhouse catalogue', () => {
  it('shows, then applies when it is told to, and then has nothing left to do', async () => {
    const path = file('starter.yaml', starter('5'));
    for (const verb of ['diff', 'plan', 'apply']) {
      const { code, output } = await run(verb, path);
      expect([code, output]).toEqual([0, expect.stringMatching(/^\+ starter: a new plan\n/)]);
      expect(output.includes('Nothing is written without apply --yes: 1 new plan')).toBe(verb !== 'diff');
    }
    expect(await versions()).toEqual(['hobby 1']);

    expect(await run('apply', path, '--yes')).toEqual({
      code: 0,
      output:
        '+ starter: a new plan\nDone: 1 new plan, 0 new versions, other words for 0 plans, 0 as they are.\n',
    });
    expect(await run('diff', path)).toEqual({ code: 0, output: '= starter: as it is\n' });
    file('starter.yaml', starter('6', 'Begin'));
    expect((await run('apply', path, '--yes')).output).toBe(
      [
        '~ starter: version 2, beside 1 and what is older',
        '    base_fee.amount: "5" -> "6"',
        '    name: "Starter" -> "Begin"',
        'Done: 0 new plans, 1 new version, other words for 0 plans, 0 as they are.\n',
      ].join('\n'),
    );
    file('starter.yaml', starter('6', 'Begin').replace(' }\n', ', entitlements: { seats: "5" } }\n'));
    expect((await run('diff', path)).output).toBe(
      ['~ starter: version 3, beside 2 and what is older', '    entitlements.seats: not there -> "5"\n'].join(
        '\n',
      ),
    );
    expect(await versions()).toEqual(['hobby 1', 'starter 1', 'starter 2']);
    expect(await trail('plan:starter')).toEqual([
      'cli:catalogue plan.created',
      'cli:catalogue plan.version-appended',
    ]);
  });

  it('finds nothing to do in the plans it came with', async () => {
    const { code, output } = await run('plan', BUILT_IN_PLANS);
    expect([code, output]).toEqual([
      0,
      expect.stringContaining('0 new plans, 0 new versions, other words for 0 plans, 6 as they are.'),
    ]);
  });

  it('tells every mistake with its file and place, writes nothing and ends with 2', async () => {
    const good = file('good.yaml', starter('99'));
    const meters = file(
      'meters.yaml',
      `plans:\n  - { key: gpu, name: GPU, currency: USD, prices: { gpu: { model: dynamic } }, allowances: { warp: {} } }\n`,
    );
    const shape = file('shape.yaml', `plans:\n  - { key: bad, name: Bad, currency: dollars, cost: 5 }\n`);
    const before = await versions();
    const unknown = await run('apply', good, meters, '--yes');
    expect([unknown.code, unknown.output]).toEqual([
      2,
      [
        `${meters}: gpu.prices.gpu: is not a meter of the catalogue`,
        `${meters}: gpu.allowances.warp: is not a meter of the catalogue`,
        '2 mistakes: nothing is changed\n',
      ].join('\n'),
    ]);
    const unread = await run('apply', good, shape, join(folder, 'missing.yaml'), '--yes');
    expect([unread.code, unread.output]).toEqual([
      2,
      [
        `${join(folder, 'missing.yaml')}: there is no such file`,
        `${shape}: plans[0].cost: is not a known field`,
        `${shape}: plans[0].currency: must be an ISO 4217 code, such as USD`,
        '3 mistakes: nothing is changed\n',
      ].join('\n'),
    ]);
    expect(await versions()).toEqual(before);
  });

  it.each([
    [[], 'catalogue what?'],
    [['destroy', 'x.yaml'], 'catalogue does not know destroy'],
    [['apply'], 'Which files?'],
    [['plan', 'x.yaml', '--yes'], '--yes does not go with plan'],
    [['apply', 'x.yaml', '--force'], "Unknown option '--force'"],
  ])('ends with 2 for %j', async (args, words) => {
    const { code, output } = await run(...args);
    expect([code, output]).toEqual([2, expect.stringContaining(words)]);
  });
});
