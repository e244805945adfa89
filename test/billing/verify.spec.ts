import { Client } from 'pg';
import { type Calendar, boundary } from '../../src/core/period';
import { Checks } from '../../src/platform/checks';
import { sqlOn } from '../../src/platform/transaction';
import { BillingWorld, type Invoice } from '../support/billing-world';

let world: BillingWorld;
let client: Client;
let accounts = 0;

const VAT = { name: 'VAT', percent: '19' };

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
  await world.plan('ahead', { base_fee: { model: 'flat', amount: '31', billed: 'in_advance' } });
  await honestBooks();
  client = new Client({ connectionString: world.usage.app.databaseUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await world.close();
});
beforeEach(() => client.query('begin'));
afterEach(() => client.query('rollback'));

async function subscriber(plan: string, more: object = {}, calendar: object = {}): Promise<string> {
  const key = `project:verified-${++accounts}`;
  await world.account(key, calendar);
  await world.subscribe(key, { plan, ...more });
  return key;
}

const act = (invoice: Invoice, verb: string, body: object = {}) =>
  world.admin.post(`/api/v1/invoices/${invoice.id}/${verb}`, body);

/** Invoices in every state they can be in: paid, credited, void, written off, granted, carried over, open and drafts. */
async function honestBooks(): Promise<void> {
  const keys = [];
  for (let i = 0; i < 6; i++) keys.push(await subscriber('hobby', { taxes: [VAT] }));
  await subscriber('hobby', {
    taxes: [{ ...VAT, inclusive: true }],
    discounts: [{ name: 'welcome', percent: '10' }],
  });
  const quarter = { anchor: '2024-10-31T01:30:00Z', interval: 'month', time_zone: 'America/New_York' };
  await subscriber('hobby', {}, quarter);
  const granted = await subscriber('hobby');
  await world.grant(granted, { amount: '2.00' });
  const leaving = await subscriber('ahead', { taxes: [VAT] });
  await world.runAt('2025-02-01T01:00:00Z');
  const [paid, credited, refunded, voided, lost] = await Promise.all(
    keys.map(async (key) => (await world.invoices(key))[0]!),
  );
  await act(paid!, 'payments', { reference: 'a', amount: '7.00' });
  await act(credited!, 'credit-notes', { net_amount: '1.00' });
  await act(refunded!, 'payments', { reference: 'a', amount: '3.00' });
  await act(refunded!, 'credit-notes', {});
  await act(voided!, 'void');
  await act(lost!, 'write-off');
  await act((await world.invoices(granted))[0]!, 'void');
  world.itIs('2025-02-15T00:00:00Z');
  await world.cancel(leaving, 'now');
  await world.runAt('2025-02-15T00:00:00Z');
  await world.runAt('2025-03-01T00:30:00Z');
}

/** Names of the checks that do not hold, as the test's own transaction sees the books. */
async function broken(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, examples } of world.get(Checks).run(sqlOn(client)))
    if (examples.length > 0) names.push(`${name} ${JSON.stringify(examples)}`);
  return names;
}

/** As the owner of the tables, triggers out of the way; undone after the test. */
async function behindItsBack(statement: string): Promise<void> {
  await client.query('set local session_replication_role = replica');
  await client.query(statement);
}

it('honest books in every state hold', async () => {
  const { rows } = await client.query<{ status: string }>('select distinct status from invoice order by 1');
  expect(rows.map(({ status }) => status)).toEqual(['draft', 'finalised', 'paid', 'uncollectible', 'void']);
  const carried = await client.query('select from invoice where carried > 0');
  expect(carried.rowCount).toBe(1);
  expect(await broken()).toEqual([]);
});

const ONE = (where: string): string =>
  `(bucket, account_id, id) in (select bucket, account_id, id from invoice where ${where} order by account_id limit 1)`;

