import { Rest } from '../support/rest';
import { UsageWorld, type Happening } from '../support/usage-world';

interface Summary {
  project_id: string;
  period_start: string;
  period_end: string;
  metrics: Record<string, number>;
  costs: Record<string, number>;
  total_cost: number;
  estimated_monthly: number;
}

const HOUR_MS = 3_600_000;
const THREE_CENTS = { model: 'per_unit', unit_amount: '0.03' };

let world: UsageWorld;
let projects = 0;

beforeAll(async () => {
  world = await UsageWorld.at('2026-01-31T00:00:00Z');
});
afterAll(() => world.close());

/** A project nobody has heard of. */
const newProject = () => `0f8fad5b-d9cb-469f-a165-${String(++projects).padStart(12, '0')}`;
const usageOf = (project: string, path = 'current', rest = world.admin) =>
  rest.get<Summary>(`/api/v1/projects/${project}/usage/${path}`);
const periodsOf = async (project: string, months: number | string) =>
  (
    await world.admin.get<{ periods: Summary[] }>(
      `/api/v1/projects/${project}/usage/history?months=${months}`,
    )
  ).body.periods;

/** A level that holds for one hour: so many GB-hours. */
function level(kind: 'deployment' | 'volume', quantity: string, from: string): Happening[] {
  const to = new Date(Date.parse(from) + HOUR_MS).toISOString();
  const [start, stop] =
    kind === 'volume'
      ? (['volume.created', 'volume.deleted'] as const)
      : (['deployment.started', 'deployment.stopped'] as const);
  const resource = `${kind}-${from}`;
  return [
    { type: start, at: from, quantity, resource },
    { type: stop, at: to, quantity: '0', resource },
  ];
}
const compute = (gbHours: string, from = '2026-01-01T00:00:00.000Z') => level('deployment', gbHours, from);
const storage = (gbHours: string, from = '2026-01-01T00:00:00.000Z') => level('volume', gbHours, from);
const build = (minutes: number, at = '2026-01-01T00:00:00Z'): Happening[] => [
  { type: 'build.completed', at, quantity: String(minutes * 60) },
];
const bandwidth = (gb: string): Happening[] => [
  { type: 'bandwidth.usage', at: '2026-01-01T00:00:00Z', quantity: gb },
];

