import { appendFileSync, readFileSync } from 'node:fs';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';
import { eventually, TestProcess } from '../support/processes';
import { team, uuid } from '../support/gitpod-world';
import { writeGitpod } from './gitpod-fixture';
import { csv, ended, ExportFolder, instanceRow, type Row } from './gitpod-tables';

const NINE = '2026-01-10T09:00:00.000Z';
const INSTANCES = 1_000;

let folder: ExportFolder;
const databases: TestDatabase[] = [];
const running: TestProcess[] = [];

beforeEach(() => (folder = new ExportFolder()));
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
  for (const database of databases.splice(0)) await database.drop();
  folder.remove();
});

async function newDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  databases.push(database);
  return database;
}

function tallyhouse(args: readonly string[], databaseUrl: string): TestProcess {
  const child = new TestProcess('src/cli/tallyhouse.ts', args, {
    ...{
      DATABASE_URL: databaseUrl,
      DATABASE_ALLOW_UNSAFE: 'true',
      ADMIN_API_KEY: 'Tq7-admin-key-0123456789',
    },
    ...{ API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef' },
    CREDITS_PER_MINUTE: 'default=0.1666666667,large=0.5',
  });
  running.push(child);
  return child;
}

async function run(args: readonly string[], databaseUrl: string) {
  const child = tallyhouse(args, databaseUrl);
  return { code: await child.exited, output: child.output };
}

const count = (url: string, table: string): Promise<number> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ n: string }>(`select count(*) as n from ${table}`);
    return Number(rows[0]!.n);
  });

/** What an import leaves behind, by the keys of accounts: not when, by which process or in which order. */
const LEFT = [
  `select concat_ws(' ', a.key, t.id, t.kind, t.debit, t.credit, trim_scale(t.amount), t.source, t.reverses) as text
   from transfer t join account a on a.id = t.account_id`,
  `select concat_ws(' ', a.key, b.name, trim_scale(b.debits), trim_scale(b.credits)) as text
   from balance b join account a on a.id = b.account_id`,
  `select concat_ws(' ', a.key, s.resource, s.started_at, s.ended_at, s.is_draft, trim_scale(s.posted), s.revision) as text
   from span s join account a on a.id = s.account_id`,
  `select concat_ws(' ', a.key, v.version, v.created_at, v.strategy, v.spending_limit, v.anchor, v.cycle_from, v.cycle_to, v.cause)
   as text from cost_center_version v join account a on a.id = v.account_id`,
  `select concat_ws(' ', a.key, m.user_id, m.role, m.joined_at, m.email_index) as text
   from account_member m join account a on a.id = m.account_id`,
  `select concat_ws(' ', a.key, f.user_id, f.email_index) as text
   from free_allowance f join account a on a.id = f.account_id`,
  `select concat_ws(' ', a.key, n.id, n.credits, n.description, n.user_id, n.created_at) as text
   from usage_credit_note n join account a on a.id = n.account_id`,
  `select concat_ws(' ', a.key, c.customer_index, c.currency, c.created_at) as text
   from stripe_customer c join account a on a.id = c.account_id`,
  `select concat_ws(' ', source, event_id, type, occurred_at) as text from usage_event`,
];

const leftBehind = (url: string): Promise<string[][]> =>
  withClient(url, async (client) => {
    const found: string[][] = [];
    for (const sql of LEFT) {
      const { rows } = await client.query<{ text: string }>(sql);
      found.push(rows.map(({ text }) => text).sort());
    }
    return found;
  });

/** The small export, with many instances beside it that have no rows. */
function writeLarge(): void {
  writeGitpod(folder);
  const more = Array.from({ length: INSTANCES }, (_, n): Row => {
    const organisation = { usageAttributionId: team(10 + (n % 50)) };
    return instanceRow(10_000 + n, { ...organisation, ...ended(NINE) });
  });
  const path = folder.file('d_b_workspace_instance.csv');
  const [header, ...rows] = csv([...more]).split('\n');
  expect(readFileSync(path, 'utf8').split('\n')[0]).toBe(header);
  appendFileSync(path, rows.join('\n'));
}

