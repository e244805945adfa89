import { OffCycleInvoices } from '../../src/billing/off-cycle.service';
import { BillingWorld, lineText } from '../support/billing-world';

let world: BillingWorld;
let accounts = 0;

beforeAll(async () => {
  // Ten runs at once, some of whose transactions wait for rollups that need a connection of their own.
  world = await BillingWorld.at('2025-01-01T00:00:00Z', { databasePoolSize: 60 });
});
afterAll(() => world.close());

async function subscriber(more: object = {}): Promise<string> {
  world.itIs('2025-01-01T00:00:00Z');
  const key = `project:off-cycle-${++accounts}`;
  await world.account(key);
  await world.subscribe(key, { plan: 'hobby', ...more });
  return key;
}

/** Looks for what is due out of turn, and makes it final. */
async function runAt(now: string): Promise<void> {
  world.itIs(now);
  await world.get(OffCycleInvoices).run({ now: new Date(now), testClock: null });
  await world.runAt(now);
}

describe('an invoice at a threshold', () => {
  it('bills what is owed so far, and the end bills the rest', async () => {
    const key = await subscriber({ invoice_at: '3.00' });
    // 200 minutes beyond what is included are 2.00.
    await world.record(key, [{ type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '42000' }]);
    await runAt('2025-01-06T00:00:00Z');
    expect(await world.invoices(key)).toEqual([]);
    await world.record(key, [{ type: 'build.completed', at: '2025-01-07T00:00:00Z', quantity: '6000' }]);
    await runAt('2025-01-08T00:00:00Z');
    await runAt('2025-01-08T00:05:00Z');
    await world.record(key, [{ type: 'build.completed', at: '2025-01-09T00:00:00Z', quantity: '600' }]);
    await runAt('2025-01-10T00:00:00Z');
    await runAt('2025-02-01T01:00:00Z');
    expect((await world.invoices(key)).map(({ kind, lines }) => [kind, lines.map(lineText)])).toEqual([
      ['off_cycle', ['Build time: usage, beyond 500 included | 300 | 3.00']],
      ['period', ['Base fee | 5.00', 'Build time: usage, beyond 500 included | 10 | 0.10']],
    ]);
  });

  it('looked for by ten at once is one', async () => {
    const key = await subscriber({ invoice_at: '1.00' });
    await world.record(key, [{ type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '42000' }]);
    await Promise.all(Array.from({ length: 10 }, () => runAt('2025-01-06T00:00:00Z')));
    expect((await world.invoices(key)).map(({ total }) => total)).toEqual(['2.00']);
  });
});

describe('usage that comes after the last invoice', () => {
  it('is invoiced out of turn', async () => {
    const key = await subscriber();
    const [build] = await world.record(key, [
      { type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '36000' },
    ]);
    await world.cancel(key);
    await runAt('2025-02-01T01:00:00Z');
    await runAt('2025-03-01T01:00:00Z');
    expect((await world.invoices(key)).map(({ total }) => total)).toEqual(['6.00']);
    await world.record(key, [{ type: 'build.completed', at: '2025-01-20T00:00:00Z', quantity: '1200' }]);
    await runAt('2025-03-05T00:00:00Z');
    expect((await world.invoices(key)).at(-1)).toMatchObject({ kind: 'off_cycle', total: '0.20' });
    await world.usage.void(key, build!);
    await runAt('2025-03-06T00:00:00Z');
    // 20 minutes are left of 620: what was billed beyond the 500 is given back.
    expect((await world.invoices(key)).at(-1)).toMatchObject({ total: '-1.20', carried_over: '1.20' });
    await runAt('2025-03-07T00:00:00Z');
    expect((await world.invoices(key)).length).toBe(3);
  });
});

describe('GET /api/v1/projects/{project_id}/invoices', () => {
  const project = '6f1c1c5e-2f0f-4d0b-8f6e-2f6b1c0d9e11';
  const read = (id: string) =>
    world.admin.get<{ invoices: { status: string; amount: number; total_amount: number }[]; error?: string }>(
      `/api/v1/projects/${id}/invoices`,
    );

  it('W-44, W-45: an empty list until there are invoices; no uuid is refused', async () => {
    expect(await read(project)).toMatchObject({ status: 200, body: { project_id: project, invoices: [] } });
    expect(await read('not-a-uuid')).toMatchObject({ status: 400, body: { error: 'invalid project ID' } });
  });

  it('shows real ones, as pages of the original do', async () => {
    world.itIs('2025-01-01T00:00:00Z');
    await world.account(`project:${project}`);
    await world.subscribe(`project:${project}`, { plan: 'hobby' });
    await world.grant(`project:${project}`, { amount: '2.00' });
    await world.runAt('2025-02-01T01:00:00Z');
    const shown = {
      amount: 5,
      credits_applied: 2,
      total_amount: 3,
      number: expect.stringMatching(/^INV-/) as string,
    };
    expect((await read(project)).body.invoices).toMatchObject([{ ...shown, status: 'pending' }]);
    world.itIs('2025-02-16T01:00:00Z');
    expect((await read(project)).body.invoices).toMatchObject([{ ...shown, status: 'overdue' }]);
  });
});
