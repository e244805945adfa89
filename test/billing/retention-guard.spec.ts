import { Retention } from '../../src/platform/retention';
import { BillingWorld } from '../support/billing-world';
import { BillingStateRepository } from '../../src/billing/billing-state.repository';
import { Database } from '../../src/platform/transaction';

const GUARD = 'invoices that are not final';
const KEY = 'project:held';

let world: BillingWorld;

beforeEach(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
  await world.account(KEY);
});
afterEach(() => world.close());

/** From when on billing still needs events; null = it needs none. */
async function neededFrom(): Promise<string | null> {
  const oldest = await world.get(BillingStateRepository).oldestUnbilled(world.get(Database));
  return oldest?.toISOString() ?? null;
}

/** Who keeps events that are old enough to go, and since when. */
async function heldBy(): Promise<unknown> {
  const reports = await world.get(Retention).run({ dryRun: true });
  return reports.find(({ rule }) => rule === 'events')!.heldBy;
}

describe('what billing needs of old events', () => {
  it('is nothing where nobody has a plan', async () => {
    await world.record(KEY, [{ type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '60' }]);
    expect(await neededFrom()).toBeNull();
  });

  it('begins with the oldest period that has no invoice', async () => {
    await world.subscribe(KEY, { plan: 'hobby' });
    await world.account('project:younger');
    world.itIs('2025-03-10T00:00:00Z');
    await world.subscribe('project:younger', { plan: 'hobby' });
    expect(await neededFrom()).toBe('2025-01-01T00:00:00.000Z');
    await world.runAt('2025-03-10T00:00:00Z');
    expect(await neededFrom()).toBe('2025-03-01T00:00:00.000Z');
  });

  it('goes on while the invoice is a draft, and ends with the last invoice', async () => {
    await world.subscribe(KEY, { plan: 'hobby' });
    await world.cancel(KEY);
    await world.runAt('2025-02-01T00:30:00Z');
    expect(await neededFrom()).toBe('2025-01-01T00:00:00.000Z');
    await world.runAt('2025-02-01T01:00:00Z');
    expect(await neededFrom()).toBeNull();
  });

  it('is kept by retention, however old it is, until the invoices are made', async () => {
    await world.subscribe(KEY, { plan: 'hobby' });
    world.itIs('2026-07-01T12:00:00Z');
    expect(await heldBy()).toEqual({ guard: GUARD, from: new Date('2025-01-01T00:00:00Z') });
    await world.runAt('2026-07-01T12:00:00Z');
    expect(await heldBy()).toBeNull();
  });
});
