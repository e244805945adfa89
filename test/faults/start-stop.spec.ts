import { randomUUID } from 'node:crypto';
import { withClient } from '../support/postgres';
import { UsageWorld } from '../support/usage-world';
import { scaled } from './scale';
import { randomOf, shuffled } from '../support/event-mix';

const NOW = '2026-03-20T00:00:00.000Z';
const MS_PER_MINUTE = 60_000;
/** Arrival orders tried here; the fold itself is tried by 10,000 in core's laws. */
const SEQUENCES = scaled(480);
const SEQUENCES_OF_ONE_HISTORY = 24;

interface Step {
  readonly type: 'deployment.started' | 'deployment.scaled' | 'deployment.stopped';
  readonly minute: number;
  readonly replicas: number;
  readonly key: string;
}

let world: UsageWorld;

beforeAll(async () => {
  world = await UsageWorld.at(NOW);
});
afterAll(() => world.close());

/** Up and down over ten days, in whole minutes; the last step is a stop, or the deployment still runs. */
function history(random: () => number): Step[] {
  const count = 2 + Math.floor(random() * 3);
  const minutes = new Set<number>();
  while (minutes.size < count) minutes.add(Math.floor(random() * 10 * 24 * 60));
  return [...minutes]
    .sort((a, b) => a - b)
    .map((minute, i) => {
      const isLast = i === count - 1 && random() < 0.7;
      const type = i === 0 ? 'deployment.started' : isLast ? 'deployment.stopped' : 'deployment.scaled';
      return { type, minute, replicas: isLast ? 0 : 1 + Math.floor(random() * 5), key: `step-${i}` };
    });
}

const START = Date.parse('2026-03-01T00:00:00Z');
const iso = (minute: number): string => new Date(START + minute * MS_PER_MINUTE).toISOString();

/** 1 GB each, so that a replica's minute is a sixtieth of a GB-hour. */
const bodyOf = (project: string, { type, minute, replicas, key }: Step): object => ({
  event_type: type,
  project_id: project,
  resource_type: 'deployment',
  resource_id: '6f1c2d3e-0000-4000-8000-000000000002',
  metrics: type === 'deployment.stopped' ? {} : { replicas, cpu_millicores: 1_000, memory_mb: 1_024 },
  timestamp: iso(minute),
  idempotency_key: key,
});

/** Replica minutes until `until`: each step holds until the next one. */
function replicaMinutes(steps: readonly Step[], until: number): number {
  return steps.reduce((sum, { minute, replicas }, i) => {
    const end = Math.min(steps[i + 1]?.minute ?? until, until);
    return sum + replicas * Math.max(0, end - minute);
  }, 0);
}

describe('row 13: starts and stops out of order', () => {
  it('cost the same GB-hours in whatever order they arrive', async () => {
    const random = randomOf(13);
    const histories = Array.from({ length: Math.ceil(SEQUENCES / SEQUENCES_OF_ONE_HISTORY) }, () =>
      history(random),
    );
    const sequences = histories.flatMap((steps, of) =>
      Array.from({ length: SEQUENCES_OF_ONE_HISTORY }, () => ({
        of,
        project: randomUUID(),
        steps: shuffled(steps, random),
      })),
    );
    // The first step to arrive of all of them, then the second, and so on, many projects to a request.
    for (let place = 0; place < 4; place++) {
      const bodies = sequences.flatMap(({ project, steps }) =>
        steps.slice(place, place + 1).map((step) => bodyOf(project, step)),
      );
      for (let from = 0; from < bodies.length; from += 300) {
        const { status } = await world.admin.post('/internal/events/batch', {
          events: bodies.slice(from, from + 300),
        });
        expect(status).toBe(201);
      }
    }
    const rows = await storedByProject();
    const until = (Date.parse(NOW) - START) / MS_PER_MINUTE;
    for (const [of, steps] of histories.entries()) {
      const mine = sequences.filter((sequence) => sequence.of === of);
      const distinct = new Set(mine.map(({ project }) => rows.get(`project:${project}`)));
      expect([of, distinct.size]).toEqual([of, 1]);
      const account = `project:${mine[0]!.project}`;
      const used = await world.total('compute_gb_hours', { account, from: iso(0), to: NOW });
      expect(Number(used)).toBeCloseTo(replicaMinutes(steps, until) / 60, 9);
    }
  });

  it('a stop that never came: the deployment counts until now, and no longer when the stop comes late', async () => {
    const project = randomUUID();
    const account = `project:${project}`;
    const started: Step = { type: 'deployment.started', minute: 0, replicas: 1, key: 'start' };
    const stopped: Step = { type: 'deployment.stopped', minute: 90, replicas: 0, key: 'stop' };
    await world.admin.post('/internal/events', bodyOf(project, started));
    world.itIs('2026-03-01T10:00:00Z');
    expect(await world.total('compute_gb_hours', { account })).toBe('10');
    world.itIs('2026-03-02T00:00:00Z');
    expect(await world.total('compute_gb_hours', { account })).toBe('24');
    await world.admin.post('/internal/events', bodyOf(project, stopped));
    expect(await world.total('compute_gb_hours', { account })).toBe('1.5');
  });
});

/** Everything derived from levels, as one text for each account; what was added and taken away again leaves zeros. */
async function storedByProject(): Promise<Map<string, string>> {
  return withClient(world.app.databaseUrl, async (client) => {
    const { rows } = await client.query<{ key: string; books: string }>(`
      select a.key, string_agg(r.books, ' ' order by r.books) as books from account a join (
        select account_id, concat_ws(' ', 'window', from_at, delta, moment, highest) as books from gauge_window
        where delta <> 0 or moment <> 0
        union all
        select account_id, concat_ws(' ', 'counter', segment_from, delta, sum) from usage_counter) r on r.account_id = a.id
      group by a.key`);
    return new Map(rows.map(({ key, books }) => [key, books]));
  });
}
