import { InvoiceRun } from '../../src/billing/invoice-run.service';
import { BillingWorld } from '../support/billing-world';

let world: BillingWorld;

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
});
afterAll(() => world.close());

/** Accounts with an invoice of January, final and not numbered yet; `last` was given before. */
async function finals(count: number, last: number): Promise<void> {
  await world.rows(
    `set session_replication_role = replica; delete from invoice; update invoice_number set last = ${last}`,
  );
  await world.rows(`
    insert into invoice (bucket, account_id, id, kind, period_from, period_to, status, finalise_at, finalised_at, currency)
    select n % 4, n, gen_random_uuid(), 'period', '2025-01-01', '2025-02-01', 'finalised', '2025-02-01', '2025-02-01', 'USD'
    from generate_series(1, ${count}) n`);
}

const numbers = async (): Promise<string[]> =>
  (await world.rows<{ number: string }>('select number from invoice order by sequence')).map(
    ({ number }) => number,
  );

describe('numbers of invoices', () => {
  it('grow beyond six digits', async () => {
    await finals(3, 999_998);
    await world.get(InvoiceRun).giveNumbers();
    expect(await numbers()).toEqual(['INV-999999', 'INV-1000000', 'INV-1000001']);
  });

  it('given by five at once have no gaps and no doubles', async () => {
    await finals(12_000, 0);
    await Promise.all([1, 2, 3, 4, 5].map(() => world.get(InvoiceRun).giveNumbers()));
    const given = await numbers();
    expect(given).toEqual(given.map((_number, i) => `INV-${String(i + 1).padStart(6, '0')}`));
    expect(await world.rows('select last::int from invoice_number')).toEqual([{ last: 12_000 }]);
  });
});
