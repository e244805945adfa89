import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { Checks } from '../../src/platform/checks';
import { Retention, type RetentionReport } from '../../src/platform/retention';
import { Database } from '../../src/platform/transaction';
import { RetentionJob } from '../../src/scheduler/retention.job';
import { PartitionService } from '../../src/usage/partition.service';
import { RollupService } from '../../src/usage/rollup.service';
import { startTestApp, TEST_ADMIN_KEY, type TestApp } from '../support/app';
import { type Books, readBooks } from '../support/books';
import { withClient } from '../support/postgres';
import { TestProcess } from '../support/processes';
import { Rest } from '../support/rest';

const DAY = 86_400_000;
const ACCOUNT = 'org:old';

let app: TestApp;
let admin: Rest;
let retention: Retention;

beforeEach(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
  retention = app.app.get(Retention);
});
afterEach(() => app.close());

const sql = <Row>(text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(app.databaseUrl, async (client) => (await client.query(text, values)).rows as Row[]);

const ago = (days: number): Date => new Date(Date.now() - days * DAY);

/** A UUIDv7 of an instant. */
function uuidv7(at: Date): string {
  const time = at.getTime().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

const scan = (id: string, at: Date, more: object = {}): object => ({
  ...{ id, account: ACCOUNT, type: 'scans', quantity: '2', occurred_at: at.toISOString() },
  ...more,
});

async function send(events: readonly object[]): Promise<string[]> {
  const { body } = await admin.post<{ verdicts: { status: string; reason?: string }[] }>('/api/v1/events', {
    ...{ events, backfill: true },
  });
  return body.verdicts.map(({ status, reason }) => reason ?? status);
}

/**
 * Records events now and then makes them as old as they say, with triggers off, as only an owner may: nobody can wait a
 * year. Their partitions are there before, as they were when they were recorded.
 */
async function sendThen(days: number, events: readonly object[]): Promise<void> {
  await sql(`select ensure_event_partition($1), ensure_key_partition($1)`, [ago(days)]);
  const verdicts = await send(events);
  expect(new Set(verdicts)).toEqual(new Set(['recorded']));
  const recently = `recorded_at > now() - interval '1 minute' and occurred_at < now() - interval '2 days'`;
  await sql(`set session_replication_role = replica;
    update usage_event set recorded_at = recorded_at - interval '${days} days' where ${recently};
    update event_key set recorded_at = recorded_at - interval '${days} days' where ${recently}`);
}

const parts = async (parent: string): Promise<string[]> => {
  const rows = await sql<{ part: string }>(
    `select inhrelid::regclass::text as part from pg_inherits where inhparent = $1::regclass order by 1`,
    [parent],
  );
  return rows.map(({ part }) => part);
};

async function count(table: string, where = 'true'): Promise<number> {
  return (await sql<{ n: number }>(`select count(*)::int as n from ${table} where ${where}`))[0]!.n;
}

async function broken(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, examples } of app.app.get(Checks).run(app.app.get(Database)))
    if (examples.length > 0) names.push(`${name} ${JSON.stringify(examples)}`);
  return names;
}

async function books(): Promise<Omit<Books, 'events' | 'keys'>> {
  await app.app.get(RollupService).catchUp();
  const { counters, windows, days, gauges } = await readBooks(app.databaseUrl);
  return { counters, windows, days, gauges };
}

const gone = (reports: readonly RetentionReport[]): string[] =>
  reports.flatMap(({ removals }) =>
    removals.map(({ what, rows, stayed }) => stayed ?? (rows ? `${rows} ${what}` : what)),
  );

/** What the account used in 500 days, and what that costs at a cent. */
async function charge(): Promise<[used: string, amount: string]> {
  const from = new Date(Math.floor(ago(500).getTime() / DAY) * DAY).toISOString();
  const price = { model: 'per_unit', unit_amount: '0.01' };
  await admin.put('/api/v1/meters/scans/list-price', { currency: 'USD', price });
  const asked = `account=${ACCOUNT}&from=${from}`;
  const usage = await admin.get<{ data: { quantity: string }[] }>(`/api/v1/meters/scans/usage?${asked}`);
  const charges = await admin.get<{ amount_exact: string }>(`/api/v1/meters/scans/charges?${asked}`);
  return [usage.body.data[0]!.quantity, charges.body.amount_exact];
}

/** Two old events under a time-ordered and another id, with a level, and the same from today. */
async function oldAndYoung(): Promise<{ old: object[]; young: object[] }> {
  const then = ago(450);
  const old = [
    ...[scan(uuidv7(then), then), scan('old-1', then)],
    scan('old-level', then, { type: 'volume.created', resource: 'disk', quantity: '10' }),
  ];
  await sendThen(450, old);
  const now = ago(0);
  const young = [scan(uuidv7(now), now), scan('young-1', now)];
  expect(await send(young)).toEqual(['recorded', 'recorded']);
  return { old, young };
}

