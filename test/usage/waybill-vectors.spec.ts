import { queryWindows, windowsOf } from '../../src/core/window';
import { RollupService } from '../../src/usage/rollup.service';
import { readBooks } from '../support/books';
import { UsageWorld } from '../support/usage-world';

/** One event of Waybill on 15 April 2026: type, resource, metrics and the time of day. */
type Told = readonly [at: string, type: string, metrics?: Record<string, number>, resource?: string];

const RESOURCE = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const OTHER = '7c9e6679-7425-40de-944b-e07fc1f90ae8';
const R1_1GB = { replicas: 1, cpu_millicores: 500, memory_mb: 1024 };
const R2_2GB = { replicas: 2, cpu_millicores: 1000, memory_mb: 2048 };

let world: UsageWorld;
let projects = 0;
beforeAll(async () => {
  world = await UsageWorld.at('2026-04-15T14:00:00Z');
}, 60_000);
afterAll(() => world.close());

const newProject = (): string => `0f8fad5b-d9cb-469f-a165-${String(++projects).padStart(12, '0')}`;
const day = (at: string): string => `2026-04-15T${at}${at.length === 5 ? ':00' : ''}Z`;

/** Tells the service by Waybill's own door. */
async function tell(project: string, told: readonly Told[], more: object = {}): Promise<void> {
  for (const [at, event_type, metrics = {}, resource_id = RESOURCE] of told) {
    const event = { event_type, project_id: project, resource_type: 'thing', resource_id, metrics };
    const { status } = await world.admin.post('/internal/events', { ...event, timestamp: day(at), ...more });
    expect(status).toBe(201);
  }
}

/** What a meter shows of the project, hour by hour, zeros included. */
function hours(project: string, meter: string, from: string, to: string): Promise<string[]> {
  const stretch = { account: `project:${project}`, from: day(from), to: day(to), window: 'hour' };
  return world.lines(meter, stretch).then((lines) => lines.map((line) => line.slice(6)));
}

