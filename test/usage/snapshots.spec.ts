import fc from 'fast-check';
import { readBooks } from '../support/books';
import { MeteringClient } from '../support/metering-client';
import { UsageWorld } from '../support/usage-world';

const DEPLOYMENT = '7c9e6679-7425-40de-944b-e07fc1f90ae7';

let world: UsageWorld;
let projects = 0;
beforeAll(async () => {
  world = await UsageWorld.at('2026-04-15T14:00:00Z');
}, 60_000);
afterAll(() => world.close());

const newProject = (): string => `1f8fad5b-d9cb-469f-a165-${String(++projects).padStart(12, '0')}`;
const day = (at: string): string => `2026-04-15T${at}:00Z`;

async function tell(project: string, at: string, event_type: string, gigabytes: number): Promise<void> {
  const metrics = event_type.startsWith('volume.')
    ? { size_gb: gigabytes }
    : { replicas: gigabytes, cpu_millicores: 500, memory_mb: 1024 };
  const { status } = await world.admin.post('/internal/events', {
    ...{ event_type, project_id: project, resource_type: 'thing', resource_id: DEPLOYMENT },
    ...{ metrics, timestamp: day(at) },
  });
  expect(status).toBe(201);
}

const hours = async (account: string, meter: string): Promise<string[]> => {
  const stretch = { account, from: day('10:00'), to: day('14:00'), window: 'hour' };
  return (await world.lines(meter, stretch)).map((line) => line.slice(12));
};

describe.each([
  ['deployment', 'compute_gb_hours', ['started', 'scaled', 'stopped']],
  ['volume', 'storage_gb_hours', ['created', 'resized', 'deleted']],
])('snapshots of a %s (TR-10, TR-11)', (thing, meter, [opened, changed, closed]) => {
  const of = (project: string): Promise<string[]> => hours(`project:${project}`, meter);
  const snapshot = (project: string, at: string, level: number): Promise<void> =>
    tell(project, at, `${thing}.snapshot`, level);

  it('of an unchanged level change nothing, however many', async () => {
    const [plain, watched] = [newProject(), newProject()];
    for (const project of [plain, watched]) {
      await tell(project, '10:10', `${thing}.${opened}`, 4);
      await tell(project, '12:40', `${thing}.${closed}`, 0);
    }
    for (const at of ['10:10', '10:15', '10:59', '11:00', '12:00', '12:39']) await snapshot(watched, at, 4);
    for (const at of ['12:41', '13:30']) await snapshot(watched, at, 0);
    expect(await of(plain)).toEqual(['3.333333333333333', '4', '2.666666666666667', '0']);
    expect(await of(watched)).toEqual(await of(plain));
  });

  it('of another level set it from their time on', async () => {
    const project = newProject();
    await tell(project, '10:00', `${thing}.${opened}`, 2);
    await snapshot(project, '11:30', 6);
    expect(await of(project)).toEqual(['2', '4', '6', '6']);
    await snapshot(project, '13:00', 0);
    expect(await of(project)).toEqual(['2', '4', '6', '0']);
  });

  it('open what nobody opened', async () => {
    const project = newProject();
    await snapshot(project, '10:30', 4);
    expect(await of(project)).toEqual(['2', '4', '4', '4']);
    await tell(project, '12:30', `${thing}.${closed}`, 0);
    expect(await of(project)).toEqual(['2', '4', '2', '0']);
  });

  it('that come late, or in disorder, hold from when they were taken', async () => {
    const project = newProject();
    await tell(project, '13:00', `${thing}.${closed}`, 0);
    await snapshot(project, '12:00', 6);
    await snapshot(project, '10:00', 2);
    expect(await of(project)).toEqual(['2', '2', '6', '0']);
    // What happened between two snapshots is told after them, and holds until the later one.
    await tell(project, '10:30', `${thing}.${changed}`, 4);
    expect(await of(project)).toEqual(['3', '4', '6', '0']);
  });

  it('told in any order make the same usage', async () => {
    const told = [
      ['10:10', opened, 2],
      ['10:40', 'snapshot', 2],
      ['11:20', changed, 5],
      ['11:40', 'snapshot', 5],
      ['12:20', 'snapshot', 1],
      ['13:10', closed, 0],
    ] as const;
    const inOrder = newProject();
    for (const [at, type, level] of told) await tell(inOrder, at, `${thing}.${type}`, level);
    const expected = await of(inOrder);
    const anyOrder = fc.shuffledSubarray([...told], { minLength: told.length });
    await fc.assert(
      fc.asyncProperty(anyOrder, async (shuffled) => {
        const project = newProject();
        for (const [at, type, level] of shuffled) await tell(project, at, `${thing}.${type}`, level);
        expect(await of(project)).toEqual(expected);
      }),
      { numRuns: 8 },
    );
  });
});

describe('a snapshot at other doors', () => {
  it('of one instant with another event: the key decides, whichever came first', async () => {
    const told = (id: string, type: string, quantity: string) => ({
      ...{ id, type, quantity, at: day('10:00'), resource: 'db' },
    });
    const both = [told('one', 'volume.created', '2'), told('two', 'volume.snapshot', '6')];
    await world.record('org:first', both);
    await world.record('org:second', [...both].reverse());
    const levels = await hours('org:first', 'storage_gb_hours');
    expect(['2', '6']).toContain(levels[0]);
    expect(await hours('org:second', 'storage_gb_hours')).toEqual(levels);
  });

  it('is an event as any: native, CloudEvents, gRPC', async () => {
    await world.record('org:doors', [
      { type: 'deployment.snapshot', at: day('10:00'), resource: 'api', quantity: '1' },
    ]);
    const cloudEvent = {
      ...{ specversion: '1.0', id: 'snap-1', source: 'reconciler', type: 'deployment.snapshot' },
      ...{ subject: 'org:doors', time: day('11:00'), data: { quantity: '2', resource: 'api' } },
    };
    const sent = await world.admin.post('/api/v1/events', cloudEvent, 'application/cloudevents+json');
    expect(sent.status).toBe(201);
    const client = new MeteringClient(world.app.grpc, world.app.adminKey);
    const { verdicts } = await client.recordEvents({
      events: [
        {
          ...{ account: 'org:doors', id: 'snap-2', type: 'deployment.snapshot', resource: 'api' },
          ...{ occurredAt: { seconds: Date.parse(day('12:00')) / 1000, nanos: 0 }, quantity: '3' },
        },
      ],
    });
    client.close();
    expect(verdicts).toHaveLength(1);
    expect(await hours('org:doors', 'compute_gb_hours')).toEqual(['1', '2', '3', '3']);
  });

  it('sent twice under one key is one event', async () => {
    const snapshot = {
      ...{ event_type: 'volume.snapshot', project_id: newProject(), resource_type: 'volume' },
      ...{
        resource_id: DEPLOYMENT,
        metrics: { size_gb: 5 },
        timestamp: day('10:00'),
        idempotency_key: 'same',
      },
    };
    const before = (await readBooks(world.app.databaseUrl)).events;
    const first = await world.admin.post('/internal/events', snapshot);
    const second = await world.admin.post('/internal/events', snapshot);
    expect(second.body['event_id']).toBe(first.body['event_id']);
    expect((await readBooks(world.app.databaseUrl)).events).toBe(before + 1);
  });
});
