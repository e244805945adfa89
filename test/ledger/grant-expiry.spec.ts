import type { AccountRef } from '../../src/core/account';
import { type GrantExpiryResult, GrantExpiryService } from '../../src/ledger/grant-expiry.service';
import { GrantRepository } from '../../src/ledger/grant.repository';
import { Logger } from '../../src/platform/logger';
import { withClient } from '../support/postgres';
import { LedgerWorld, NOW, usd, USD } from './ledger-world';

const TOMORROW = new Date('2025-03-16T12:00:00Z');
const NEXT_WEEK = new Date('2025-03-22T12:00:00Z');

let world: LedgerWorld;
beforeAll(async () => {
  world = await LedgerWorld.withConnections(6);
});
afterEach(async () => expect(await world.broken()).toEqual([]));
afterAll(() => world.close());

/** The job of a process of its own, at an instant. */
function job(now: Date): { run: () => Promise<GrantExpiryResult> } {
  const logger = new Logger({ logLevel: 'silent' });
  const service = new GrantExpiryService(world.database, new GrantRepository(), world.grants, logger);
  return { run: () => service.run({ now, testClock: null }) };
}

interface Told {
  account_id: string;
  key: string;
  data: { amount: string; asset: string };
}
const told = (): Promise<Told[]> =>
  world.database.query<Told>(
    `select account_id, key, data from billing_event where type = 'balance.grant_expired' order by id`,
  );

it('posts what is left of each grant once, with two runners at once, and tells of it', async () => {
  const [one, two] = [await world.account(), await world.account()];
  const first = await world.give(one, '10', { expiresAt: TOMORROW });
  await world.give(one, '5', { expiresAt: NEXT_WEEK });
  await world.give(one, '3', { expiresAt: TOMORROW, asset: USD });
  await world.give(two, '7', { expiresAt: TOMORROW });
  await world.give(two, '1');
  await world.tx((tx) =>
    world.grants.draw(tx, one, { asset: USD, amount: usd('4'), source: 'use', at: NOW, pays: 'receivable' }),
  );
  expect(await job(NOW).run()).toEqual({ accounts: 0, grants: 0 });
  const [here, there] = await Promise.all([job(TOMORROW).run(), job(TOMORROW).run()]);
  expect(here.grants + there.grants).toBe(3);
  // 10 - 4 and 3 of the one, 7 of the other; the rest stays.
  expect(await world.balances(one)).toEqual(['adjustments 9.00', 'grants -5.00', 'receivable -4.00']);
  expect(await world.balances(two)).toEqual(['adjustments 1.00', 'grants -1.00']);
  const events = await told();
  expect(events.map(({ data }) => `${data.amount} ${data.asset}`).sort()).toEqual([
    '3.00 USD',
    '6.00 USD',
    '7.00 USD',
  ]);
  expect(events.map(({ key }) => key)).toContain(`grant:${first}:expired`);
  expect(await job(TOMORROW).run()).toEqual({ accounts: 0, grants: 0 });
  expect(await told()).toEqual(events);
});

it('goes through as many accounts as there are, and past one that fails', async () => {
  const accounts: AccountRef[] = [];
  for (let i = 0; i < 230; i++) accounts.push(await world.account());
  for (const account of accounts) await world.give(account, '2', { expiresAt: TOMORROW });
  const bad = accounts[17]!;
  const really = world.grants.expire.bind(world.grants);
  const expire = jest.spyOn(world.grants, 'expire').mockImplementation(async (sql, account, at) => {
    if (account.id === bad.id) throw new Error('no such luck');
    return really(sql, account, at);
  });
  await expect(job(TOMORROW).run()).rejects.toThrow('the ended grants of 1 accounts could not be posted');
  expect(await world.balances(bad)).toEqual(['adjustments 2.00', 'grants -2.00']);
  for (const account of accounts.filter((each) => each !== bad))
    expect(await world.balances(account)).toEqual([]);
  expire.mockRestore();
  expect(await job(TOMORROW).run()).toEqual({ accounts: 1, grants: 1 });
  expect(await world.balances(bad)).toEqual([]);
});

it('tells again of what was given back after the end', async () => {
  const account = await world.account();
  await world.give(account, '10', { expiresAt: TOMORROW });
  const used = { asset: USD, amount: usd('4'), source: 'late', at: NOW, pays: 'receivable' } as const;
  await world.tx((tx) => world.grants.draw(tx, account, used));
  await job(TOMORROW).run();
  await world.tx((tx) => world.grants.giveBack(tx, account, { ...used, at: TOMORROW }));
  await job(TOMORROW).run();
  const mine = (await told()).filter(({ account_id }) => Number(account_id) === account.id);
  expect(mine.map(({ data }) => data.amount)).toEqual(['6.00', '4.00']);
});

it('finds ended grants by its index', async () => {
  const plan = await withClient(world.stored.url, async (client) => {
    await client.query('set enable_seqscan = off; set enable_bitmapscan = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain select account_id from credit_grant
       where used + expired < amount and expires_at is not null and expires_at <= now()
         and (expires_at, account_id, id) > ('-infinity', 0, '00000000-0000-0000-0000-000000000000')
       order by expires_at, account_id, id limit 200`,
    );
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
  expect(plan).toMatch(/Index (Only )?Scan using credit_grant_by_end/);
  expect(plan).not.toContain('Sort');
});
