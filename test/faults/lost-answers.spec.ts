import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTestApp, type TestApp } from '../support/app';
import { randomOf } from '../support/event-mix';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { scaled } from './scale';

const EVENTS = scaled(1_200);
const AT_ONCE = 24;
const LOST = 0.1;

/** What the service said to each request, in order, whether or not it reached the client. */
const said = new Map<string, string[]>();
const random = randomOf(5);
let app: TestApp;
let proxy: Server;
let client: Rest;

beforeAll(async () => {
  app = await startTestApp();
  proxy = createServer((request, response) => void forward(request, response));
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  client = new Rest(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, app.adminKey);
});
afterAll(async () => {
  proxy.closeAllConnections();
  await new Promise((done) => proxy.close(done));
  await app.close();
});

/** Hands a request on; one answer in ten is lost after the service has given it. */
async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const headers = { 'content-type': request.headers['content-type']!, 'x-api-key': app.adminKey };
  const answer = await fetch(app.rest + request.url, { method: 'POST', headers, body });
  const text = await answer.text();
  said.set(body, [...(said.get(body) ?? []), text]);
  if (random() < LOST) return void request.socket.destroy();
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
}

/** Sends the same until an answer comes. */
async function deliver(path: string, body: object): Promise<{ status: number; tries: number }> {
  for (let tries = 1; ; tries++) {
    try {
      return { status: (await client.post(path, body)).status, tries };
    } catch {
      // The answer was lost: nobody knows whether the event was stored.
    }
  }
}

const project = randomUUID();
const native = (): object => ({ id: randomUUID(), account: 'org:acme', type: 'scans', quantity: '1' });
const internal = (): object => ({
  event_type: 'build.started',
  project_id: project,
  resource_type: 'build',
  resource_id: randomUUID(),
  metrics: {},
  idempotency_key: randomUUID(),
});

async function deliverAll(path: string, make: () => object): Promise<number> {
  let [left, tries] = [EVENTS, 0];
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const delivered = await deliver(path, make());
      expect([200, 201]).toContain(delivered.status);
      tries += delivered.tries;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return tries;
}

/** Answers to requests that were sent more than once. */
const repeated = (): string[][] => [...said.values()].filter((answers) => answers.length > 1);

async function booksOf(account: string): Promise<object> {
  return withClient(app.databaseUrl, async (database) => {
    const { rows } = await database.query<object>(
      `select (select count(*)::int from usage_event where account_id = a.id) as events,
         (select count(distinct event_id)::int from usage_event where account_id = a.id) as ids,
         (select sum(greatest(sum, count))::int from usage_counter where account_id = a.id) as counted
       from account a where key = $1`,
      [account],
    );
    return rows[0]!;
  });
}

describe('row 5: one answer in ten is lost, and the client sends again', () => {
  beforeEach(() => said.clear());

  it('every event is one row; the answer names the same event and says that it is known', async () => {
    expect(await deliverAll('/api/v1/events', native)).toBeGreaterThan(EVENTS * 1.04);
    expect(await booksOf('org:acme')).toEqual({ events: EVENTS, ids: EVENTS, counted: EVENTS });
    expect(repeated().length).toBeGreaterThan(EVENTS * 0.04);
    for (const [first, ...others] of repeated()) {
      const known = { ...(JSON.parse(first!) as object), status: 'duplicate' };
      for (const other of others) expect(JSON.parse(other)).toEqual(known);
    }
  });

  it('on the internal door the answer is the same to the byte', async () => {
    await deliverAll('/internal/events', internal);
    expect(await booksOf(`project:${project}`)).toEqual({ events: EVENTS, ids: EVENTS, counted: EVENTS });
    expect(repeated().length).toBeGreaterThan(EVENTS * 0.04);
    for (const answers of repeated()) expect(new Set(answers).size).toBe(1);
  });
});
