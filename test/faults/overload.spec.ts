import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { type ChildApp, startChildApp } from './child-app';
import { HeldLock } from './held-lock';
import { statusesOf, type Timed } from './timed-load';

const RESIDENT_GROWTH_MIB = 500;

let app: ChildApp;
let admin: Rest;

beforeAll(async () => {
  app = await startChildApp();
  admin = new Rest(app.rest, app.adminKey);
});
afterAll(() => app.close());

interface Sent extends Timed {
  readonly body: { events: readonly { id: string }[] };
  readonly retryAfter: string | null;
}

const batchOf = (size: number): { events: { id: string }[] } => ({
  events: Array.from({ length: size }, () => ({
    id: randomUUID(),
    account: `org:o${Math.floor(Math.random() * 20)}`,
    type: 'scans',
    quantity: '1',
  })),
});

async function send(body: Sent['body']): Promise<Sent> {
  const started = performance.now();
  const { status, headers } = await admin.post('/api/v1/events', body);
  return { ms: performance.now() - started, status, retryAfter: headers.get('retry-after'), body };
}

/** Sends what was refused until everything is taken. */
async function sendRest(answers: readonly Sent[]): Promise<void> {
  const left = answers.filter(({ status }) => status !== 200).map(({ body }) => body);
  const sender = async (): Promise<void> => {
    for (let body = left.pop(); body; body = left.pop()) {
      if ((await send(body)).status !== 200) left.push(body);
    }
  };
  await Promise.all(Array.from({ length: 8 }, sender));
}

async function counted(): Promise<{ events: number; keys: number; scans: number }> {
  return withClient(app.databaseUrl, async (client) => {
    const { rows } = await client.query<{ events: number; keys: number; scans: number }>(
      `select (select count(*)::int from usage_event) as events, (select count(*)::int from event_key) as keys,
              (select coalesce(sum(sum), 0)::int from usage_counter) as scans`,
    );
    return rows[0]!;
  });
}

describe('row 22: more than the service can take', () => {
  let total = 0;

  it('a full queue refuses with Retry-After, loses nothing it accepted, and the process survives', async () => {
    await send(batchOf(100));
    total += 100;
    const before = app.residentMiB();
    const lock = await HeldLock.take(app.databaseUrl, 'lock table usage_counter in exclusive mode');
    // Odd sizes, so that the last place is taken in the middle of a request.
    const sizes = [...Array<number>(25).fill(990), ...Array<number>(200).fill(17)];
    const requests = sizes.map(batchOf);
    total += sizes.reduce((sum, size) => sum + size, 0);
    const sent = requests.map(send);
    const early = await Promise.race([Promise.any(sent.map(refusedSoon)), sleep(8_000, null)]);
    expect(early).toMatchObject({ status: 503, retryAfter: '1' });
    // Nobody waits longer for a lock than the patience of ten seconds.
    const answers = await Promise.all(sent);
    await lock.release();
    expect(Object.keys(statusesOf(answers))).toEqual(['503']);
    expect(answers.filter(({ retryAfter }) => retryAfter === null)).toEqual([]);
    expect(app.residentMiB() - before).toBeLessThan(RESIDENT_GROWTH_MIB);
    await sendRest(answers);
    expect(await counted()).toEqual({ events: total, keys: total, scans: total });
  });

  it('ten times the load for seconds: what is refused is refused politely, what is accepted is counted', async () => {
    const before = app.residentMiB();
    const until = performance.now() + 4_000;
    const answers: Sent[] = [];
    let peak = before;
    const writer = async (): Promise<void> => {
      while (performance.now() < until) answers.push(await send(batchOf(1_000)));
    };
    const watch = setInterval(() => (peak = Math.max(peak, app.residentMiB())), 100);
    await Promise.all(Array.from({ length: 40 }, writer));
    clearInterval(watch);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null)).toEqual([]);
    expect(answers.length).toBeGreaterThan(refused.length);
    expect(peak - before).toBeLessThan(RESIDENT_GROWTH_MIB);
    await sendRest(refused);
    total += answers.length * 1_000;
    expect(await counted()).toEqual({ events: total, keys: total, scans: total });
  });
});

async function refusedSoon(sent: Promise<Sent>): Promise<Sent> {
  const answer = await sent;
  if (answer.status !== 503) throw new Error('was taken');
  return answer;
}