describe('a fault in the books of invoices', () => {
  it.each([
    ['a line changed', `update invoice_line set minor = minor + 1`, 'each is the sum of its lines'],
    ['lines gone', `delete from invoice_line where minor = 500`, 'each is the sum of its lines'],
    [
      'a line of nobody',
      `update invoice_line set invoice_id = '00000000-0000-4000-8000-000000000000' where minor = 500`,
      'each is the sum of its lines',
    ],
    [
      'a discount changed',
      `update invoice set discounts = '[]' where discount > 0`,
      'the total is the subtotal',
    ],
    ['a tax changed', `update invoice set tax = tax + 1 where tax > 0`, 'the total is the subtotal'],
    ['a tax forgotten', `update invoice set total = total - tax where tax > 0`, 'the total is the subtotal'],
    ['paid by nobody', `update invoice set status = 'paid' where ${ONE(`status = 'finalised'`)}`, 'settled'],
    ['open for ever', `update invoice set status = 'finalised' where status = 'paid'`, 'nothing is open'],
    ['a void one paid', `update invoice set paid = 1 where status = 'void'`, 'nothing is open'],
    ['carried twice', `update invoice set carried = carried * 2 where carried > 0`, 'given as grants'],
    [
      'a transfer changed',
      `update transfer set amount = 1 where kind = 'charge'`,
      'the net, the tax and the total',
    ],
    [
      'a transfer gone',
      `delete from transfer where kind = 'invoice' and credit = 'tax'`,
      'the net, the tax and the total',
    ],
    [
      'a transfer of no invoice',
      `update transfer set source = 'invoice:00000000-0000-4000-8000-000000000000' where kind = 'charge'`,
      'the net, the tax and the total',
    ],
    [
      'a transfer of a draft',
      `update invoice set status = 'draft' where status = 'paid'`,
      'the net, the tax and the total',
    ],
    [
      'granted for nothing',
      `update invoice set granted = granted + 1 where ${ONE(`granted > 0`)}`,
      'what grants paid',
    ],
    ['a payment gone', `delete from transfer where kind = 'payment'`, 'what grants paid, what was paid'],
    ['a loss forgotten', `delete from transfer where kind = 'uncollectible'`, 'written off of each'],
    [
      'a reversal gone',
      `delete from transfer where kind = 'reversal' and debit = 'usage'`,
      'every transfer of a void one',
    ],
    [
      'a void undone',
      `update invoice set status = 'finalised', voided_at = null where status = 'void'`,
      'none of the others',
    ],
    [
      'settlement that is not invoiced',
      `update balance set debits = debits + 1 where name = 'settlement'`,
      'the balance of settlement',
    ],
    [
      'a payment that settles nothing',
      `update invoice set paid = paid + 1 where status = 'finalised'`,
      'the balance of settlement',
    ],
    ['a number skipped', `update invoice set sequence = sequence + 1000 where sequence = 3`, 'without a gap'],
    [
      'a number gone',
      `update invoice set sequence = null, number = null where sequence = 3`,
      'without a gap',
    ],
    ['a number given twice', `update invoice set number = 'INV-000001' where sequence = 3`, 'without a gap'],
    ['a last number that was not given', `update invoice_number set last = last + 1`, 'without a gap'],
    ['numbers of nobody', `update invoice_number set issuer = 'somebody'`, 'without a gap'],
    [
      'periods that overlap',
      `update invoice set period_to = period_to + interval '1 day' where kind = 'period'`,
      'do not overlap',
    ],
    [
      'a period of no length',
      `update invoice set period_to = period_from where kind = 'period'`,
      'do not overlap',
    ],
    [
      'a draft with an amount',
      `update invoice set total = 1 where status = 'draft'`,
      'a draft has no amounts',
    ],
    [
      'a final one that was never made so',
      `update invoice set finalised_at = null where status = 'paid'`,
      'has a currency',
    ],
    [
      'no currency',
      `alter table invoice drop constraint invoice_check; update invoice set currency = null where status = 'paid'`,
      'has a currency',
    ],
    [
      'credited beyond the net',
      `update credit_note set net = net + 500, unpaid = unpaid + 500`,
      'within the net and the tax',
    ],
    [
      'credited beyond the tax',
      `update credit_note set net = net - 50, tax = tax + 50`,
      'within the net and the tax',
    ],
    [
      'refunded and never paid',
      `update credit_note set paid = paid + unpaid, unpaid = 0`,
      'within the net and the tax',
    ],
    ['a note gone', `delete from credit_note`, 'within the net and the tax'],
    [
      'a trigger gone',
      `drop trigger invoice_line_is_append_only on invoice_line`,
      'rows are refused every change',
    ],
    [
      'a privilege too many',
      `grant delete on credit_note to tallyhouse_app`,
      'rows are refused every change',
    ],
    [
      'final invoices open to change',
      `alter table invoice disable trigger invoice_is_final`,
      'one that is final is refused',
    ],
    [
      'due within a period',
      `update billing_state set due_at = due_at - interval '1 day'`,
      'one whole period',
    ],
    [
      'due a minute late',
      `update billing_state set due_at = due_at + interval '1 minute'`,
      'one whole period',
    ],
    [
      'open for two periods',
      `update billing_state set due_at = due_at + interval '31 days'`,
      'one whole period',
    ],
    [
      'due before it opens',
      `update billing_state set open_from = due_at where due_at is not null`,
      'one whole period',
    ],
    [
      'billed beyond where it is open',
      `update billing_state set open_from = open_from - interval '1 month', due_at = due_at - interval '1 month'`,
      'no period is billed beyond',
    ],
    ['billed and not known', `delete from billing_state`, 'no period is billed beyond'],
  ])('%s is found', async (_, statement, name) => {
    await behindItsBack(statement);
    expect((await broken()).join('\n')).toContain(name);
  });
});

