import { parseAccountKey } from '../../src/core/account-key';
import { CREDIT } from '../../src/core/asset';
import { charge } from '../../src/core/posting';
import { parseQuantity } from '../../src/core/quantity';
import { AccountService } from '../../src/cost-centers/account.service';
import { LedgerService } from '../../src/ledger/ledger.service';
import { Database } from '../../src/platform/transaction';
import type { Rest } from '../support/rest';
import { LimitWorld } from '../usage/limit-world';

const NOON = '2026-03-10T12:00:00Z';

let world: LimitWorld;
let rest: Rest;
beforeAll(async () => {
  world = await LimitWorld.at(NOON);
  rest = world.usage.admin;
});
afterAll(() => world.close());

const post = (path: string, body: unknown, key?: string) =>
  rest.send<Record<string, unknown>>('POST', path, {
    ...{ body, contentType: 'application/json' },
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });
const scans = (account: string): object => ({ account, items: [{ meter: 'scans' }] });
const pathOf = (account: string, rest: string): string =>
  `/api/v1/accounts/${encodeURIComponent(account)}/${rest}`;

describe('a spending limit', () => {
  const account = 'team:8a9b1c2d-0000-4000-8000-000000000001';

  it('refuses more use once what is owed has reached it, and answers what was counted as before', async () => {
    const free = await post('/api/v1/check', scans(account));
    expect(free.body).toMatchObject({ allowed: true, spending: null });
    expect((await post('/api/v1/consume', scans(account), 'before')).body).toMatchObject({
      status: 'recorded',
    });
    const put = await rest.put(pathOf(account, 'cost-center'), {
      strategy: 'stripe',
      spending_limit: 100,
    });
    expect(put.status).toBe(200);
    await owe('99.99');
    expect((await post('/api/v1/check', scans(account))).body).toMatchObject({
      allowed: true,
      spending: { asset: 'CREDIT', limit: '100', owed: '99.99', is_reached: false },
    });
    expect((await post('/api/v1/consume', scans(account))).body).toMatchObject({ items: [{ used: '2' }] });
    await owe('0.01');
    const reason = 'The spending limit of 100 CREDIT is reached: 100 are owed';
    const refusal = { allowed: false, reason, spending: { owed: '100', is_reached: true } };
    expect((await post('/api/v1/check', scans(account))).body).toMatchObject(refusal);
    expect((await post('/api/v1/consume', scans(account), 'after')).body).toMatchObject({
      ...{ ...refusal, status: 'refused', counted: false },
      items: [{ used: '2', allowed: true }],
    });
    expect((await post('/api/v1/reservations', scans(account))).body).toMatchObject({
      ...{ ...refusal, state: 'refused', id: null },
    });
    expect((await post('/api/v1/consume', scans(account), 'before')).body).toMatchObject({
      status: 'duplicate',
    });
    expect(await world.counted(account, 'scans')).toBe('2 of 2 events');
  });

  async function owe(credits: string): Promise<void> {
    const { app } = world.usage.app;
    const owner = await app.get(AccountService).get(parseAccountKey(account));
    const at = new Date(NOON);
    await app
      .get(Database)
      .transaction((tx) =>
        app
          .get(LedgerService)
          .post(tx, owner, [charge({ asset: CREDIT, amount: parseQuantity(credits), source: credits, at })]),
      );
  }
});
