import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvoiceRun } from '../../src/billing/invoice-run.service';
import { Checks } from '../../src/platform/checks';
import { Clock } from '../../src/platform/clock';
import { Database } from '../../src/platform/transaction';
import { startTestApp, type TestApp } from '../support/app';
import { BillingWorld } from '../support/billing-world';
import { Rest } from '../support/rest';

const MONTHS = process.env.CLOSE_PROOF === 'all' ? 12 : 2;
const CLIENTS = 20;
const BATCH = 5;
/** Accounts whose plan changes in the middle of each month are rated from windows, the others from counters. */
const [WHOLE, CUT] = [12, 4];

let world: BillingWorld;
let ahead: TestApp;
/** What has been recorded, in cents, by account. */
const owed = new Map<string, number>();
const whole = Array.from({ length: WHOLE }, (_each, i) => `project:whole-${i}`);
const cut = Array.from({ length: CUT }, (_each, i) => `project:cut-${i}`);

const monthStart = (month: number): number => Date.UTC(2025, month, 1);
const middleOf = (month: number): number => Date.UTC(2025, month, 15);
/** Plans change to the double price in the middle of one month and back in the middle of the next, from January on. */
const centsAt = (account: string, at: number): number =>
  account.startsWith('project:cut') &&
  Array.from({ length: 13 }, (_each, month) => month).filter((month) => middleOf(month) <= at).length % 2 ===
    1
    ? 2
    : 1;

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
  ahead = await startTestApp({ databaseUrl: world.usage.app.databaseUrl, databasePoolSize: 8 });
  await world.usage.meter('raced', { aggregation: 'sum' });
  for (const [plan, unit_amount] of [
    ['single', '0.01'],
    ['double', '0.02'],
  ] as const) {
    await world.plan(plan, { prices: { raced: { model: 'per_unit', unit_amount } } });
  }
  for (const account of [...whole, ...cut]) {
    await world.account(account);
    await world.subscribe(account, { plan: 'single' });
  }
});
afterAll(async () => {
  await ahead.close();
  await world.close();
});

const aheadIs = (at: number): void => void (ahead.app.get(Clock).now = () => new Date(at));

async function close(): Promise<void> {
  const now = ahead.app.get(Clock).now();
  await ahead.app.get(InvoiceRun, { strict: false }).runDue({ now, testClock: null });
}

/**
 * Records events of the month until it is told to stop. On the host of every second client the month is not over: its events
 * are not known to be late, and their accounts get no others.
 */
async function client(number: number, month: number, goesOn: () => boolean): Promise<void> {
  const rest = number % 2 === 0 ? world.admin : new Rest(ahead.rest, ahead.adminKey);
  const place = fc.record({
    account: fc.constantFrom(...[...whole, ...cut].filter((_each, i) => i % 2 === number % 2)),
    at: fc.integer({ min: monthStart(month), max: monthStart(month + 1) - 1 }),
  });
  for (let batch = 0; goesOn(); batch++) {
    const places = fc.sample(place, { numRuns: BATCH, seed: month * 1_000_000 + number * 10_000 + batch });
    const events = places.map(({ account, at }, i) => ({
      ...{ id: `${month}-${number}-${batch}-${i}`, account, type: 'raced', quantity: '1' },
      occurred_at: new Date(at).toISOString(),
    }));
    const answer = await rest.post<{ verdicts: { status: string }[] }>('/api/v1/events', {
      events,
      backfill: true,
    });
    answer.body.verdicts.forEach(({ status }, i) => {
      if (status !== 'recorded') throw new Error(`not recorded: ${status}`);
      const { account, at } = places[i]!;
      owed.set(account, (owed.get(account) ?? 0) + centsAt(account, at));
    });
  }
}

/** The month is closed while clients record into it. */
async function raceFor(month: number): Promise<void> {
  world.itIs(new Date(middleOf(month)).toISOString());
  for (const account of cut) await world.subscribe(account, { plan: month % 2 === 0 ? 'double' : 'single' });
  world.itIs(new Date(monthStart(month + 1) - 1).toISOString());
  aheadIs(monthStart(month + 1) + 3_600_000);
  let isOpen = true;
  const clients = Array.from({ length: CLIENTS }, (_each, i) => client(i, month, () => isOpen));
  await sleep(300);
  await close();
  await sleep(100);
  isOpen = false;
  await Promise.all(clients);
}

it('events recorded while their month is closed are billed once, by this invoice or the next', async () => {
  for (let month = 0; month < MONTHS; month++) await raceFor(month);
  aheadIs(monthStart(MONTHS + 1) + 3_600_000);
  await close();
  const billed = await world.rows<{ key: string; cents: number }>(`
    select a.key, sum(l.minor)::int as cents from invoice_line l
    join invoice i using (bucket, account_id) join account a on a.id = l.account_id
    where i.id = l.invoice_id and i.status <> 'draft' group by 1`);
  expect(Object.fromEntries(billed.map(({ key, cents }) => [key, cents]).sort())).toEqual(
    Object.fromEntries([...owed].sort()),
  );
  const [late] = await world.rows<{ charges: number; adjustments: number }>(`
    select count(*) filter (where kind = 'charge')::int as charges,
      count(*) filter (where kind = 'adjustment')::int as adjustments from invoice_line`);
  // Both happened: some came in time, and some were too late for the invoice of their month.
  expect(Math.min(late!.charges, late!.adjustments)).toBeGreaterThan(MONTHS * 10);
  console.log(`${[...owed.values()].reduce((a, b) => a + b, 0)} cents in ${JSON.stringify(late)} lines`);
  for await (const { name, examples } of ahead.app.get(Checks).run(ahead.app.get(Database))) {
    expect([name, examples]).toEqual([name, []]);
  }
}, 600_000);
