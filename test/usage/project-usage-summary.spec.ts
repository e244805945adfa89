import type { Client } from 'pg';
import { startTestApp, type TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';

const PROJECT = '5d1f2f0e-90a4-4fda-8dd3-9ee8b0a0c001';
const METRICS = [
  'compute_gb_hours',
  'build_minutes',
  'storage_gb_hours',
  'bandwidth_gb',
  'custom_domains',
] as const;
const HOUR_MS = 3_600_000;

let app: TestApp;
let admin: Rest;
let events = 0;

beforeAll(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
});
afterAll(() => app.close());

/** The database tells its own time, so these happenings lie where they lie: this month, or at the end of the last one. */
async function record(
  happenings: readonly { type: string; hoursAgo: number; quantity: string; resource?: string }[],
) {
  const now = Date.now();
  const body = happenings.map(({ hoursAgo, ...rest }) => ({
    ...{ id: `s${++events}`, account: `project:${PROJECT}` },
    ...{ occurred_at: new Date(now - hoursAgo * HOUR_MS).toISOString(), ...rest },
  }));
  const answer = await admin.post<{ verdicts: { status: string }[] }>('/api/v1/events', {
    events: body,
    backfill: true,
  });
  expect(new Set(answer.body.verdicts.map(({ status }) => status))).toEqual(new Set(['recorded']));
}

async function summary(zone = 'UTC'): Promise<Record<string, string | null>[]> {
  return withClient(app.databaseUrl, async (client: Client) => {
    await client.query(`set time zone '${zone}'`);
    return (await client.query<Record<string, string | null>>('select * from project_usage_summary')).rows;
  });
}

const DAYS = 40 * 24;
const CLOSED = [
  { type: 'deployment.started', hoursAgo: 3, quantity: '2', resource: 'web' },
  { type: 'deployment.scaled', hoursAgo: 2, quantity: '1.5', resource: 'web' },
  { type: 'deployment.stopped', hoursAgo: 1, quantity: '0', resource: 'web' },
  { type: 'volume.created', hoursAgo: DAYS, quantity: '10', resource: 'disk' },
  { type: 'volume.deleted', hoursAgo: 1.5, quantity: '0', resource: 'disk' },
  { type: 'build.completed', hoursAgo: 2, quantity: '90' },
  { type: 'build.completed', hoursAgo: DAYS, quantity: '600' },
  { type: 'bandwidth.usage', hoursAgo: 0.5, quantity: '12.5' },
  { type: 'domain.added', hoursAgo: DAYS, quantity: '1', resource: 'a.example.org' },
  { type: 'domain.added', hoursAgo: 2, quantity: '1', resource: 'b.example.org' },
  { type: 'domain.added', hoursAgo: 2, quantity: '1', resource: 'c.example.org' },
  { type: 'domain.removed', hoursAgo: 1, quantity: '0', resource: 'c.example.org' },
];

it('says what the door says, in every time zone', async () => {
  await admin.put(`/api/v1/accounts/project:${PROJECT}`, { name: 'Shop' });
  await admin.put('/api/v1/accounts/org:acme', {});
  await record(CLOSED);
  interface Summary {
    period_start: string;
    metrics: Record<string, number>;
  }
  const { body } = await admin.get<Summary>(`/api/v1/projects/${PROJECT}/usage/current`);
  for (const zone of ['UTC', 'Pacific/Kiritimati', 'America/Los_Angeles']) {
    const rows = await summary(zone);
    expect(rows).toHaveLength(1);
    const [row] = rows;
    expect(row).toMatchObject({ project_id: PROJECT, project_name: 'Shop' });
    expect(new Date(row!['period_start']!).toISOString()).toBe(body.period_start);
    for (const metric of METRICS) {
      expect([metric, parseFloat(row![metric]!)]).toEqual([
        metric,
        expect.closeTo(body.metrics[metric] ?? 0, 9),
      ]);
    }
  }
  expect(parseFloat((await summary())[0]!['custom_domains']!)).toBe(2);
});

it('counts what runs on as far as now', async () => {
  const before = parseFloat((await summary())[0]!['compute_gb_hours']!);
  await record([{ type: 'deployment.started', hoursAgo: 0, quantity: '3600', resource: 'api' }]);
  await new Promise((later) => setTimeout(later, 50));
  const after = parseFloat((await summary())[0]!['compute_gb_hours']!);
  // One GB-hour a second.
  expect(after - before).toBeGreaterThan(0.04);
  expect(after - before).toBeLessThan(30);
});
