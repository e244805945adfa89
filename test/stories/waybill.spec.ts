import { OffCycleInvoices } from '../../src/billing/off-cycle.service';
import { Clock } from '../../src/platform/clock';
import { startTestApp } from '../support/app';
import { BillingWorld, lineText } from '../support/billing-world';
import { Rest } from '../support/rest';

/** Scenarios of clients of Waybill (C2), told from their side and followed to the ledger. */

let world: BillingWorld;
let projects = 0;

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
  // A dollar per GB-hour and per build minute shows in the total what was counted.
  await world.plan('dollars', {
    prices: {
      compute_gb_hours: { model: 'per_unit', unit_amount: '1' },
      build_minutes: { model: 'per_unit', unit_amount: '1' },
    },
  });
});
afterAll(() => world.close());
afterEach(async () => expect(await world.wrongBooks()).toEqual([]));

const RESOURCE = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const R2_2GB = { replicas: 2, cpu_millicores: 1000, memory_mb: 2048 };

/** A project on a plan since the beginning of January. */
async function newProject(plan: string): Promise<{ id: string; key: string }> {
  world.itIs('2025-01-01T00:00:00Z');
  const id = `0f8fad5b-d9cb-469f-a166-${String(++projects).padStart(12, '0')}`;
  await world.account(`project:${id}`);
  await world.subscribe(`project:${id}`, { plan });
  return { id, key: `project:${id}` };
}

let events = 0;
/** With a key of its own: one that is made for it would carry the time of the machine, not that of the story. */
const event = (project: string, event_type: string, timestamp: string, more: object = {}) => ({
  ...{ event_type, project_id: project, resource_type: 'thing', resource_id: RESOURCE, timestamp },
  ...{ metrics: {}, idempotency_key: `story-${++events}`, ...more },
});

/** By Waybill's own door, at a time of ours. */
async function tell(at: string, body: object): Promise<number> {
  world.itIs(at);
  return (await world.admin.post('/internal/events', body)).status;
}

async function runAt(now: string): Promise<void> {
  world.itIs(now);
  await world.get(OffCycleInvoices).run({ now: new Date(now), testClock: null });
  await world.runAt(now);
}

const totals = async (key: string) =>
  (await world.invoices(key)).map(({ kind, total }) => `${kind} ${total}`);

it('#6: a deployment over three hours, whose stop is told two hours late', async () => {
  const { id, key } = await newProject('dollars');
  await tell(
    '2025-01-10T10:10:01Z',
    event(id, 'deployment.started', '2025-01-10T10:10:00Z', { metrics: R2_2GB }),
  );
  world.itIs('2025-01-10T14:10:00Z');
  const day = { account: key, from: '2025-01-10T00:00:00Z', to: '2025-01-11T00:00:00Z' };
  // Four GB for four hours, as far as anybody knows.
  expect(await world.usage.total('compute_gb_hours', day)).toBe('16');
  await tell('2025-01-10T14:40:00Z', event(id, 'deployment.stopped', '2025-01-10T12:40:00Z'));
  expect(await world.usage.total('compute_gb_hours', day)).toBe('10');
  await runAt('2025-02-01T01:00:00Z');
  expect(await world.lines(key)).toEqual(['Compute: usage | 10 | 10.00']);
});

it('#7: a storm of retries, before and after a restart, is one event', async () => {
  const { id, key } = await newProject('dollars');
  const build = event(id, 'build.completed', '2025-01-10T10:00:00Z', {
    ...{ metrics: { duration_seconds: 90 }, idempotency_key: `ledger-row-${id}` },
  });
  world.itIs('2025-01-10T10:00:05Z');
  const send = (rest: Rest) => rest.post<{ id?: string }>('/internal/events', build);
  const storm = async (rest: Rest) => Promise.all(Array.from({ length: 20 }, () => send(rest)));
  const first = await storm(world.admin);
  const restarted = await startTestApp({ databaseUrl: world.usage.app.databaseUrl });
  try {
    jest.spyOn(restarted.app.get(Clock), 'now').mockReturnValue(new Date('2025-01-10T10:00:30Z'));
    const again = await storm(new Rest(restarted.rest, restarted.adminKey));
    expect(new Set([...first, ...again].map(({ status }) => status < 300))).toEqual(new Set([true]));
  } finally {
    await restarted.close();
  }
  await runAt('2025-02-01T01:00:00Z');
  expect(await world.lines(key)).toEqual(['Build time: usage | 1.5 | 1.50']);
});

