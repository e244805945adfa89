import { bucketOf, parseAccountKey } from '../../src/core/account-key';
import { BillingWorld } from '../support/billing-world';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

/** When February has been over for an hour, which is when it is closed. */
export const CLOSING = '2025-03-01T01:00:00Z';

/** So that a transaction closes several accounts, and that there are several transactions. */
const BUCKETS = [5, 6];

const DECEMBER = '2024-12-10T00:00:00Z';
const JANUARY = '2025-01-10T00:00:00Z';
const FEBRUARY = '2025-02-10T00:00:00Z';

/**
 * A database of accounts whose December and January are billed and whose February is about to be: together they have everything that a close
 * can meet. Nobody is connected to it.
 */
export async function closingBooks(): Promise<TestDatabase> {
  const world = await BillingWorld.at('2024-12-01T00:00:00Z');
  await buildBooks(world);
  const { app, databaseUrl } = world.usage.app;
  await app.close();
  const copy = await createTestDatabase(databaseUrl);
  await world.close();
  return copy;
}

let keys = 0;

/** A key in one of the buckets, the next in the other. */
function keyOf(name: string): string {
  const wanted = BUCKETS[keys++ % BUCKETS.length];
  for (let i = 0; ; i++) {
    const key = parseAccountKey(`project:${name}-${i}`);
    if (bucketOf(key) === wanted) return key;
  }
}

async function buildBooks(world: BillingWorld): Promise<void> {
  const build = (at: string, seconds: string, id?: string) => ({
    ...{ type: 'build.completed', at, quantity: seconds },
    ...(id !== undefined && { id }),
  });
  const traffic = (at: string, quantity: string) => ({ type: 'bandwidth.usage', at, quantity });
  await makePlans(world);
  const told = { url: 'https://example.com/told', types: ['invoice.*'] };
  const made = await world.admin.post('/api/v1/webhook-endpoints', told);
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const subscriber = async (name: string, plan: string, more: object = {}, calendar: object = {}) => {
    const key = keyOf(name);
    await world.account(key, calendar);
    await world.subscribe(key, { plan, ...more });
    return key;
  };
  const used = await subscriber('used', 'hobby');
  const changed = await subscriber('changed', 'hobby');
  const late = await subscriber('late', 'hobby');
  const granted = await subscriber('granted', 'hobby');
  const taxed = await subscriber('taxed', 'hobby', {
    taxes: [{ name: 'VAT', percent: '19' }],
    discounts: [{ name: 'welcome', percent: '10' }],
  });
  const back = await subscriber('back', 'metered');
  await subscriber('silent', 'metered');
  await subscriber('ahead', 'ahead');
  const rolling = await subscriber('rolling', 'rolling');
  const ending = await subscriber('ending', 'hobby');
  const left = await subscriber('left', 'hobby');
  await subscriber(
    'fortnight',
    'fortnightly',
    {},
    { interval: 'day', interval_count: 14, anchor: '2025-01-01T00:00:00Z' },
  );
  await world.runAt('2025-01-01T01:00:00Z');
  await world.grant(granted, { amount: '6.00', expires_at: '2026-01-01T00:00:00Z' });
  await world.record(back, [build(JANUARY, '60000', 'to-be-voided')]);
  await world.record(rolling, [traffic(JANUARY, '70')]);
  await world.record(taxed, [build(JANUARY, '36000')]);
  await world.runAt('2025-02-01T01:00:00Z');
  await world.record(used, [
    build(FEBRUARY, '36000'),
    traffic(FEBRUARY, '130'),
    { type: 'volume.created', at: '2025-02-03T00:00:00Z', resource: 'disk', quantity: '10' },
  ]);
  await world.record(changed, [build('2025-02-03T00:00:00Z', '36000')]);
  world.itIs('2025-02-15T00:00:00Z');
  await world.subscribe(changed, { plan: 'pro' });
  await world.record(changed, [build('2025-02-20T00:00:00Z', '120000')]);
  // The month before is noticed by its counters, too; an older one by its mark alone.
  await world.record(late, [build(DECEMBER, '36000')]);
  await world.record(granted, [build(FEBRUARY, '31800')]);
  await world.usage.void(back, 'to-be-voided');
  await world.record(rolling, [traffic(FEBRUARY, '150'), traffic(JANUARY, '20')]);
  await world.cancel(ending);
  await world.record(left, [build(FEBRUARY, '36000')]);
  await world.cancel(left, 'now');
}

async function makePlans(world: BillingWorld): Promise<void> {
  const perUnit = (unit_amount: string) => ({ model: 'per_unit', unit_amount });
  await world.plan('metered', { prices: { build_minutes: perUnit('0.01') } });
  await world.plan('ahead', { base_fee: { model: 'flat', amount: '31', billed: 'in_advance' } });
  await world.plan('fortnightly', {
    base_fee: { model: 'flat', amount: '7' },
    interval: 'day',
    interval_count: 14,
  });
  await world.plan('rolling', {
    base_fee: { model: 'flat', amount: '10' },
    prices: { bandwidth_gb: perUnit('0.10') },
    allowances: { bandwidth_gb: { included: '100', rollover: { maximum: '50' } } },
  });
}
