import { type TestApp, startTestApp } from '../support/app';
import { type Books, readBooks } from '../support/books';
import {
  MIXED_METERS,
  type MixedEvent,
  daysAgo,
  mixedEvents,
  mixedMeter,
  randomOf,
  shuffled,
} from '../support/event-mix';
import { MeteringClient } from '../support/metering-client';
import { Rest } from '../support/rest';
import { RollupService } from '../../src/usage/rollup.service';

const EVENTS = 10_000;
const BATCH = 500;

/** The part of the books that belongs to one door, its accounts named alike in all of them. */
function booksOf(books: Books, door: string): unknown {
  const mine = (rows: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(rows)
        .filter(([name]) => name.startsWith(`${door}:`))
        .map(([name, value]) => [name.slice(door.length), value]),
    );
  return {
    counters: mine(books.counters),
    windows: mine(books.windows),
    days: mine(books.days),
    gauges: mine(books.gauges),
  };
}

function inBatches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, i) =>
    items.slice(i * BATCH, (i + 1) * BATCH),
  );
}

describe('every write door', () => {
  let app: TestApp;
  let rest: Rest;
  let grpc: MeteringClient;

  beforeAll(async () => {
    app = await startTestApp();
    rest = new Rest(app.rest, app.adminKey);
    grpc = new MeteringClient(app.grpc, app.adminKey);
    for (const key of Object.keys(MIXED_METERS)) {
      expect((await rest.put(`/api/v1/meters/${key}`, mixedMeter(key))).status).toBe(200);
    }
  });
  afterAll(async () => {
    grpc.close();
    await app.close();
  });

  const doors: Record<string, (events: readonly MixedEvent[]) => Promise<void>> = {
    native: async (events) => {
      for (const batch of inBatches(events)) {
        const { status } = await rest.post('/api/v1/events', { events: batch });
        expect(status).toBe(200);
      }
    },
    single: async (events) => {
      const queue = [...events];
      const worker = async (): Promise<void> => {
        for (let next = queue.pop(); next; next = queue.pop()) {
          const { status } = await rest.post('/api/v1/events', next);
          expect([200, 201]).toContain(status);
        }
      };
      await Promise.all(Array.from({ length: 48 }, worker));
    },
    cloudevents: async (events) => {
      for (const batch of inBatches(events)) {
        const body = batch.map(({ account, occurred_at, quantity, resource, properties, ...rest }) => ({
          specversion: '1.0',
          subject: account,
          time: occurred_at,
          data: { quantity, resource, ...properties },
          ...rest,
        }));
        const { status } = await rest.post('/api/v1/events', body, 'application/cloudevents-batch+json');
        expect(status).toBe(200);
      }
    },
    grpc: async (events) => {
      await Promise.all(inBatches(events).map((batch) => grpc.recordEvents({ events: batch.map(toGrpc) })));
    },
    stream: async (events) => {
      const requests = inBatches(events).map((batch, i) => ({
        events: batch.map(toGrpc),
        batchId: String(i),
      }));
      const answers = await grpc.streamEvents(requests);
      expect(answers.map((answer) => answer.batchId)).toEqual(requests.map((request) => request.batchId));
    },
  };

  it('gives the same totals for the same events in any order and with any duplication', async () => {
    const events = mixedEvents(7, { count: EVENTS, start: daysAgo(10), hours: 200 });
    for (const [seed, [door, send]] of Object.entries(doors).entries()) {
      const random = randomOf(seed + 1);
      const copies = events.flatMap((event) => (random() < 0.15 ? [event, event] : [event]));
      await send(
        shuffled(copies, random).map((event) => ({ ...event, account: `${door}:${event.account}` })),
      );
    }
    await app.app.get(RollupService).catchUp();
    const books = await readBooks(app.databaseUrl);
    expect(books.events).toBe(EVENTS * Object.keys(doors).length);
    expect(books.keys).toBe(books.events);
    const first = booksOf(books, 'native');
    for (const door of Object.keys(doors))
      expect({ door, ...(booksOf(books, door) as object) }).toEqual({ door, ...(first as object) });
    expectSums(books, events);
  }, 600_000);
});

/** The sum meter against a sum that a reader can follow: whole millionths added up as integers. */
function expectSums(books: Books, events: readonly MixedEvent[]): void {
  const expected = new Map<string, bigint>();
  for (const event of events.filter(({ type }) => type === 'mixed.amount')) {
    const millionths = BigInt(event.quantity!.replace('.', ''));
    expected.set(event.account, (expected.get(event.account) ?? 0n) + millionths);
  }
  const stored = new Map<string, bigint>();
  for (const [name, value] of Object.entries(books.counters)) {
    const match = /^native:(\S+) mixed\.sum .*[+Z]\d* ?$/.exec(name.trimEnd() + ' ');
    if (!match || name.includes('{')) continue;
    const [whole, fraction = ''] = value.split(' ')[0]!.split('.');
    stored.set(match[1]!, (stored.get(match[1]!) ?? 0n) + BigInt(whole! + fraction.padEnd(6, '0')));
  }
  expect(Object.fromEntries([...stored].sort())).toEqual(Object.fromEntries([...expected].sort()));
}

function toGrpc(event: MixedEvent): object {
  const { occurred_at: occurredAt, properties, ...rest } = event;
  const at = Date.parse(occurredAt);
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, stringValue]) => [name, { stringValue }]),
  );
  return { ...rest, occurredAt: { seconds: String(at / 1_000), nanos: 0 }, properties: { fields } };
}