describe('the job', () => {
  it('drops old weeks and their keys; what was made of them, and what is young, stays', async () => {
    const { young } = await oldAndYoung();
    const [before, eventParts, keyParts] = [
      await books(),
      await parts('usage_event'),
      await parts('event_key'),
    ];
    const used = await charge();
    expect(used).toEqual(['8', '0.08']);
    expect([await count('usage_event'), await count('event_key')]).toEqual([5, 5]);

    expect((await admin.send('POST', '/api/v1/jobs/retention/run')).status).toBe(200);
    expect([await count('usage_event'), await count('event_key')]).toEqual([2, 2]);
    expect(eventParts.filter((part) => !part.endsWith('_default'))).toHaveLength(6);
    expect(await parts('usage_event')).toEqual(eventParts.slice(1));
    expect(await parts('event_key')).toEqual(keyParts.slice(1));
    expect(await books()).toEqual(before);
    expect(await charge()).toEqual(used);
    expect(await count('level_change')).toBe(1);
    expect(await broken()).toEqual([]);

    expect(await send(young)).toEqual(['duplicate', 'duplicate']);
    expect(await books()).toEqual(before);
    expect(gone(await retention.run())).toEqual([]);
    expect(await parts('usage_event')).toEqual(eventParts.slice(1));
    await app.app.get(PartitionService).ensureAhead();
    expect(await parts('usage_event')).toEqual(eventParts.slice(1));
  });

  it('of two processes at once is one', async () => {
    await oldAndYoung();
    const other = await startTestApp({ databaseUrl: app.databaseUrl });
    try {
      const runs = await Promise.all([retention.run(), other.app.get(Retention).run()]);
      const dropped = runs.flatMap(gone).filter((what) => what.startsWith('usage_event_'));
      expect(dropped).toHaveLength(1);
      expect([await count('usage_event'), await count('event_key')]).toEqual([2, 2]);
    } finally {
      await other.close();
    }
  });

  it('waits for no reader for long, and comes back', async () => {
    await oldAndYoung();
    const reader = new Client({ connectionString: app.databaseUrl });
    await reader.connect();
    await reader.query('begin');
    await reader.query('select from usage_event limit 1');
    expect(gone(await retention.run())).toEqual(['somebody is reading or writing it']);
    // The keys stay as long as their events.
    expect([await count('usage_event'), await count('event_key')]).toEqual([5, 5]);
    await reader.query('commit');
    await reader.end();
    expect(gone(await retention.run())).toHaveLength(3);
    expect([await count('usage_event'), await count('event_key')]).toEqual([2, 2]);
  });

  it('keeps a month of ids as long as one of them was recorded lately', async () => {
    await oldAndYoung();
    const sentLate = scan(uuidv7(ago(450)), ago(0));
    expect(await send([sentLate])).toEqual(['recorded']);
    const keyParts = await parts('event_key');
    await retention.run();
    expect(await parts('event_key')).toEqual(keyParts);
    expect(await send([sentLate])).toEqual(['duplicate']);
    expect(await broken()).toEqual([]);
  });
});

describe('the schedule', () => {
  it('is once a day, whoever asks how often', async () => {
    const runs = jest.spyOn(retention, 'run');
    const job = app.app.get(RetentionJob, { strict: false });
    await Promise.all([job.run(), job.run()]);
    await job.run();
    expect(runs).toHaveBeenCalledTimes(1);
    const today = new Date().toISOString().slice(0, 10);
    expect(await sql(`select job, period, error from job_run where job = 'retention'`)).toEqual([
      { job: 'retention', period: today, error: null },
    ]);
  });
});

