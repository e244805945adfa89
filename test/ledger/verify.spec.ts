import { TestProcess } from '../support/processes';
import { withClient } from '../support/postgres';
import { LedgerWorld, NOW, USD, owed, usd } from './ledger-world';

let world: LedgerWorld;

beforeEach(async () => {
  world = await LedgerWorld.withConnections(2);
  const account = await world.account();
  await world.post(account, owed('span:1', '10'), owed('span:2', '2.50'));
  await world.give(account, '5');
  const drawing = { asset: USD, amount: usd('2'), source: 'period:1', at: NOW, pays: 'receivable' } as const;
  await world.tx((tx) => world.grants.draw(tx, account, drawing));
});
afterEach(() => world.close());

async function verify(...args: string[]) {
  const child = new TestProcess('src/cli/tallyhouse.ts', ['verify', ...args], {
    DATABASE_URL: world.stored.url,
    ADMIN_API_KEY: 'Tq7-admin-key-of-a-test-run-0123456789',
    API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef',
    DATABASE_ALLOW_UNSAFE: 'true',
  });
  const code = await child.exited;
  const failed = child.output.split('\n').filter((line) => line.startsWith('FAILED'));
  return { code, output: child.output, failed: failed.map((line) => line.slice('FAILED  '.length)) };
}

/** As the owner of the tables, triggers out of the way. */
const behindItsBack = (statement: string): Promise<unknown> =>
  withClient(world.stored.url, (client) =>
    client.query(`set session_replication_role = replica; ${statement}`),
  );

describe('tallyhouse verify', () => {
  it('says ok to every check of honest books', async () => {
    const { code, output, failed } = await verify();
    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    expect(output.split('\n').filter((line) => line.startsWith('ok      ')).length).toBeGreaterThan(12);
    expect(output).toContain('ok      balances: each is the sum of its transfers');
  });

  it('names what a changed balance breaks, shows the row, and ends with 1', async () => {
    await behindItsBack(`update balance set debits = debits + 1 where name = 'receivable'`);
    const { code, output, failed } = await verify();
    expect(code).toBe(1);
    expect(failed).toEqual([
      'balances: each is the sum of its transfers',
      'balances: an asset adds up to zero, by account',
    ]);
    expect(output).toContain('"name":"receivable"');
    expect(output).toMatch(/2 of \d+ checks failed/);
  });

  it('misses a trigger', async () => {
    await behindItsBack(`drop trigger transfer_is_append_only on transfer`);
    expect((await verify()).failed).toEqual(['transfer, grant_use: rows are refused every change']);
  });

  it('knows no options', async () => {
    expect((await verify('--repair')).code).toBe(2);
  });
});

describe('a fault in the books', () => {
  it.each([
    [
      'a transfer changed',
      `update transfer set amount = 11 where source = 'span:1'`,
      'the sum of its transfers',
    ],
    ['a transfer gone', `delete from transfer where source = 'span:1'`, 'the sum of its transfers'],
    ['a balance gone', `delete from balance where name = 'usage'`, 'the sum of its transfers'],
    [
      'a tenth of a cent',
      `update transfer set amount = 10.001 where source = 'span:1'`,
      'whole smallest units',
    ],
    ['a transfer of nobody', `update transfer set account_id = 999`, 'belongs to an account that exists'],
    [
      'a reversal of nothing',
      `update transfer set reverses = '00000000-0000-4000-8000-000000000000' where source = 'span:1'`,
      'sides swapped',
    ],
    ['a grant that is larger', `update credit_grant set amount = 6`, 'is the balance of grants'],
    ['a grant used behind the ledger', `update credit_grant set used = 3`, 'what transfers drew'],
    ['a drawing unexplained', `delete from grant_use`, 'is shared whole'],
    ['a privilege too many', `grant update on transfer to tallyhouse_app`, 'refused every change'],
  ])('%s is found', async (_, statement, name) => {
    expect(await world.broken()).toEqual([]);
    await behindItsBack(statement);
    expect((await world.broken()).join('\n')).toContain(name);
  });
});