describe('Waybill’s hours', () => {
  it.each<[string, readonly Told[], meter: string, readonly string[]]>([
    [
      'W-12: four GB for half an hour',
      [
        ['10:10', 'deployment.started', R2_2GB],
        ['10:40', 'deployment.stopped'],
      ],
      'compute_gb_hours',
      ['10:00 2'],
    ],
    [
      'W-13: builds of 300 s and 180 s',
      [
        ['10:05', 'build.completed', { duration_seconds: 300 }],
        ['10:45', 'build.completed', { duration_seconds: 180 }],
      ],
      'build_minutes',
      ['10:00 8'],
    ],
    [
      'W-14, TR-11: a volume counts from the minute it is made',
      [['10:05', 'volume.created', { size_gb: 10 }]],
      'storage_gb_hours',
      ['10:00 9.166666666666667'],
    ],
    [
      'W-14: what left in two parts',
      [
        ['10:05', 'bandwidth.usage', { egress_gb: 2.5 }],
        ['10:06', 'bandwidth.usage', { egress_gb: 1.5 }],
      ],
      'bandwidth_gb',
      ['10:00 4'],
    ],
    ['W-15: stopped, never started', [['10:30', 'deployment.stopped']], 'compute_gb_hours', ['10:00 0']],
    [
      'W-16: what came in is free',
      [['10:30', 'bandwidth.usage', { egress_gb: 2, ingress_gb: 3 }]],
      'bandwidth_gb',
      ['10:00 2'],
    ],
    [
      'W-17: a build that failed is free',
      [['10:30', 'build.failed', { duration_seconds: 600 }]],
      'build_minutes',
      ['10:00 0'],
    ],
    [
      'W-18: 45.2 s are no whole minute',
      [['10:30', 'build.completed', { duration_seconds: 45.2 }]],
      'build_minutes',
      ['10:00 0.753333333333333'],
    ],
    [
      'W-19: 11:00:00 belongs to hour 11',
      [['11:00:00', 'build.completed', { duration_seconds: 60 }]],
      'build_minutes',
      ['10:00 0', '11:00 1'],
    ],
    [
      'W-20, TR-10: a level holds through an hour without an event',
      [
        ['10:10', 'deployment.started', R2_2GB],
        ['12:40', 'deployment.stopped'],
      ],
      'compute_gb_hours',
      ['10:00 3.333333333333333', '11:00 4', '12:00 2.666666666666667'],
    ],
    [
      'W-21, TR-10: scaling closes one segment and opens the next',
      [
        ['09:00', 'deployment.started', R1_1GB],
        ['11:30', 'deployment.scaled', { ...R1_1GB, replicas: 3 }],
      ],
      'compute_gb_hours',
      ['10:00 1', '11:00 2'],
    ],
    [
      'TR-10: started while it runs is close and reopen',
      [
        ['10:00', 'deployment.started', R1_1GB],
        ['10:30', 'deployment.started', R2_2GB],
      ],
      'compute_gb_hours',
      ['10:00 2.5', '11:00 4'],
    ],
    [
      'W-23, TR-11: ten GB five minutes before the hour',
      [['10:55', 'volume.created', { size_gb: 10 }]],
      'storage_gb_hours',
      ['10:00 0.833333333333333', '11:00 10'],
    ],
    [
      'TR-11: a volume that is resized and deleted',
      [
        ['10:00', 'volume.created', { size_gb: 10 }],
        ['10:30', 'volume.resized', { size_gb: 20 }],
        ['11:15', 'volume.deleted'],
      ],
      'storage_gb_hours',
      ['10:00 15', '11:00 5'],
    ],
    ['W-24, TR-14: removed, never added', [['10:30', 'domain.removed']], 'custom_domains', ['10:00 0']],
    [
      'TR-14: domains are a level and not a sum of hours',
      [
        ['10:10', 'domain.added', {}],
        ['10:20', 'domain.added', {}, OTHER],
        ['12:10', 'domain.removed', {}, OTHER],
      ],
      'custom_domains',
      ['10:00 2', '11:00 2', '12:00 2', '13:00 1'],
    ],
    ['W-96: a domain without metrics', [['10:30', 'domain.added', {}]], 'custom_domains', ['10:00 1']],
    [
      'W-87: no replica, no hour',
      [['10:00', 'deployment.started', { replicas: 0, cpu_millicores: 1000, memory_mb: 1024 }]],
      'compute_gb_hours',
      ['10:00 0'],
    ],
    [
      'W-88: three builds of 90 s',
      [
        ['10:00', 'build.completed', { duration_seconds: 90 }],
        ['10:20', 'build.completed', { duration_seconds: 90 }],
        ['10:59:59', 'build.completed', { duration_seconds: 90 }],
      ],
      'build_minutes',
      ['10:00 4.5'],
    ],
  ])('%s', async (_vector, told, meter, expected) => {
    const project = newProject();
    await tell(project, told);
    const [first, last] = [expected[0]!, expected.at(-1)!].map((line) => line.slice(0, 5));
    const end = `${String(Number(last!.slice(0, 2)) + 1).padStart(2, '0')}:00`;
    expect(await hours(project, meter, first!, end)).toEqual(expected);
  });

  it('W-20: the three hours are exactly ten, whichever came first (TR-10)', async () => {
    const project = newProject();
    await tell(project, [['12:40', 'deployment.stopped']]);
    await tell(project, [['10:10', 'deployment.started', R2_2GB]]);
    const stretch = { account: `project:${project}`, from: day('10:00'), to: day('13:00') };
    expect(await world.total('compute_gb_hours', stretch)).toBe('10');
  });

  it('W-22: half a GB for all of January is 372 GB-hours and 0.172236 USD (TR-13)', async () => {
    const project = newProject();
    const half = { replicas: 1, cpu_millicores: 250, memory_mb: 512 };
    const event = { event_type: 'deployment.started', project_id: project, resource_type: 'thing' };
    world.itIs('2026-01-02T00:00:00Z');
    const started = { ...event, resource_id: RESOURCE, metrics: half, timestamp: '2026-01-01T00:00:00Z' };
    const { status } = await world.admin.post('/internal/events', { ...started, idempotency_key: 'w22' });
    world.itIs('2026-04-15T14:00:00Z');
    expect(status).toBe(201);
    const january = { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' };
    const used = await world.total('compute_gb_hours', { account: `project:${project}`, ...january });
    expect(used).toBe('372');
    const price = { model: 'per_unit', unit_amount: '0.000463' };
    const asked = { currency: 'USD', price, usage: [{ quantity: used }] };
    const { body } = await world.admin.post('/api/v1/prices/calculate', asked);
    expect(body).toMatchObject({ amount_exact: '0.172236', amount: '0.17' });
  });
});

describe('Waybill’s hours again (TR-16)', () => {
  it('W-25: an event of hour 10 that comes at 13:20 is counted in hour 10', async () => {
    const project = newProject();
    await tell(project, [['12:30', 'bandwidth.usage', { egress_gb: 1 }]]);
    expect(await hours(project, 'bandwidth_gb', '10:00', '13:00')).toEqual(['10:00 0', '11:00 0', '12:00 1']);
    await tell(project, [['10:30', 'bandwidth.usage', { egress_gb: 3 }]]);
    expect(await hours(project, 'bandwidth_gb', '10:00', '13:00')).toEqual(['10:00 3', '11:00 0', '12:00 1']);
  });

  it('TR-16: a late level changes its hour and all hours after it', async () => {
    const project = newProject();
    await tell(project, [['12:30', 'volume.deleted']]);
    await tell(project, [['10:30', 'volume.created', { size_gb: 10 }]]);
    await tell(project, [['11:30', 'volume.resized', { size_gb: 30 }]]);
    expect(await hours(project, 'storage_gb_hours', '10:00', '14:00')).toEqual([
      '10:00 5',
      '11:00 20',
      '12:00 15',
      '13:00 0',
    ]);
  });

  it('W-26: traffic taken back leaves nothing in its hour', async () => {
    const project = newProject();
    await tell(project, [['10:30', 'bandwidth.usage', { egress_gb: 4 }]], {
      idempotency_key: `w26-${project}`,
    });
    expect(await hours(project, 'bandwidth_gb', '10:00', '11:00')).toEqual(['10:00 4']);
    const target = { source: 'waybill', id: `w26-${project}` };
    const correction = { kind: 'void', id: `void-${project}`, account: `project:${project}`, target };
    await world.admin.post('/api/v1/events', { events: [correction] });
    expect(await hours(project, 'bandwidth_gb', '10:00', '11:00')).toEqual(['10:00 0']);
  });

  it('W-27: rolling the same hour up again leaves the same rows', async () => {
    const project = newProject();
    await tell(project, [
      ['10:05', 'build.completed', { duration_seconds: 300 }],
      ['10:30', 'volume.created', { size_gb: 10 }],
    ]);
    const read = async () => [
      await hours(project, 'build_minutes', '10:00', '12:00'),
      await hours(project, 'storage_gb_hours', '10:00', '12:00'),
    ];
    const before = await read();
    for (let run = 1; run <= 3; run++) await world.app.app.get(RollupService).catchUp();
    expect(await read()).toEqual(before);
    expect(before).toEqual([
      ['10:00 5', '11:00 0'],
      ['10:00 5', '11:00 10'],
    ]);
  });

  it('W-28: from an hour to the same hour there is nothing to roll up', async () => {
    const at = new Date(day('10:00'));
    expect(windowsOf(at, at)).toEqual([]);
    expect(queryWindows({ from: at, to: at, size: 'hour', timeZone: 'UTC' })).toEqual([]);
    // And with no marks left a run finds nothing to do.
    await world.app.app.get(RollupService).catchUp();
    const before = await readBooks(world.app.databaseUrl);
    expect(await world.app.app.get(RollupService).run()).toBe(true);
    expect(await readBooks(world.app.databaseUrl)).toEqual(before);
  });
});