describe('a guard', () => {
  it('holds what it names, and everything younger', async () => {
    await oldAndYoung();
    let from: Date | null = ago(470);
    retention.guard('an invoice that is not final', async () => from);
    const held = await retention.run();
    expect(held.map(({ rule, heldBy }) => [rule, heldBy?.guard])).toEqual([
      ['outbox', undefined],
      ['deliveries', undefined],
      ['events', 'an invoice that is not final'],
      ['windows', undefined],
    ]);
    expect([gone(held), await count('usage_event')]).toEqual([[], 5]);
    from = ago(420);
    const [, , report] = await retention.run();
    expect(report).toMatchObject({ heldBy: { guard: 'an invoice that is not final', from } });
    expect(await count('usage_event')).toBe(2);
  });

  it('that changes its mind while a partition is being dropped keeps it', async () => {
    await oldAndYoung();
    let asked = 0;
    retention.guard('somebody', async () => (++asked === 1 ? null : ago(460)));
    expect(gone(await retention.run())).toEqual(['held by: somebody']);
    expect([await count('usage_event'), await count('event_key')]).toEqual([5, 5]);
    expect(await sql('select events_before from retention_horizon')).toEqual([{ events_before: null }]);
  });

  it('of usage itself keeps what a rollup has still to fold', async () => {
    await admin.put('/api/v1/meters/peaks', { unit: 'x', aggregation: 'max' });
    const peak = (id: string, quantity: string) => scan(id, ago(450), { type: 'peaks', quantity });
    await sendThen(450, [peak('high', '9'), peak('low', '4')]);
    const correction = { kind: 'void', id: 'void-high', account: ACCOUNT, target: { id: 'high' } };
    await sql(`update meter set created_at = now() - interval '460 days'`);
    expect(await send([correction])).toEqual(['recorded']);
    const [, , held] = await retention.run();
    expect(held!.heldBy?.guard).toBe('rollups that are not done');
    expect(await count('usage_event')).toBe(2);
    await app.app.get(RollupService).catchUp();
    expect(await sql('select trim_scale(max)::text as max from usage_window')).toEqual([{ max: '4' }]);
    await retention.run();
    expect(await count('usage_event')).toBe(0);
    expect(await sql('select trim_scale(max)::text as max from usage_window')).toEqual([{ max: '4' }]);
  });
});

describe('what is kept no longer', () => {
  it('is not answered with what happens to be left', async () => {
    await admin.put('/api/v1/meters/peaks', { unit: 'x', aggregation: 'max' });
    await oldAndYoung();
    const late = scan('late', ago(440), { type: 'peaks', quantity: '3' });
    expect(await send([late])).toEqual(['recorded']);
    await retention.run();
    const hour = Math.floor(ago(450).getTime() / 3_600_000) * 3_600_000;
    const ask = async (from: number) => {
      const stretch = `from=${new Date(from).toISOString()}&to=${new Date(hour + 3_600_000).toISOString()}`;
      return admin.get<{ errors?: { field: string; reason: string }[]; data: { quantity: string }[] }>(
        `/api/v1/meters/scans/usage?account=${ACCOUNT}&${stretch}`,
      );
    };
    // The whole hour is stored; half of it only the events would know.
    expect((await ask(hour)).body.data[0]!.quantity).toBe('4');
    const half = await ask(hour + 1_000);
    expect([half.status, half.body.errors?.[0]]).toEqual([
      409,
      { field: 'from', reason: expect.stringMatching(/^events recorded before .* are kept no longer/) },
    ]);
    const target = { id: 'late' };
    const correction = { kind: 'void', id: 'void-late', account: ACCOUNT, target };
    expect(await send([correction])).toEqual([expect.stringContaining('are kept no longer')]);
    expect(await send([{ ...correction, id: 'void-old', target: { id: 'old-1' } }])).toEqual([
      'target: no event old-1',
    ]);
  });

  it('holds for hours and days, with the distinct values behind them, and not for periods', async () => {
    await admin.put('/api/v1/meters/visitors', { unit: 'x', aggregation: 'unique' });
    const visit = (id: string, at: Date) =>
      scan(id, at, { type: 'visitors', resource: id, quantity: undefined });
    await sendThen(900, [visit('v1', ago(900)), visit('v2', ago(900)), scan('s1', ago(900))]);
    expect(await send([visit('v3', ago(0))])).toEqual(['recorded']);
    const before = await books();
    const values = (grain: string): Promise<number> => count('usage_value', `grain ${grain}`);
    expect([await values('= 0'), await values('> 0')]).toEqual([3, 6]);
    const [, , , windows] = await retention.run();
    expect(windows!.removals).toEqual([
      { what: 'usage_window', rows: 2 },
      { what: 'usage_day', rows: 2 },
      { what: 'usage_value', rows: 4 },
    ]);
    expect([await values('= 0'), await values('> 0')]).toEqual([3, 2]);
    const after = await books();
    expect(after.counters).toEqual(before.counters);
    expect(Object.keys(after.windows)).toHaveLength(Object.keys(before.windows).length - 2);
    const from = ago(901).toISOString().slice(0, 10);
    const answer = await admin.get<{ detail: string }>(
      `/api/v1/meters/scans/usage?account=${ACCOUNT}&window=day&from=${from}T00:00:00Z`,
    );
    expect([answer.status, answer.body.detail]).toEqual([
      409,
      expect.stringMatching(/^from: hours and days before .* are kept no longer$/),
    ]);
    expect(await broken()).toEqual([]);
  });
});

