import { randomUUID } from 'node:crypto';
import { PartitionService } from '../../src/usage/partition.service';
import { startTestApp, type TestApp } from '../support/app';
import { randomOf, shuffled } from '../support/event-mix';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { EightWriters } from './eight-writers';

interface Verdict {
  id: string;
  status: string;
  fields?: string[];
}

let app: TestApp;
let admin: Rest;

beforeEach(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
});
afterEach(() => app.close());

const sql = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(app.databaseUrl, async (client) => (await client.query(text, values)).rows as Row[]);

const send = (body: unknown): Promise<{ status: number; body: Verdict & { verdicts: Verdict[] } }> =>
  admin.post<Verdict & { verdicts: Verdict[] }>('/api/v1/events', body);

/** A UUIDv7 of an instant. */
function uuidv7(at: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

const stored = async (): Promise<{ events: number; keys: number; sum: number }> =>
  (
    await sql<{ events: number; keys: number; sum: number }>(
      `select (select count(*)::int from usage_event) as events, (select count(*)::int from event_key) as keys,
              (select coalesce(sum(sum), 0)::int from usage_counter) as sum`,
    )
  )[0]!;

const scan = (id: string, more: object = {}): object => ({
  id,
  account: 'org:acme',
  type: 'scans',
  quantity: '1',
  ...more,
});

/** The partition of usage_event that takes what is recorded now. */
const THIS_WEEK = `select 'usage_event_' || to_char(date_trunc('week', now() at time zone 'UTC'), 'YYYYMMDD') as part`;

describe('decision 15: a partition is missing', () => {
  it('an installation that slept for months makes the partition of this week and stores', async () => {
    const [{ part } = { part: '' }] = await sql<{ part: string }>(THIS_WEEK);
    await sql(`drop table ${part}`);
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, (_, i) => send(scan(`single-${i}`))),
      send({ events: Array.from({ length: 100 }, (_, i) => scan(`batch-${i}`)) }),
      send(scan('level', { type: 'volume.created', resource: 'disk', account: 'org:levels' })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([...Array(20).fill(201), 200, 201]);
    expect(answers[20]!.body.verdicts.every(({ status }) => status === 'recorded')).toBe(true);
    expect(await sql(`select count(*)::int as n from ${part}`)).toEqual([{ n: 121 }]);
  });

  it('keys of a month without partition wait in the default one, and move when it is made, under load', async () => {
    const [{ part } = { part: '' }] = await sql<{ part: string }>(
      `select 'event_key_' || to_char(now() at time zone 'UTC', 'YYYYMM') as part`,
    );
    await sql(`alter table event_key detach partition ${part}`);
    await sql(`drop table ${part}`);
    const ids = Array.from({ length: 2_000 }, () => uuidv7(Date.now()));
    const batches = Array.from({ length: 20 }, (_, i) =>
      ids.slice(i * 100, (i + 1) * 100).map((id) => scan(id)),
    );
    const first = Promise.all(batches.map((events) => send({ events })));
    const again = first.then(() => Promise.all(batches.map((events) => send({ events }))));
    await app.app.get(PartitionService).ensureAhead();
    const verdicts = [...(await first), ...(await again)].flatMap(({ body }) => body.verdicts);
    const count = (status: string): number => verdicts.filter((verdict) => verdict.status === status).length;
    expect([count('recorded'), count('duplicate')]).toEqual([2_000, 2_000]);
    expect(await stored()).toEqual({ events: 2_000, keys: 2_000, sum: 2_000 });
    await app.app.get(PartitionService).ensureAhead();
    expect(await sql('select count(*)::int as n from event_key_default')).toEqual([{ n: 0 }]);
    expect(await sql(`select count(*)::int as n from ${part}`)).toEqual([{ n: 2_000 }]);
  });
});

/** Cuts this week's partition in two at an instant of the database that is about to come. */
const CUT_THIS_WEEK = `
  do $$
  declare
    week timestamptz := date_trunc('week', now() at time zone 'UTC') at time zone 'UTC';
    part text := 'usage_event_' || to_char(week at time zone 'UTC', 'YYYYMMDD');
    cut timestamptz := now() + interval '1500 milliseconds';
  begin
    execute format('drop table %I', part);
    execute format('create table %I partition of usage_event for values from (%L) to (%L)', part, week, cut);
    execute format('create table %I partition of usage_event for values from (%L) to (%L)',
      part || '_after', cut, week + interval '7 days');
  end $$`;

describe('decision C: once is once', () => {
  it('8,000 ids delivered four times around partition boundaries from eight connections', async () => {
    const random = randomOf(11);
    const monthStart = Date.parse(`${new Date().toISOString().slice(0, 7)}-01T00:00:00Z`);
    // Keys on both sides of a boundary between months, and keys without a time; events on both sides of a boundary now.
    const ids = Array.from({ length: 8_000 }, (_, i) =>
      i % 2 === 0 ? uuidv7(monthStart - 500 + Math.floor(random() * 1_000)) : randomUUID(),
    );
    const writers = new EightWriters(app.app);
    const sketches = ids.map((id, i) => ({ id, account: `org:c${i % 20}` }));
    const deliveries = [1, 2, 3, 4].flatMap(() => {
      const mixed = shuffled(sketches, random);
      return Array.from({ length: 40 }, (_, i) => mixed.slice(i * 200, (i + 1) * 200));
    });
    const groups = shuffled(deliveries, random);
    await sql(CUT_THIS_WEEK);
    const outcomes: string[] = [];
    await Promise.all(
      writers.connections.map(async (connection) => {
        for (let group = groups.pop(); group; group = groups.pop()) {
          const prepared = await writers.prepare(group, new Date());
          for (const { status } of await connection.commit(prepared)) outcomes.push(status);
        }
      }),
    );
    await writers.close();
    const count = (status: string): number => outcomes.filter((each) => each === status).length;
    expect([count('recorded'), count('duplicate')]).toEqual([8_000, 24_000]);
    expect(await stored()).toEqual({ events: 8_000, keys: 8_000, sum: 8_000 });
    const parts = await sql<{ part: string }>(
      `select distinct tableoid::regclass::text as part from usage_event
       union all select distinct tableoid::regclass::text from event_key order by 1`,
    );
    expect(parts.map(({ part }) => part.replace(/\d{6,8}/, 'N'))).toEqual([
      'event_key_N',
      'event_key_N',
      'event_key_opaque',
      'usage_event_N',
      'usage_event_N_after',
    ]);
  });

  /**
   * Nobody can wait two months, so the events are made two months old where they lie: with triggers off, as only an owner
   * may, their rows move into the partitions of that time. What is tried is the retry, and it is the service's own.
   */
  const AGE_BY_TWO_MONTHS = `
    select ensure_event_partition(now() - interval '61 days'), ensure_key_partition(now() - interval '61 days');
    set session_replication_role = replica;
    update usage_event set recorded_at = recorded_at - interval '61 days', occurred_at = occurred_at - interval '61 days';
    update event_key set recorded_at = recorded_at - interval '61 days', occurred_at = occurred_at - interval '61 days'`;

  it('a retry without a timestamp two months later is still a duplicate', async () => {
    const ids = [uuidv7(Date.now() - 61 * 86_400_000), randomUUID(), 'plain-text-id'];
    const events = ids.flatMap((id) => [
      scan(id),
      scan(id, { account: 'org:b', properties: { region: 'eu' } }),
    ]);
    expect((await send({ events })).body.verdicts.map(({ status }) => status)).toEqual(
      Array(6).fill('recorded'),
    );
    await sql(AGE_BY_TWO_MONTHS);
    const [{ parts } = { parts: 0 }] = await sql<{ parts: number }>(
      `select count(distinct tableoid)::int as parts from usage_event where recorded_at < now() - interval '60 days'`,
    );
    expect(parts).toBe(1);
    const before = await stored();
    for (const body of [{ events }, ...events.map((event) => ({ events: [event] }))]) {
      const { body: answer } = await send(body);
      expect(new Set(answer.verdicts.map(({ status }) => status))).toEqual(new Set(['duplicate']));
    }
    const other = await send({ events: ids.map((id) => scan(id, { quantity: '2' })) });
    expect(other.body.verdicts.map(({ status, fields }) => [status, fields])).toEqual(
      ids.map(() => ['conflict', ['quantity']]),
    );
    expect(await stored()).toEqual(before);
  });
});
