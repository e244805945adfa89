import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CarefulCommit } from '../../src/usage/careful-commit.service';
import { Database } from '../../src/platform/transaction';
import { startTestApp, type TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { EightWriters } from './eight-writers';
import { HeldLock } from './held-lock';
import { scaled } from './scale';

let app: TestApp;
let admin: Rest;
let writers: EightWriters;

beforeAll(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
  writers = new EightWriters(app.app);
});
afterAll(async () => {
  await writers.close();
  await app.close();
});

const one = async <Row>(sql: string, values: unknown[] = []): Promise<Row> =>
  withClient(app.databaseUrl, async (client) => (await client.query(sql, values)).rows[0] as Row);

/** Deadlocks Postgres has found in this database so far; its statistics come with a second's delay unless asked for. */
const deadlocks = async (): Promise<number> => {
  await sleep(1_200);
  const { n } = await one<{ n: string }>(
    'select deadlocks as n from pg_stat_database where datname = current_database()',
  );
  return Number(n);
};

const counted = (account: string): Promise<{ events: number; sum: number }> =>
  one(
    `select (select count(*)::int from usage_event where account_id = a.id) as events,
            (select coalesce(sum(sum), 0)::int from usage_counter where account_id = a.id) as sum
     from account a where key = $1`,
    [account],
  );

interface Verdict {
  id: string;
  status: string;
  reason?: string;
}

describe('row 8: fifty clients send the same batch at once', () => {
  it('one of them records each event, nobody hears of a lock, and Postgres found no deadlock', async () => {
    const before = await deadlocks();
    for (let round = 0; round < scaled(6); round++) {
      const account = `org:round-${round}`;
      const ids = Array.from({ length: 50 }, () => randomUUID());
      const events = ids.map((id) => ({ id, account, type: 'scans', quantity: '1' }));
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, client) => {
          // Everybody in an order of his own; the service must sort.
          const turned = [...events.slice(client), ...events.slice(0, client)];
          return admin.post<{ verdicts: Verdict[] }>('/api/v1/events', {
            events: client % 2 === 0 ? turned : turned.reverse(),
          });
        }),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const recorded = answers.flatMap(({ body }) =>
        body.verdicts.filter(({ status }) => status === 'recorded'),
      );
      expect(recorded.map(({ id }) => id).sort()).toEqual([...ids].sort());
      const others = answers
        .flatMap(({ body }) => body.verdicts)
        .filter(({ status }) => status !== 'recorded');
      expect(new Set(others.map(({ status }) => status))).toEqual(new Set(['duplicate']));
      expect(await counted(account)).toEqual({ events: 50, sum: 50 });
    }
    expect(await deadlocks()).toBe(before);
  });
});

describe('decision 11: fifty equal ids over eight connections', () => {
  it('never deadlock, on the fast path and on the careful one', async () => {
    const before = await deadlocks();
    for (let round = 0; round < scaled(30); round++) {
      const account = `org:equal-${round}`;
      const ids = Array.from({ length: 50 }, () => randomUUID());
      const type = round % 2 === 0 ? 'scans' : 'volume.created';
      const groups = await Promise.all(
        writers.connections.map(() =>
          writers.prepare(
            ids.map((id, i) => ({ id, account, type, resource: `r${i % 5}` })),
            new Date(),
          ),
        ),
      );
      const outcomes = await Promise.all(
        writers.connections.map((connection, i) => connection.commit(groups[i]!)),
      );
      const recorded = outcomes.flat().filter(({ status }) => status === 'recorded');
      expect(recorded).toHaveLength(50);
      expect(outcomes.flat().filter(({ status }) => status === 'duplicate')).toHaveLength(350);
    }
    expect(await deadlocks()).toBe(before);
  });
});

