import { Rest } from '../support/rest';
import { UsageWorld, type Happening } from '../support/usage-world';

interface Point {
  bucket: string;
  cost_cents: number;
  by_metric: Record<string, number>;
}
interface Cost {
  period_start: string;
  period_end: string;
  total_cents: number;
  group_by: string;
  series: Point[] | null;
  breakdown: { key: string; cost_cents: number }[] | null;
}

const NOW = '2026-04-17T00:00:00.000Z';
const MS_PER_DAY = 86_400_000;

let world: UsageWorld;
let projects = 0;

beforeAll(async () => {
  world = await UsageWorld.at(NOW);
});
afterAll(() => world.close());
afterEach(() => world.itIs(NOW));

const newProject = () => `3f333df6-90a4-4fda-8dd3-${String(++projects).padStart(12, '0')}`;
const uuid = (n: number) => `9b2d7f60-1111-4222-8333-${String(n).padStart(12, '0')}`;
const costOf = async (project: string, query = '') => {
  const { status, body } = await world.admin.get<Cost>(`/api/v1/projects/${project}/cost${query}`);
  expect([status, body]).toMatchObject([200, { project_id: project }]);
  return body;
};
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
const entries = ({ breakdown }: Cost) =>
  Object.fromEntries(breakdown!.map(({ key, cost_cents }) => [key, cost_cents]));

/** One level of so many GB for one hour of each of the days before `NOW`. */
function everyDay(days: number, gb: string): Happening[] {
  return Array.from({ length: days }, (_, day) => Date.parse(NOW) - (days - day) * MS_PER_DAY).flatMap(
    (from) => [
      { type: 'deployment.started', at: new Date(from).toISOString(), quantity: gb, resource: 'web' },
      {
        type: 'deployment.stopped',
        at: new Date(from + 3_600_000).toISOString(),
        quantity: '0',
        resource: 'web',
      },
    ],
  );
}

let sent = 0;

/** Through Waybill's own door, so that names stand where its clients put them. */
async function report(project: string, events: readonly object[]): Promise<void> {
  const body = {
    events: events.map((event) => ({
      ...{ project_id: project, resource_type: 'thing', resource_id: uuid(0), idempotency_key: `k${++sent}` },
      ...event,
    })),
  };
  const answer = await world.admin.post('/internal/events/batch', body);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
}

describe('the period', () => {
  it.each([
    ['', '2026-03-18T00:00:00.000Z'],
    ['?period=7d', '2026-04-10T00:00:00.000Z'],
    ['?period=7D', '2026-04-10T00:00:00.000Z'],
    ['?period=14d', '2026-04-03T00:00:00.000Z'],
    ['?period=30d', '2026-03-18T00:00:00.000Z'],
    ['?period=90d', '2026-01-17T00:00:00.000Z'],
    ['?period=1y', '2025-04-17T00:00:00.000Z'],
    ['?period=mtd', '2026-04-01T00:00:00.000Z'],
    ['?period=MtD', '2026-04-01T00:00:00.000Z'],
  ])('W-92: %s begins at %s', async (query, from) => {
    expect(await costOf(newProject(), query)).toMatchObject({
      period_start: from,
      period_end: NOW,
      total_cents: 0,
    });
  });

  it.each(['abc', '', '8d', '7d&period=14d'])('W-77: period=%s', async (period) => {
    const answer = await world.admin.get(`/api/v1/projects/${newProject()}/cost?period=${period}`);
    expect([answer.status, answer.body]).toEqual([400, { error: expect.stringMatching(/^period: /) }]);
    const service = await world.admin.get(`/api/v1/services/${uuid(1)}/cost?period=${period}`);
    expect(service.status).toBe(400);
  });
});

describe('grouped by day', () => {
  it('W-80: thirty days that each round to nothing add up to the total', async () => {
    const project = newProject();
    await world.record(`project:${project}`, everyDay(30, '10'));
    const cost = await costOf(project, '?group_by=day');
    expect([cost.total_cents, cost.breakdown, cost.group_by]).toEqual([14, null, 'day']);
    expect(cost.series).toHaveLength(30);
    expect(sum(cost.series!.map(({ cost_cents }) => cost_cents))).toBe(14);
    expect((await costOf(project)).total_cents).toBe(14);
  });

  it('has every day, from the first to the last, those without usage too', async () => {
    const project = newProject();
    world.itIs('2026-04-03T12:00:00Z');
    await world.record(`project:${project}`, [
      { type: 'build.completed', at: '2026-04-01T23:59:59.999Z', quantity: '6000' },
      { type: 'bandwidth.usage', at: '2026-04-03T00:00:00Z', quantity: '5' },
      { type: 'build.completed', at: '2026-04-03T11:00:00Z', quantity: '600' },
    ]);
    expect((await costOf(project, '?period=mtd&group_by=day')).series).toEqual([
      { bucket: '2026-04-01T00:00:00.000Z', cost_cents: 100, by_metric: { build_minutes: 100 } },
      { bucket: '2026-04-02T00:00:00.000Z', cost_cents: 0, by_metric: {} },
      {
        ...{ bucket: '2026-04-03T00:00:00.000Z', cost_cents: 60 },
        by_metric: { build_minutes: 10, bandwidth_gb: 50 },
      },
    ]);
    world.itIs('2026-04-01T00:00:00Z');
    expect((await costOf(project, '?period=mtd&group_by=day')).series).toEqual([
      { bucket: '2026-04-01T00:00:00.000Z', cost_cents: 0, by_metric: {} },
    ]);
  });

  it('a project nobody knows has days too', async () => {
    const { series, total_cents } = await costOf(newProject(), '?period=7d&group_by=day');
    expect([series!.length, total_cents, sum(series!.map(({ cost_cents }) => cost_cents))]).toEqual([
      7, 0, 0,
    ]);
  });
});