describe('what usage costs', () => {
  // The clock stands at thirty days: 720 hours, so that the estimate is the total.
  it.each<[string, Happening[], string, number, number]>([
    ['W-29', compute('1'), 'compute_gb_hours', 1, 0.000463],
    ['W-29', compute('1000'), 'compute_gb_hours', 1000, 0.463],
    ['W-30', build(1), 'build_minutes', 1, 0.01],
    ['W-30', build(30), 'build_minutes', 30, 0.3],
    ['W-31', storage('100'), 'storage_gb_hours', 100, 0.25 / 7.2],
    ['W-32', storage('720'), 'storage_gb_hours', 720, 0.25],
    ['W-33', bandwidth('1'), 'bandwidth_gb', 1, 0.1],
    ['W-33', bandwidth('10'), 'bandwidth_gb', 10, 1],
    ['W-89', storage('7200'), 'storage_gb_hours', 7200, 2.5],
  ])('%s (%#)', async (_vector, happenings, metric, ...[quantity, cost]) => {
    const project = newProject();
    await world.record(`project:${project}`, happenings);
    expect(await usageOf(project)).toMatchObject({
      status: 200,
      body: {
        project_id: project,
        period_start: '2026-01-01T00:00:00.000Z',
        period_end: '2026-01-31T00:00:00.000Z',
        metrics: { [metric]: quantity },
        costs: { [metric]: cost },
        total_cost: cost,
        estimated_monthly: cost,
      },
    });
  });

  it('W-34: domains cost nothing and are told as they stand; a metric of somebody else’s is none', async () => {
    const project = newProject();
    const domain = (type: string, name: string, day: number): Happening => ({
      ...{ type: `domain.${type}`, at: `2026-01-0${day}T00:00:00Z`, resource: name },
      quantity: type === 'added' ? '1' : '0',
    });
    await world.record(`project:${project}`, [
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => domain('added', name, 1)),
      domain('removed', 'f', 2),
      { type: 'scans', at: '2026-01-03T00:00:00Z', quantity: '100' },
    ]);
    const { body } = await usageOf(project);
    expect([body.metrics, body.costs, body.total_cost]).toEqual([
      { custom_domains: 5 },
      { custom_domains: 0 },
      0,
    ]);
    const [, december] = await periodsOf(project, 2);
    expect(december!.metrics).toEqual({});
  });

  it.each([
    ['a project without usage', async (project: string) => world.account(`project:${project}`)],
    ['a project nobody knows', async () => undefined],
  ])('W-36: %s: zeros and empty maps', async (_what, prepare) => {
    const project = newProject();
    await prepare(project);
    const { status, body } = await usageOf(project);
    expect([status, body.metrics, body.costs, body.total_cost, body.estimated_monthly]).toEqual([
      ...[200, {}, {}, 0, 0],
    ]);
  });

  it('W-29: a zero is left out', async () => {
    const project = newProject();
    await world.record(`project:${project}`, build(0));
    expect((await usageOf(project)).body.metrics).toEqual({});
  });

  it('adds up what comes through the original’s own door, by real seconds', async () => {
    const project = newProject();
    const event = (event_type: string, timestamp: string, metrics: object) => ({
      ...{ event_type, timestamp, metrics, project_id: project },
      ...{ resource_type: 'deployment', resource_id: '0f8fad5b-d9cb-469f-a165-70867728950e' },
    });
    const size = { replicas: 2, cpu_millicores: 500, memory_mb: 1024 };
    const events = [
      event('deployment.started', '2026-01-30T10:00:00Z', size),
      event('deployment.stopped', '2026-01-30T10:00:01Z', {}),
      event('build.completed', '2026-01-30T11:00:00Z', { duration_seconds: 90.5 }),
    ];
    expect((await world.admin.post('/internal/events/batch', { events })).status).toBe(201);
    const { body } = await usageOf(project);
    expect(body.metrics).toEqual({ compute_gb_hours: 2 / 3600, build_minutes: 90.5 / 60 });
  });
});

describe('a running period', () => {
  afterEach(() => world.itIs('2026-01-31T00:00:00Z'));

  it('W-35: 24 hours are scaled to 720', async () => {
    const project = newProject();
    await world.record(`project:${project}`, [...compute('100'), ...build(30), ...bandwidth('5')]);
    world.itIs('2026-01-02T00:00:00Z');
    const { body } = await usageOf(project);
    expect(body.costs).toEqual({ compute_gb_hours: 0.0463, build_minutes: 0.3, bandwidth_gb: 0.5 });
    expect([body.total_cost, body.estimated_monthly]).toEqual([0.8463, 25.389]);
  });

  it('is empty at its first instant, and counts what runs on as far as now', async () => {
    const project = newProject();
    await world.record(`project:${project}`, [
      { type: 'deployment.started', at: '2026-01-30T23:00:00Z', quantity: '2', resource: 'web' },
    ]);
    world.itIs('2026-02-01T00:00:00Z');
    expect((await usageOf(project)).body).toMatchObject({ metrics: {}, total_cost: 0, estimated_monthly: 0 });
    const [february, january] = await periodsOf(project, 2);
    expect([february!.metrics, january!.metrics]).toEqual([{}, { compute_gb_hours: 50 }]);
    world.itIs('2026-02-01T00:30:00Z');
    expect((await usageOf(project)).body.metrics).toEqual({ compute_gb_hours: 1 });
  });

  it('rates a past month at the prices it had', async () => {
    const own = await UsageWorld.at('2026-01-31T00:00:00Z', { priceBuildMinute: '0.02' });
    try {
      const project = newProject();
      await own.record(`project:${project}`, [...build(10), ...build(10, '2025-12-05T00:00:00Z')]);
      const listed = { currency: 'USD', valid_from: '2026-01-01T00:00:00Z', price: THREE_CENTS };
      expect((await own.admin.put('/api/v1/meters/build_minutes/list-price', listed)).status).toBe(200);
      const path = `/api/v1/projects/${project}/usage/history?months=2`;
      const { body } = await own.admin.get<{ periods: Summary[] }>(path);
      expect(body.periods.map(({ total_cost }) => total_cost)).toEqual([0.3, 0.2]);
    } finally {
      await own.close();
    }
  });
});

