import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Clock } from '../../src/platform/clock';
import { RollupService } from '../../src/usage/rollup.service';
import { startTestApp, type TestApp } from '../support/app';
import { MeteringClient } from '../support/metering-client';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { UsageWorld } from '../support/usage-world';

const MS_PER_HOUR = 3_600_000;
const NOW = '2026-03-15T12:00:00.000Z';
const now = Date.parse(NOW);
const iso = (ms: number): string => new Date(ms).toISOString();

describe('row 10: late events in a period that is still open', () => {
  let world: UsageWorld;

  beforeAll(async () => {
    world = await UsageWorld.at(NOW);
  });
  afterAll(() => world.close());

  it('count in their hour whenever they come, and every answer on the way is right', async () => {
    const event = fc.record({
      hour: fc.integer({ min: 0, max: 14 * 24 - 1 }),
      quantity: fc.integer({ min: 0, max: 1_000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(event, { minLength: 1, maxLength: 12 })
          .chain((events) => fc.tuple(fc.constant(events), orderOf(events))),
        async ([events, order]) => {
          const account = `org:${randomUUID()}`;
          const start = Date.parse('2026-03-01T00:00:00Z');
          let [sum, arrived] = [0, 0];
          for (const place of order) {
            const { hour, quantity } = events[place]!;
            const at = iso(start + hour * MS_PER_HOUR + place);
            await world.record(account, [{ type: 'scans', at, quantity: String(quantity) }]);
            sum += quantity;
            arrived += 1;
            if (arrived % 4 === 0) expect(await world.total('scans', { account })).toBe(String(sum));
          }
          expect(await world.total('scans', { account })).toBe(String(sum));
          const hours = await world.lines('scans', { account, window: 'hour', from: iso(start), to: NOW });
          const byHour = Array<number>(hours.length).fill(0);
          for (const { hour, quantity } of events) byHour[hour]! += quantity;
          expect(hours.map((line) => Number(line.split(' ')[1]))).toEqual(byHour);
        },
      ),
      { numRuns: 12 },
    );
  });
});

function orderOf(items: readonly unknown[]): fc.Arbitrary<number[]> {
  const places = items.map((_, place) => place);
  return fc.shuffledSubarray(places, { minLength: places.length, maxLength: places.length });
}

describe('row 12: the oldest and the newest event that is taken', () => {
  const [PAST, FUTURE, DAY] = [35 * 24 * MS_PER_HOUR, 5 * 60_000, 24 * MS_PER_HOUR];
  let app: TestApp;
  let admin: Rest;
  let grpc: MeteringClient;

  beforeAll(async () => {
    app = await startTestApp();
    jest.spyOn(app.app.get(Clock), 'now').mockReturnValue(new Date(now));
    admin = new Rest(app.rest, app.adminKey);
    grpc = new MeteringClient(app.grpc, app.adminKey);
  });
  afterAll(async () => {
    grpc.close();
    await app.close();
  });

  const native = (at: string, id: string = randomUUID()): object => ({
    id,
    account: 'org:acme',
    type: 'scans',
    occurred_at: at,
  });
  const doors: Record<string, (at: string) => Promise<boolean>> = {
    native: async (at) => (await admin.post('/api/v1/events', native(at))).status === 201,
    batch: async (at) => {
      const { body } = await admin.post<{ verdicts: { status: string }[] }>('/api/v1/events', {
        events: [native(at)],
      });
      return body.verdicts[0]!.status === 'recorded';
    },
    cloudevents: async (time) => {
      const event = { specversion: '1.0', id: randomUUID(), source: 's', type: 'scans', subject: 'org:acme' };
      const type = 'application/cloudevents+json';
      return (await admin.post('/api/v1/events', { ...event, time }, type)).status === 201;
    },
    internal: async (timestamp) => {
      const { status } = await admin.post('/internal/events', {
        event_type: 'build.started',
        project_id: randomUUID(),
        resource_type: 'build',
        resource_id: randomUUID(),
        metrics: {},
        timestamp,
      });
      return status === 201;
    },
    grpc: async (at) => {
      const ms = Date.parse(at);
      const occurredAt = { seconds: String(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 };
      const event = { id: randomUUID(), account: 'org:acme', type: 'scans', occurredAt };
      const { verdicts } = await grpc.recordEvents({ events: [event] });
      return verdicts[0]!.status === 'VERDICT_STATUS_RECORDED';
    },
  };

  it.each(Object.keys(doors))('is exact to the millisecond at the door %s', async (door) => {
    const takes = doors[door]!;
    expect(await takes(iso(now - PAST))).toBe(true);
    expect(await takes(iso(now - PAST - 1))).toBe(false);
    expect(await takes(iso(now + FUTURE))).toBe(true);
    expect(await takes(iso(now + FUTURE + 1))).toBe(false);
  });

  it('and says which field is wrong and why', async () => {
    const { status, body } = await admin.post<{ errors: object[] }>(
      '/api/v1/events',
      native(iso(now - PAST - 1)),
    );
    expect([status, body.errors]).toEqual([
      400,
      [{ field: 'occurred_at', reason: 'is too old: older events need a backfill' }],
    ]);
    const later = await admin.post<{ errors: object[] }>('/api/v1/events', native(iso(now + FUTURE + 1)));
    expect(later.body.errors).toEqual([{ field: 'occurred_at', reason: 'lies too far in the future' }]);
  });

  it('a backfill has no oldest event, and the same newest', async () => {
    const events = [
      native('1970-01-02T00:00:00Z'),
      native(iso(now - PAST - 1)),
      native(iso(now + FUTURE + 1)),
    ];
    const { body } = await admin.post<{ verdicts: { status: string }[] }>('/api/v1/events', {
      events,
      backfill: true,
    });
    expect(body.verdicts.map(({ status }) => status)).toEqual(['recorded', 'recorded', 'refused']);
  });

  it('an id that carries its time may be a day ahead, and not a millisecond more', async () => {
    const uuid = (at: number): string => {
      const time = at.toString(16).padStart(12, '0');
      return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000001`;
    };
    const day = iso(now);
    expect((await admin.post('/api/v1/events', native(day, uuid(now + DAY)))).status).toBe(201);
    expect((await admin.post('/api/v1/events', native(day, uuid(now + DAY + 1)))).status).toBe(400);
  });
});

describe('row 14: the clock jumps', () => {
  let world: UsageWorld;

  beforeAll(async () => {
    world = await UsageWorld.at(NOW);
  });
  afterAll(() => world.close());

  const nothingOdd = (lines: readonly { from: string; to: string; quantity: string | null }[]): void => {
    // Windows tile: each begins where the one before ended, and lasts for more than no time.
    for (const [i, { from, to, quantity }] of lines.entries()) {
      expect(Date.parse(to)).toBeGreaterThan(Date.parse(from));
      if (i > 0) expect(from).toBe(lines[i - 1]!.to);
      expect(Number(quantity)).toBeGreaterThanOrEqual(0);
    }
  };

  it('200 times by an hour, back and forth: no window is skipped, doubled or negative', async () => {
    const account = 'org:jumping';
    const jump = [1, -1, 1, 1, -1];
    let here = now;
    let events = 0;
    const send = async (body: object): Promise<void> => {
      const { status } = await world.admin.post('/api/v1/events', body);
      expect(status).toBe(201);
    };
    for (let step = 0; step < 200; step++) {
      here += jump[step % jump.length]! * MS_PER_HOUR + 60_000;
      world.itIs(iso(here));
      // Neither says when it happened: our clock does.
      await send({ id: `scan-${step}`, account, type: 'scans' });
      events += 1;
      if (step % 10 === 0) {
        await send({ id: `level-${step}`, account, type: 'volume.resized', resource: 'disk', quantity: '2' });
      }
      if (step % 20 === 0) await world.app.app.get(RollupService).catchUp();
    }
    world.itIs(iso(here + 2 * MS_PER_HOUR));
    const stretch = { account, from: iso(now - 4 * MS_PER_HOUR), to: iso(here + 2 * MS_PER_HOUR) };
    const totals = [];
    for (const window of ['hour', 'day', 'total']) {
      const { body } = await world.usage('scans', { ...stretch, window });
      nothingOdd(body.data);
      totals.push(body.data.reduce((sum, { quantity }) => sum + Number(quantity), 0));
    }
    expect(totals).toEqual([events, events, events]);
    const levels = await world.usage('storage_gb_hours', { ...stretch, window: 'hour' });
    nothingOdd(levels.body.data);
    const total = await world.usage('storage_gb_hours', { ...stretch, window: 'total' });
    const sum = levels.body.data.reduce((all, { quantity }) => all + Number(quantity), 0);
    expect(Number(total.body.data[0]!.quantity)).toBeCloseTo(sum, 6);
  });

  it('a leap second is the instant after it, on every door that reads time', async () => {
    await world.record('org:leap', [
      { type: 'scans', at: '2016-12-31T23:59:60Z', quantity: '1' },
      { type: 'scans', at: '2016-12-31T23:59:59.999Z', quantity: '10' },
    ]);
    const stretch = { account: 'org:leap', from: '2016-12-31T00:00:00Z', to: '2017-01-02T00:00:00Z' };
    expect(await world.lines('scans', { ...stretch, window: 'day' })).toEqual([
      '12-31T00:00 10',
      '01-01T00:00 1',
    ]);
  });

  it.each([
    ['spring', '2025-03-29T23:00:00Z', '2025-03-30T22:00:00Z', 23],
    ['autumn', '2025-10-25T22:00:00Z', '2025-10-26T23:00:00Z', 25],
  ])(
    'the day of %s when clocks change has its own number of hours, each once',
    async (name, from, to, hours) => {
      const account = `org:dst-${name}`;
      const happenings = Array.from({ length: hours }, (_, i) => ({
        type: 'scans',
        at: iso(Date.parse(from) + i * MS_PER_HOUR + 1),
        quantity: '1',
      }));
      await world.record(account, happenings);
      const stretch = { account, from, to, time_zone: 'Europe/Berlin' };
      const { body } = await world.usage('scans', { ...stretch, window: 'hour' });
      nothingOdd(body.data);
      expect(body.data.map(({ quantity }) => quantity)).toEqual(Array(hours).fill('1'));
      const day = await world.usage('scans', { ...stretch, window: 'day' });
      expect(day.body.data.map(({ quantity }) => quantity)).toEqual([String(hours)]);
    },
  );
});

describe('row 15: two hosts whose clocks differ by ten minutes', () => {
  let right: TestApp;
  let ahead: TestApp;

  beforeAll(async () => {
    right = await startTestApp();
    ahead = await startTestApp({ databaseUrl: right.databaseUrl });
    const clock = ahead.app.get(Clock);
    jest.spyOn(clock, 'now').mockImplementation(() => new Date(Date.now() + 600_000));
  });
  afterAll(async () => {
    await ahead.close();
    await right.close();
  });

  it('judge a time once, each by its own clock, and order by the clock of the database', async () => {
    const hosts = [new Rest(right.rest, right.adminKey), new Rest(ahead.rest, ahead.adminKey)] as const;
    const event = (id: string, more: object): object => ({
      id,
      account: 'org:hosts',
      type: 'scans',
      ...more,
    });
    const at = iso(Date.now() + 8 * 60_000);
    // Too new for the one, not for the other; once taken, it is taken for both.
    expect((await hosts[0].post('/api/v1/events', event('new', { occurred_at: at }))).status).toBe(400);
    expect((await hosts[1].post('/api/v1/events', event('new', { occurred_at: at }))).status).toBe(201);
    expect((await hosts[0].post('/api/v1/events', event('new-2', { occurred_at: at }))).status).toBe(400);
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const [i, id] of ids.entries()) {
      expect((await hosts[i % 2]!.post('/api/v1/events', event(id, {}))).status).toBe(201);
    }
    // The same without a timestamp at the other host: its own clock is not content.
    for (const [i, id] of ids.entries()) {
      expect((await hosts[(i + 1) % 2]!.post('/api/v1/events', event(id, {}))).status).toBe(200);
    }
    const { rows } = await withClient(right.databaseUrl, (client) =>
      client.query<{ event_id: string; skew: number; late: boolean }>(
        `select event_id, round(extract(epoch from occurred_at - recorded_at) / 60)::int as skew,
          recorded_at > now() as late from usage_event where event_id <> 'new' order by recorded_at`,
      ),
    );
    expect(rows.map(({ event_id }) => event_id)).toEqual(ids);
    expect(rows.map(({ skew }) => skew)).toEqual([0, 10, 0, 10, 0, 10]);
    expect(rows.some(({ late }) => late)).toBe(false);
    // Whichever of them rolls up and answers, all of it counts once.
    for (const app of [right, ahead]) await app.app.get(RollupService).catchUp();
    for (const host of hosts) {
      const to = iso(Date.now() + MS_PER_HOUR);
      const { body } = await host.get<{ data: { quantity: string }[] }>(
        `/api/v1/meters/scans/usage?account=org:hosts&from=${iso(Date.now() - MS_PER_HOUR)}&to=${to}`,
      );
      expect(body.data[0]!.quantity).toBe('7');
    }
  });
});