it('#8: two hundred finished runners in a batch, twenty of them repeated, are 180', async () => {
  const { id, key } = await newProject('dollars');
  const runner = (n: number) =>
    event(id, 'build.completed', `2025-01-10T10:00:${String(n % 60).padStart(2, '0')}Z`, {
      ...{ metrics: { duration_seconds: 60 }, idempotency_key: `pod-${id}-${n}`, resource_type: 'ci_runner' },
    });
  world.itIs('2025-01-10T11:00:00Z');
  const batch = Array.from({ length: 200 }, (_, i) => runner(i < 180 ? i : i - 180));
  expect((await world.admin.post('/internal/events/batch', { events: batch })).status).toBeLessThan(300);
  await runAt('2025-02-01T01:00:00Z');
  expect(await world.lines(key)).toEqual(['Build time: usage | 180 | 180.00']);
});

it('#9: a project deleted in the middle of a month stops, and is invoiced all the same', async () => {
  const { id, key } = await newProject('hobby');
  await tell(
    '2025-01-10T00:00:00Z',
    event(id, 'deployment.started', '2025-01-10T00:00:00Z', { metrics: R2_2GB }),
  );
  world.itIs('2025-01-16T12:00:00Z');
  const closed = await world.admin.delete(`/api/v1/accounts/${key}?reason=deleted`);
  expect(closed.status).toBe(200);
  await runAt('2025-01-16T12:01:00Z');
  // Half a month of the fee; 4 GB for 156 hours, and half of the 500 included.
  const [invoice] = await world.invoices(key);
  expect([invoice!.kind, invoice!.lines.map(lineText)]).toEqual([
    'off_cycle',
    ['Base fee | 2.50', 'Compute: usage, beyond 250 included | 374 | 0.17'],
  ]);
  // What happened afterwards is refused; what happened before is taken however late it comes.
  const build = (at: string) => event(id, 'build.completed', at, { metrics: { duration_seconds: 18_000 } });
  expect(await tell('2025-01-17T00:00:00Z', build('2025-01-16T12:00:00Z'))).toBeGreaterThanOrEqual(400);
  expect(await tell('2025-01-17T00:00:00Z', build('2025-01-16T11:59:59Z'))).toBe(201);
  await runAt('2025-02-01T01:00:00Z');
  await runAt('2025-04-01T01:00:00Z');
  // 300 minutes, half of 500 included: 50 at a cent.
  expect(await totals(key)).toEqual(['off_cycle 2.67', 'period 0.50']);
  expect(await world.balances(key)).toEqual({ settlement: '3.17', usage: '-3.17' });
});

it('#10: a month’s end: draft, final, exactly these lines, paid by credits', async () => {
  const { id, key } = await newProject('hobby');
  await world.grant(key, { amount: '2.00', expires_at: '2025-03-01T00:00:00Z', description: 'A' });
  await world.grant(key, { amount: '10.00', description: 'B' });
  const deployed = { replicas: 1, cpu_millicores: 500, memory_mb: 10_240 };
  for (const [at, type, metrics] of [
    // 600 GB-hours; 530 minutes; 90 GB for a day are 3 GB-months; 120 GB.
    ['2025-01-02T00:00:00Z', 'deployment.started', deployed],
    ['2025-01-04T12:00:00Z', 'deployment.stopped', {}],
    ['2025-01-05T00:00:00Z', 'build.completed', { duration_seconds: 31_800 }],
    ['2025-01-06T00:00:00Z', 'volume.created', { size_gb: 90 }],
    ['2025-01-07T00:00:00Z', 'volume.deleted', {}],
    ['2025-01-08T00:00:00Z', 'bandwidth.usage', { egress_gb: 120 }],
  ] as const) {
    expect(await tell(at, event(id, type, at, { metrics }))).toBe(201);
  }
  const shown = async () => {
    const { body } = await world.admin.get<{ invoices: object[] }>(`/api/v1/projects/${id}/invoices`);
    return body.invoices;
  };
  await runAt('2025-02-01T00:00:00Z');
  expect(await shown()).toMatchObject([{ status: 'draft', number: null, amount: 0 }]);
  await runAt('2025-02-01T01:00:00Z');
  expect(await shown()).toMatchObject([
    {
      status: 'paid',
      number: expect.stringMatching(/^INV-/),
      amount: 7.85,
      credits_applied: 7.85,
      total_amount: 0,
    },
  ]);
  expect(await world.lines(key)).toEqual([
    'Base fee | 5.00',
    'Egress: usage, beyond 100 included | 20 | 2.00',
    'Build time: usage, beyond 500 included | 30 | 0.30',
    'Compute: usage, beyond 500 included | 100 | 0.05',
    'Volume storage: usage, beyond 720 included | 1440 | 0.50',
  ]);
  const { body } = await world.admin.get<{ items: object[] }>(`/api/v1/accounts/${key}/grants`);
  expect(body.items).toMatchObject([
    { description: 'B', left: '4.15' },
    { description: 'A', left: '0.00' },
  ]);
  expect(await world.balances(key)).toEqual({ adjustments: '12.00', grants: '-4.15', usage: '-7.85' });
});
