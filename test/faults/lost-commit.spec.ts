import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestApp, type TestApp } from '../support/app';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { PostgresProxy } from './postgres-proxy';
import { statusesOf, TimedLoad } from './timed-load';

let database: TestDatabase;
let proxy: PostgresProxy;
let app: TestApp;
let admin: Rest;

beforeAll(async () => {
  database = await createTestDatabase();
  const opened = await PostgresProxy.open(database.url);
  proxy = opened.proxy;
  app = await startTestApp({ databaseUrl: opened.url });
  admin = new Rest(app.rest, app.adminKey);
});
afterAll(async () => {
  await app.close();
  await proxy.close();
  await database.drop();
});

const scan = (): Record<string, string> => ({
  id: randomUUID(),
  account: 'customer:acme',
  type: 'scans',
  quantity: '1',
});
const level = (): Record<string, string> => ({
  id: randomUUID(),
  account: 'customer:acme',
  type: 'volume.created',
  resource: 'disk',
  quantity: '10',
});

async function stored(): Promise<{ events: number; keys: number; scans: number }> {
  return withClient(database.url, async (client) => {
    const { rows } = await client.query<{ events: number; keys: number; scans: number }>(
      `select (select count(*)::int from usage_event) as events, (select count(*)::int from event_key) as keys,
        (select coalesce(sum(sum), 0)::int from usage_counter c join meter m on m.id = c.meter_id where m.key = 'scans') as scans`,
    );
    return rows[0]!;
  });
}

/** The message, and not the words `read committed`. */
const COMMIT = 'commit\u0000';

/** The statement after which the answer is lost: the one-statement path, the careful path's COMMIT, a correction's. */
describe('decision 13: the answer to a COMMIT is lost', () => {
  it.each([
    ['an event stored by one statement', 'insert-new-events-and-count', () => scan()],
    ['an event on the careful path', COMMIT, () => level()],
    ['a batch', 'insert-new-events-and-count', () => ({ events: Array.from({ length: 100 }, scan) })],
    ['a batch with levels', COMMIT, () => ({ events: Array.from({ length: 100 }, level) })],
  ])('%s is recorded, and recorded once', async (_name, statement, make) => {
    await admin.post('/api/v1/events', scan());
    const before = await stored();
    proxy.loseAnswerTo(statement);
    const body = make();
    const events = Array.isArray(body.events) ? body.events : [body];
    const answer = await admin.post<{ status?: string; verdicts?: { status: string }[] }>(
      '/api/v1/events',
      body,
    );
    expect(proxy.waits).toBe(false);
    const verdicts = answer.body.verdicts ?? [{ status: answer.body.status }];
    expect(verdicts.map(({ status }) => status)).toEqual(events.map(() => 'recorded'));
    const after = await stored();
    expect([after.events, after.keys]).toEqual([before.events + events.length, before.keys + events.length]);
    const again = await admin.post<{ status?: string; verdicts?: { status: string }[] }>(
      '/api/v1/events',
      body,
    );
    expect((again.body.verdicts ?? [{ status: again.body.status }]).map(({ status }) => status)).toEqual(
      events.map(() => 'duplicate'),
    );
    expect(await stored()).toEqual(after);
  });

  it('a correction answers 503, and the same sent again finds itself', async () => {
    const event = scan();
    await admin.post('/api/v1/events', event);
    const correction = {
      kind: 'void',
      id: randomUUID(),
      account: 'customer:acme',
      target: { id: event['id'] },
    };
    const before = await stored();
    proxy.loseAnswerTo(COMMIT);
    const lost = await admin.post('/api/v1/events', correction);
    expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, '1']);
    const again = await admin.post<{ status: string }>('/api/v1/events', correction);
    expect([again.status, again.body.status]).toEqual([200, 'duplicate']);
    expect((await stored()).scans).toBe(before.scans - 1);
  });
});

describe('row 2: Postgres is away for a second', () => {
  it('no writer hears of it: groups wait and are stored when it is back', async () => {
    await admin.post('/api/v1/events', scan());
    const before = await stored();
    const singles = new TimedLoad(20, () => admin.post('/api/v1/events', scan()), 5);
    const batches = new TimedLoad(2, () =>
      admin.post('/api/v1/events', { events: Array.from({ length: 50 }, scan) }),
    );
    await sleep(200);
    proxy.leave();
    await sleep(1_000);
    proxy.comeBack();
    await sleep(300);
    const answers = { singles: await singles.stop(), batches: await batches.stop() };
    expect(statusesOf(answers.singles)).toEqual({ 201: answers.singles.length });
    expect(statusesOf(answers.batches)).toEqual({ 200: answers.batches.length });
    const count = answers.singles.length + answers.batches.length * 50;
    const after = await stored();
    expect(after).toEqual({
      events: before.events + count,
      keys: before.keys + count,
      scans: before.scans + count,
    });
  });

  it('when it stays away, callers hear so: the first after two seconds, the next at once', async () => {
    proxy.leave();
    const first = performance.now();
    expect((await admin.post('/api/v1/events', scan())).status).toBe(503);
    expect(performance.now() - first).toBeGreaterThan(1_500);
    const tries = proxy.refused;
    const answers = await Promise.all(Array.from({ length: 50 }, () => admin.post('/api/v1/events', scan())));
    // Two seconds of patience again would be twenty tries for each group.
    expect(proxy.refused - tries).toBeLessThan(50);
    expect(answers.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual(
      answers.map(() => [503, '1']),
    );
    proxy.comeBack();
    expect((await admin.post('/api/v1/events', scan())).status).toBe(201);
  });
});
