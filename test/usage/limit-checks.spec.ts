import { parseAccountKey } from '../../src/core/account-key';
import { parseQuantity } from '../../src/core/quantity';
import { ADMIN } from '../../src/platform/auth/principal';
import { ReservationService } from '../../src/usage/reservation.service';
import { withClient } from '../support/postgres';
import { wrongBooksOf } from '../support/wrong-books';
import { LimitWorld } from './limit-world';

describe('the checks of limits', () => {
  const account = 'org:checked';
  let world: LimitWorld;
  beforeAll(async () => {
    world = await LimitWorld.at('2026-03-10T12:00:00Z');
    await world.limit(account, { scans: ['10', 'refuse'] });
    const items = [{ meter: 'scans', quantity: parseQuantity('3'), resource: null, properties: null }];
    for (const id of ['one', 'two']) {
      const request = { account: parseAccountKey(account), source: 'test', id, expiresInMs: 60_000, items };
      await world.usage.app.app.get(ReservationService).reserve(request, ADMIN);
    }
    expect(await world.told(account, { scans: '4' })).toBe('recorded 4/10');
  });
  afterAll(() => world.close());

  const change = (statement: string): Promise<unknown> =>
    withClient(world.usage.app.databaseUrl, (client) => client.query(statement));

  it('hold of honest books', async () => {
    expect(await wrongBooksOf(world.usage.app)).toEqual([]);
  });

  it('find a counter that holds more or less than its reservations do', async () => {
    const name = 'limits: a counter holds in reserve what its open reservations hold';
    await change(`update usage_counter set reserved = reserved + 1 where reserved > 0`);
    expect(await wrongBooksOf(world.usage.app)).toMatchObject([
      { name, examples: [{ reserved: '7.000000000000000', held: '6' }] },
    ]);
    await change(`update usage_counter set reserved = 0 where reserved > 0`);
    expect(await wrongBooksOf(world.usage.app)).toMatchObject([
      { name, examples: [{ reserved: null, held: '6' }] },
    ]);
    await change(`update reservation set state = 'released'`);
    expect(await wrongBooksOf(world.usage.app)).toEqual([]);
  });

  it('find something held for a single dimension', async () => {
    await change(
      `insert into usage_counter (bucket, account_id, meter_id, segment_from, segment_to, dims, reserved)
       select bucket, account_id, meter_id, segment_from, segment_to, '{"a":"b"}', 1 from usage_counter limit 1`,
    );
    expect(await wrongBooksOf(world.usage.app)).toMatchObject([
      { name: 'limits: nothing is held in reserve for single dimensions' },
    ]);
  });
});