describe('periods of billing', () => {
  const MONTHLY = { interval: 'month', count: 1, timeZone: 'America/New_York' } as const;

  it.each<[string, Calendar]>([
    [
      'hours',
      { interval: 'hour', count: 500, timeZone: 'Asia/Kolkata', anchor: new Date('2025-01-01T00:20:00Z') },
    ],
    [
      'days',
      { interval: 'day', count: 7, timeZone: 'America/New_York', anchor: new Date('2025-01-01T07:30:00Z') },
    ],
    [
      'weeks',
      { interval: 'week', count: 2, timeZone: 'Europe/Berlin', anchor: new Date('2025-01-01T23:30:00Z') },
    ],
    [
      'months from the 31st',
      { ...MONTHLY, timeZone: 'Australia/Lord_Howe', anchor: new Date('2024-12-31T01:00:00Z') },
    ],
    ['quarters', { ...MONTHLY, count: 3, timeZone: 'UTC', anchor: new Date('2024-11-30T12:00:00Z') }],
    ['years from 29 February', { ...MONTHLY, interval: 'year', anchor: new Date('2024-02-29T12:00:00Z') }],
    // 9 March 2025 has no 02:30, and 2 November 2025 has 01:30 twice.
    ['months at a reading that is skipped', { ...MONTHLY, anchor: new Date('2024-12-09T07:30:00Z') }],
    ['months at a reading that comes twice', { ...MONTHLY, anchor: new Date('2024-12-02T06:30:00Z') }],
  ])('of %s are known as such, and nothing else is', async (_what, { anchor, interval, count, timeZone }) => {
    const starts = Array.from({ length: 200 }, (_each, i) =>
      boundary({ anchor, interval, count, timeZone }, i - 50),
    );
    const [from, to] = [starts.slice(0, -1), starts.slice(1)];
    await client.query(
      `insert into terms (bucket, account_id, version, valid_from, anchor, interval_unit, interval_count, time_zone)
       select 0, 1000000 + n, 1, 'epoch', $1, $2, $3, $4 from generate_series(1, $5::int) n`,
      [anchor, interval, count, timeZone, from.length],
    );
    await client.query(
      `insert into billing_state (bucket, account_id, open_from, due_at)
       select 0, 1000000 + p.n, p.open_from, p.due_at
       from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality p(open_from, due_at, n)`,
      [from, to],
    );
    expect(await broken()).toEqual([]);
    const wrong = `update billing_state set due_at = due_at + interval '90 minutes' where account_id = 1000100`;
    await client.query(wrong);
    expect((await broken()).join('\n')).toContain('"account_id":"1000100"');
  });
});