describe('tallyhouse import gitpod', () => {
  it('writes nothing unless it is told to, and reports what it would do', async () => {
    writeGitpod(folder);
    const report = folder.file('report.json');
    // Nobody listens there: a dry run asks no database.
    const nowhere = 'postgres://nobody@127.0.0.1:1/nothing';
    const { code, output } = await run(['import', 'gitpod', folder.path, '--report', report], nowhere);
    expect(output).toContain('Nothing was written: this is what --apply would do.');
    expect(output).toContain('4 balances compared, 1 differ');
    expect(output).toContain(`${team(3)}: 15.00, 3.00, -12.00; 1 at another price; 1 without their instance`);
    expect(code).toBe(0);
    const { rows, summary } = JSON.parse(readFileSync(report, 'utf8')) as { rows: object[]; summary: object };
    expect(rows).toEqual([
      {
        ...{ table: 'd_b_workspace_instance', id: uuid(4), outcome: 'differing', account: team(3) },
        ...{ original: '20.00', ours: '10.00' },
      },
      {
        ...{ table: 'd_b_workspace_instance', id: uuid(999), outcome: 'differing', account: team(3) },
        ...{ original: '2.00', ours: null },
      },
      expect.objectContaining({ outcome: 'balance', account: team(3), difference: '-12.00' }),
    ]);
    expect(summary).toMatchObject({ dry_run: true });
  });

  it('killed half-way and run again ends as if nothing had happened', async () => {
    writeLarge();
    const [whole, broken] = [await newDatabase(), await newDatabase()];
    const command = ['import', 'gitpod', folder.path, '--apply', '--match-balances'];
    expect(await run(command, whole.url)).toMatchObject({ code: 0 });

    for (const [table, rows] of [
      ['usage_event', 500],
      ['span', 100],
      ['cost_center_version', 1],
    ] as const) {
      const child = tallyhouse(command, broken.url);
      const isThere = async (): Promise<boolean> => {
        const found = await count(broken.url, table).catch(() => 0);
        return found >= rows;
      };
      await eventually(isThere, `${rows} rows of ${table}`);
      child.kill('SIGKILL');
      await child.exited;
    }
    const last = await run(command, broken.url);
    expect(last).toMatchObject({ code: 0 });
    expect(last.output).toMatch(/balances compared, \d+ were made equal, 0 differ/);
    const left = await leftBehind(whole.url);
    expect(await leftBehind(broken.url)).toEqual(left);
    expect(left.at(-1)).toHaveLength(18 + 4 * INSTANCES);

    expect(await run(command, broken.url)).toMatchObject({ code: 0 });
    expect(await leftBehind(broken.url)).toEqual(left);
  });

  it('ends with 2 when there is nothing to read', async () => {
    const missing = await run(['import', 'gitpod', folder.path], '');
    expect(missing.code).toBe(2);
    expect(missing.output).toContain('cannot be read as tables of Gitpod: there is no table in it');
  });
});

describe('tallyhouse import workspace-instances', () => {
  it('follows a file until a signal, and tells what became of its rows', async () => {
    const { url } = await newDatabase();
    const path = folder.write('instances.csv', csv([instanceRow(1), instanceRow(2)]));
    const child = tallyhouse(['import', 'workspace-instances', path, '--follow'], url);
    await eventually(async () => (await count(url, 'usage_event').catch(() => 0)) === 4, 'the first rows');
    appendFileSync(path, `${csv([instanceRow(1, ended(NINE))]).split('\n')[1]}\n`);
    await eventually(async () => (await count(url, 'usage_event')) === 6, 'what was appended');
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    expect(child.output).toMatch(/rows read +3\ninstances +3\nrecord +6/);
    const again = await run(['import', 'workspace-instances', path], url);
    expect(again.output).toMatch(/rows read +3\ninstances +2\nsuperseded +1 .*\nrecord +0 .*\nstanding +6/);
    expect(again.code).toBe(0);
  });
});