describe('row 20: a deadlock', () => {
  /** The service looks for a deadlock soon, the other side late: it is always the service that is chosen. */
  const IMPATIENT = `alter database %I set deadlock_timeout = '100ms'`;
  const WAITING = `select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and application_name like 'tallyhouse%'`;
  const locks = (account: string): string =>
    `select 1 from usage_counter c join account a on a.id = c.account_id where a.key = '${account}' for update of c`;

  async function deadlockApp(): Promise<TestApp> {
    const other = await startTestApp();
    const name = new URL(other.databaseUrl).pathname.slice(1);
    await withClient(other.databaseUrl, (client) => client.query(IMPATIENT.replace('%I', name)));
    return other;
  }

  it('with somebody who locks in the opposite order is invisible to every client', async () => {
    const other = await deadlockApp();
    const rest = new Rest(other.rest, other.adminKey);
    const scan = (account: string): object => ({ id: randomUUID(), account, type: 'scans', quantity: '1' });
    const batch = (): object => ({
      events: ['org:first', 'org:last'].flatMap((account) => Array.from({ length: 15 }, () => scan(account))),
    });
    expect((await rest.post('/api/v1/events', batch())).status).toBe(200);
    const order = await withClient(other.databaseUrl, (client) =>
      client.query<{ key: string }>(`select key from account order by bucket, id`),
    );
    const [first, last] = order.rows.map(({ key }) => key) as [string, string];
    const rounds = scaled(20);
    for (let round = 0; round < rounds; round++) {
      // Whoever locks downwards while the service locks upwards meets it in the middle.
      const outside = await HeldLock.take(other.databaseUrl, `set deadlock_timeout = '10s'`, locks(last));
      const answering = rest.post<{ verdicts: Verdict[] }>('/api/v1/events', batch());
      while ((await outside.client.query<{ n: number }>(WAITING)).rows[0]!.n === 0) await sleep(2);
      await outside.client.query(locks(first));
      await outside.release();
      const { status, body } = await answering;
      expect([status, new Set(body.verdicts.map((verdict) => verdict.status))]).toEqual([
        200,
        new Set(['recorded']),
      ]);
    }
    await sleep(1_200);
    const { rows } = await withClient(other.databaseUrl, (client) =>
      client.query<{ found: number; events: number; sum: number }>(
        `select (select deadlocks::int from pg_stat_database where datname = current_database()) as found,
          (select count(*)::int from usage_event) as events, (select sum(sum)::int from usage_counter) as sum`,
      ),
    );
    await other.close();
    expect(rows[0]!.found).toBeGreaterThan(rounds / 2);
    expect(rows[0]).toMatchObject({ events: 30 * (rounds + 1), sum: 30 * (rounds + 1) });
  });
});

describe('decision 14: a key whose writer is still under way', () => {
  async function inFlight(id: string, how: 'commit' | 'rollback'): Promise<Verdict[]> {
    const account = 'org:in-flight';
    const [event] = await writers.prepare([{ id, account }]);
    let finish: () => void = () => undefined;
    const held = new Promise<void>((done) => (finish = done));
    const writing = app.app.get(Database).transaction(async (tx) => {
      await app.app.get(CarefulCommit).store(tx, [event!]);
      await held;
      if (how === 'rollback') throw new Error('given up');
    });
    writing.catch(() => undefined);
    await sleep(50);
    const body = { id, account, type: 'scans', quantity: '1' };
    const single = admin.post<Verdict>('/api/v1/events', body);
    const batch = admin.post<{ verdicts: Verdict[] }>('/api/v1/events', {
      events: [body, ...Array.from({ length: 25 }, () => ({ ...body, id: randomUUID() }))],
    });
    // Neither of them may decide before the other writer has: they wait, in whatever lane they are.
    await sleep(250);
    finish();
    await writing.catch(() => undefined);
    const answers = [(await single).body, ...(await batch).body.verdicts];
    return answers.filter((verdict) => verdict.id === id);
  }

  it('that commits, is a duplicate for everybody else', async () => {
    const verdicts = await inFlight('under-way', 'commit');
    expect(verdicts.map(({ status }) => status)).toEqual(['duplicate', 'duplicate']);
    expect(await stored('under-way')).toBe(1);
  });

  it('that gives up, is recorded by one of the others', async () => {
    const verdicts = await inFlight('given-up', 'rollback');
    expect(verdicts.map(({ status }) => status).sort()).toEqual(['duplicate', 'recorded']);
    expect(await stored('given-up')).toBe(1);
  });

  const stored = async (id: string): Promise<number> =>
    (await one<{ n: number }>('select count(*)::int as n from usage_event where event_id = $1', [id])).n;
});