describe('the history', () => {
  it.each([
    ['0', 6],
    ['abc', 6],
    ['13', 6],
    ['-1', 6],
    ['', 6],
    ['1', 1],
    ['12', 12],
  ])('W-57: months=%s are %d periods', async (months, periods) => {
    expect(await periodsOf(newProject(), months)).toHaveLength(periods);
  });

  it('W-57: six without a word', async () => {
    const { body } = await world.admin.get<{ periods: Summary[] }>(
      `/api/v1/projects/${newProject()}/usage/history`,
    );
    expect(body.periods).toHaveLength(6);
  });

  it('W-58: the running month, then whole ones', async () => {
    world.itIs('2026-01-15T00:00:00Z');
    const project = newProject();
    await world.record(`project:${project}`, [
      ...build(1),
      ...build(2, '2025-12-31T23:59:59.999Z'),
      ...build(3, '2025-11-01T00:00:00Z'),
    ]);
    const periods = await periodsOf(project, 3);
    expect(
      periods.map(({ period_start, period_end, metrics }) => [
        period_start,
        period_end,
        metrics.build_minutes,
      ]),
    ).toEqual([
      ['2026-01-01T00:00:00.000Z', '2026-01-15T00:00:00.000Z', 1],
      ['2025-12-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 2],
      ['2025-11-01T00:00:00.000Z', '2025-12-01T00:00:00.000Z', 3],
    ]);
    // A month of 744 hours is scaled down to 720.
    expect(periods[1]!.estimated_monthly).toBeCloseTo((0.02 * 720) / 744, 15);
    world.itIs('2026-01-31T00:00:00Z');
  });
});

describe('who may ask for what', () => {
  it.each(['current', 'history'])('W-46: %s of what is no uuid', async (path) => {
    expect(await usageOf('bad-uuid', path)).toMatchObject({
      status: 400,
      body: { error: 'invalid project ID' },
    });
  });

  it('takes the usual spellings of a uuid for one project', async () => {
    const project = newProject();
    await world.record(`project:${project}`, build(1));
    for (const spelling of [project.toUpperCase(), `{${project}}`, project.replaceAll('-', '')]) {
      const { body } = await usageOf(encodeURIComponent(spelling));
      expect(body).toMatchObject({ project_id: project, metrics: { build_minutes: 1 } });
    }
  });

  it('TR-18: nobody without a key, nobody for another project', async () => {
    const [mine, other] = [newProject(), newProject()];
    const caller = await world.caller('reader', [`project:${mine}`]);
    const ingest = await world.caller('ingest', [`project:${mine}`]);
    expect((await usageOf(mine, 'current', caller)).status).toBe(200);
    expect(await usageOf(mine, 'current', new Rest(world.app.rest, null))).toMatchObject({
      ...{ status: 401, body: { error: 'unauthorized' } },
    });
    expect((await usageOf(mine, 'current', ingest)).status).toBe(403);
    await world.account(`project:${other}`);
    const answers = [await usageOf(other, 'history', caller), await usageOf(newProject(), 'history', caller)];
    // In the same words, whether the project exists or not.
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(answers[0]!.body).toEqual(answers[1]!.body);
  });
});