describe('the database itself', () => {
  it.each<[string, string]>([
    [
      'this week',
      `select drop_event_partition('usage_event_' || to_char(date_trunc('week', now() at time zone 'UTC'), 'YYYYMMDD'))`,
    ],
    [
      'the month before the last',
      `select drop_key_partition('event_key_' || to_char(now() - interval '2 months', 'YYYYMM'), now() - interval '36 days' - interval '2 months')`,
    ],
    ['keys of last week', `select trim_old_rows('event_key_opaque', now() - interval '7 days', 0, 100)`],
    ['the hours of last week', `select trim_old_rows('usage_window', now() - interval '7 days', 0, 100)`],
    ['this hour of the outbox', `select trim_old_rows('outbox', now(), 0, 100)`],
    ['transfers', `select trim_old_rows('transfer', now() - interval '3 years', 0, 100)`],
    ['audit entries', `select trim_old_rows('audit_entry', now() - interval '3 years', 0, 100)`],
  ])('refuses to drop %s', async (_what, statement) => {
    await expect(app.app.get(Database).query(statement)).rejects.toMatchObject({ code: '23001' });
  });

  it('lets the service drop by these functions alone', async () => {
    await oldAndYoung();
    const database = app.app.get(Database);
    const [part] = await parts('usage_event');
    for (const statement of [
      `drop table ${part}`,
      'delete from usage_event',
      `update retention_horizon set events_before = now()`,
      'delete from outbox',
      'delete from webhook_delivery',
    ]) {
      await expect(database.query(statement)).rejects.toThrow(/must be owner|permission denied|append-only/);
    }
    expect(await database.query('select drop_event_partition($1) as it', ['usage_event'])).toEqual([
      { it: false },
    ]);
    expect(await database.query('select drop_event_partition($1) as it', ['account'])).toEqual([
      { it: false },
    ]);
  });
});

describe('messages and deliveries', () => {
  it('go when they are old and done; what is due or parked stays', async () => {
    await sql(`insert into outbox (bucket, account_id, id, topic, key, payload, state, created_at, finished_at)
      select 0, 0, gen_random_uuid(), 'call', state || '-' || days, '{}', state, now() - days * interval '1 day',
        case when state = 'done' then now() - days * interval '1 day' end
      from unnest(array['due', 'done', 'parked']) state, unnest(array[29, 31, 400]) days`);
    await sql(`insert into webhook_delivery (bucket, account_id, id, endpoint_id, event_id, attempt, at, duration_ms)
      select 0, 0, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, now() - days * interval '1 day', 5
      from unnest(array[1, 89, 91, 400]) days`);
    const dry = await retention.run({ dryRun: true });
    expect(gone(dry)).toEqual(['2 outbox', '2 webhook_delivery']);
    expect([await count('outbox'), await count('webhook_delivery')]).toEqual([9, 4]);
    expect(gone(await retention.run())).toEqual(gone(dry));
    expect(await sql(`select key from outbox where state = 'done'`)).toEqual([{ key: 'done-29' }]);
    expect([await count('outbox'), await count('webhook_delivery')]).toEqual([7, 2]);
    expect(gone(await retention.run())).toEqual([]);
  });

  it('go in batches from a table of many pages', async () => {
    await sql(`insert into outbox (bucket, account_id, id, topic, key, payload, state, finished_at)
      select 0, 0, gen_random_uuid(), 'call', 'k' || i, json_build_object('words', repeat('x', 900))::jsonb, 'done',
        now() - case when i % 3 = 0 then interval '1 day' else interval '60 days' end
      from generate_series(1, 9000) i`);
    expect(gone(await retention.run())).toEqual(['6000 outbox']);
    expect(await count('outbox')).toBe(3000);
  });
});

describe('tallyhouse retention --dry-run', () => {
  it('prints what would go, and lets nothing go', async () => {
    await oldAndYoung();
    const run = async (...args: string[]) => {
      const child = new TestProcess('src/cli/tallyhouse.ts', ['retention', ...args], {
        ...{ DATABASE_URL: app.databaseUrl, ADMIN_API_KEY: TEST_ADMIN_KEY, DATABASE_ALLOW_UNSAFE: 'true' },
        API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef',
      });
      return { code: await child.exited, output: child.output };
    };
    const { code, output } = await run('--dry-run');
    expect(code).toBe(0);
    const instants = output.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T').replace(/_\d{6,8}\b/g, '_N');
    expect(instants).toBe(
      [
        'outbox before T: nothing',
        'deliveries before T: nothing',
        'events before T',
        '    usage_event_N',
        '    event_key_N',
        '    event_key_opaque: 2 rows',
        'windows before T: nothing',
        '',
      ].join('\n'),
    );
    expect([await count('usage_event'), await count('event_key')]).toEqual([5, 5]);
    expect((await run()).code).toBe(2);
  });
});