describe('grouped by metric', () => {
  it('adds up to the total, the dearest first, without what rounds to nothing', async () => {
    const project = newProject();
    await world.record(`project:${project}`, [
      { type: 'build.completed', at: '2026-04-10T00:00:00Z', quantity: '1833' },
      { type: 'bandwidth.usage', at: '2026-04-10T00:00:00Z', quantity: '0.75' },
      { type: 'volume.created', at: '2026-04-10T00:00:00Z', quantity: '0.001', resource: 'v' },
      { type: 'domain.added', at: '2026-04-10T00:00:00Z', quantity: '1', resource: 'd' },
    ]);
    // 30.55 and 7.5 cents, and storage of next to nothing.
    for (const query of ['', '?group_by=metric', '?group_by=planet', '?group_by=']) {
      const cost = await costOf(project, query);
      expect([cost.total_cents, cost.group_by, cost.series]).toEqual([38, 'metric', null]);
      expect(cost.breakdown).toEqual([
        { key: 'build_minutes', cost_cents: 31 },
        { key: 'bandwidth_gb', cost_cents: 7 },
      ]);
    }
  });
});

describe('grouped by service and environment', () => {
  const named = (resource_name: string | undefined, env: string | undefined, rest: object) => ({
    ...(resource_name === undefined ? {} : { resource_name }),
    ...(env === undefined ? {} : { metadata: { env } }),
    ...rest,
  });
  const level = { replicas: 1, cpu_millicores: 10_000_000, memory_mb: 0 };

  it('tells all metrics apart by the names in their events, builds and traffic and levels', async () => {
    const project = newProject();
    await report(project, [
      // Ten thousand GB-hours: 463 cents for the web, half of that for the worker, whose level is from last month.
      named('web', 'production', {
        ...{ event_type: 'deployment.started', metrics: level, resource_id: uuid(1) },
        timestamp: '2026-04-16T23:00:00Z',
      }),
      named('worker', 'staging', {
        ...{ event_type: 'deployment.started', resource_id: uuid(2), timestamp: '2026-03-31T23:00:00Z' },
        metrics: { ...level, cpu_millicores: 5_000_000 },
      }),
      {
        event_type: 'deployment.stopped',
        metrics: {},
        resource_id: uuid(2),
        timestamp: '2026-04-01T01:00:00Z',
      },
      named('web', 'staging', {
        ...{ event_type: 'build.completed', metrics: { duration_seconds: 600 } },
        timestamp: '2026-04-02T00:00:00Z',
      }),
      named('', undefined, {
        ...{ event_type: 'bandwidth.usage', metrics: { egress_gb: 2 }, resource_id: uuid(3) },
        timestamp: '2026-04-02T00:00:00Z',
      }),
      named('web', 'production', {
        ...{ event_type: 'build.failed', metrics: {}, timestamp: '2026-04-02T00:00:00Z' },
      }),
    ]);
    const byService = await costOf(project, '?period=mtd&group_by=service');
    expect([byService.total_cents, byService.group_by, entries(byService)]).toEqual([
      ...[725, 'service', { web: 473, worker: 232, [uuid(3)]: 20 }],
    ]);
    for (const query of ['env', 'environment', 'ENV']) {
      const byEnv = await costOf(project, `?period=mtd&group_by=${query}`);
      expect([byEnv.group_by, entries(byEnv)]).toEqual([
        'env',
        { production: 463, staging: 242, unknown: 20 },
      ]);
    }
  });

  it('adds up to the same total, however it is told apart', async () => {
    const project = newProject();
    await report(
      project,
      Array.from({ length: 31 }, (_, n) =>
        named(`s${n % 7}`, n % 3 === 0 ? undefined : `e${n % 5}`, {
          ...{
            event_type: 'build.completed',
            metrics: { duration_seconds: 7 + n },
            resource_id: uuid(n + 10),
          },
          timestamp: `2026-04-${String((n % 15) + 1).padStart(2, '0')}T07:31:00Z`,
        }),
      ),
    );
    const { total_cents } = await costOf(project);
    expect(total_cents).toBe(11);
    for (const query of ['metric', 'service', 'env']) {
      const { breakdown, ...cost } = await costOf(project, `?group_by=${query}`);
      expect([cost.total_cents, sum(breakdown!.map(({ cost_cents }) => cost_cents))]).toEqual([11, 11]);
    }
    const { series } = await costOf(project, '?group_by=day');
    expect(sum(series!.map(({ cost_cents }) => cost_cents))).toBe(11);
    for (const { cost_cents, by_metric } of series!) expect(sum(Object.values(by_metric))).toBe(cost_cents);
  });

  it('takes events as they are corrected', async () => {
    const project = newProject();
    const build = (id: string, resource_name: string): Happening => ({
      ...{ type: 'build.completed', at: '2026-04-02T00:00:00Z', quantity: '600', id },
      properties: { resource_name },
    });
    const account = `project:${project}`;
    await world.record(account, [build('c1', 'web'), build('c2', 'web'), build('c3', 'api')]);
    await world.void(account, 'c1');
    await world.amend(account, 'c2', { quantity: '1200', properties: { resource_name: 'worker' } });
    expect(entries(await costOf(project, '?group_by=service'))).toEqual({ worker: 20, api: 10 });
  });

  it('takes any text for a name, and what Postgres cannot read for none', async () => {
    const project = newProject();
    await world.record(`project:${project}`, [
      {
        ...{ type: 'build.completed', at: '2026-04-02T00:00:00Z', quantity: '60' },
        properties: { resource_name: 'a\u0000b', metadata: 'env' },
      },
      {
        ...{ type: 'build.completed', at: '2026-04-02T00:00:00Z', quantity: '60' },
        properties: { resource_name: `"'; drop table ${'ü'.repeat(300)}` },
      },
    ]);
    const names = Object.keys(entries(await costOf(project, '?group_by=service')));
    expect(names.map((name) => name.length)).toEqual([255, 'unknown'.length]);
    expect(entries(await costOf(project, '?group_by=env'))).toEqual({ unknown: 2 });
  });
});

describe('what a service costs', () => {
  const serviceCost = async (service: string, query = '', rest = world.admin) => {
    const { status, body } = await rest.get<Cost>(`/api/v1/services/${service}/cost${query}`);
    return [status, body.total_cents];
  };

  it('is what names it as its resource, or in its metadata, in all projects in which it runs', async () => {
    const [first, second] = [newProject(), newProject()];
    const [service, other] = [uuid(100), uuid(101)];
    const at = '2026-04-10T00:00:00Z';
    const level = { replicas: 1, cpu_millicores: 10_000_000, memory_mb: 0 };
    for (const project of [first, second]) {
      await report(project, [
        { event_type: 'deployment.started', metrics: level, resource_id: service, timestamp: at },
        {
          event_type: 'deployment.stopped',
          metrics: {},
          resource_id: service,
          timestamp: '2026-04-10T01:00:00Z',
        },
        { event_type: 'bandwidth.usage', metrics: { egress_gb: 1 }, resource_id: service, timestamp: at },
        { event_type: 'bandwidth.usage', metrics: { egress_gb: 4 }, resource_id: other, timestamp: at },
        {
          ...{ event_type: 'build.completed', metrics: { duration_seconds: 60 }, resource_id: uuid(102) },
          ...{ metadata: { service_id: service.toUpperCase() }, timestamp: at },
        },
      ]);
    }
    // 463 of compute, 10 of traffic and 1 of building, twice.
    expect(await serviceCost(service)).toEqual([200, 948]);
    expect(await serviceCost(service, `?project_id=${first}`)).toEqual([200, 474]);
    expect(await serviceCost(`{${service.toUpperCase()}}`)).toEqual([200, 948]);
    // It has traffic alone, so somebody has to say where.
    expect(await serviceCost(other)).toEqual([200, 0]);
    expect(await serviceCost(other, `?project_id=${second}`)).toEqual([200, 40]);
    const mine = await world.caller('reader', [`project:${first}`]);
    expect(await serviceCost(service, '', mine)).toEqual([200, 474]);
    expect(await serviceCost(other, '', mine)).toEqual([200, 40]);
    expect((await serviceCost(service, `?project_id=${second}`, mine))[0]).toBe(403);
  });

  it('is nothing for one that nobody knows, and refused for what is none', async () => {
    expect(await serviceCost(uuid(999))).toEqual([200, 0]);
    const answer = await world.admin.get('/api/v1/services/bad/cost');
    expect([answer.status, answer.body]).toEqual([400, { error: 'invalid service_id' }]);
  });
});

describe('who may ask for what', () => {
  it('refuses what is no uuid, who has no key, and another’s project', async () => {
    const bad = await world.admin.get('/api/v1/projects/bad/cost');
    expect([bad.status, bad.body]).toEqual([400, { error: 'invalid project_id' }]);
    const [mine, other] = [newProject(), newProject()];
    const caller = await world.caller('reader', [`project:${mine}`]);
    const nobody = new Rest(world.app.rest, null);
    expect((await nobody.get(`/api/v1/projects/${mine}/cost`)).status).toBe(401);
    expect((await nobody.get(`/api/v1/services/${mine}/cost`)).status).toBe(401);
    expect((await caller.get(`/api/v1/projects/${mine}/cost`)).status).toBe(200);
    expect((await caller.get(`/api/v1/projects/${other}/cost`)).status).toBe(403);
  });
});
