import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { Controller, Injectable } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequireScope } from '../../src/platform/auth/require-scope';
import { apartFromCall, currentCall } from '../../src/platform/call-life';
import { Lock } from '../../src/platform/lock';
import { Database } from '../../src/platform/transaction';
import { withClient } from '../support/postgres';
import { ADMIN_KEY, ECHO_PACKAGE, openWorld, rest, rpc, type Json, type World } from './door-world';

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
/** Far longer than any test waits: whoever sees the end of it has not stopped. */
const LONG = 'select pg_sleep(60)';

/** What became of each piece of work, by the text it was called with. */
const outcomes = new Map<string, string>();
const began: string[] = [];

type Work = (database: Database, lock: Lock) => Promise<unknown>;

const insert = (id: number): string => `insert into box values (${id})`;

const WORK: Record<string, Work> = {
  'one long read': (database) => database.query(LONG),
  'a long read in a transaction': (database) =>
    database.transaction(async (tx) => {
      await tx.query(insert(1));
      await tx.query(LONG);
    }),
  'a write after a while': async (database) => {
    await database.query('select 1');
    await sleep(600);
    await database.query(insert(2));
  },
  'a transaction that is slow to commit': (database) =>
    database.transaction(async (tx) => {
      await tx.query(insert(3));
      await sleep(600);
    }),
  'a transaction after a while': async (database) => {
    await sleep(600);
    await database.transaction((tx) => tx.query(insert(4)));
  },
  'work that others wait for': (database) =>
    apartFromCall(async () => {
      await sleep(600);
      await database.query(insert(5));
    }),
  'work under a lock': (database, lock) =>
    lock.withLock('call-life', 5_000, async () => {
      await sleep(600);
      await database.query(insert(6));
    }),
  'work that leaves more behind': async (database) => {
    void sleep(300).then(() => database.query(insert(7)));
  },
  quick: async (database) => database.transaction((tx) => tx.query(insert(8))),
};

@Injectable()
@Controller()
class Doors {
  constructor(
    private readonly database: Database,
    private readonly lock: Lock,
  ) {}

  @GrpcMethod('EchoService', 'Echo')
  @RequireScope('usage:read')
  async echo({ text }: { text: string }): Promise<{ text: string }> {
    began.push(text);
    try {
      await WORK[text]!(this.database, this.lock);
      outcomes.set(text, 'done');
    } catch (error) {
      outcomes.set(text, (error as { code: string }).code);
      throw error;
    }
    return { text };
  }
}

let world: World;
let client: Client;

beforeAll(async () => {
  world = await openWorld({ controllers: [Doors] });
  client = new Client(world.grpcUrl, credentials.createInsecure());
  await withClient(world.database.url, (sql) =>
    sql.query('create table box (id int); grant all on box to tallyhouse_app'),
  );
});
afterAll(async () => {
  client.close();
  await world.close();
});
beforeEach(async () => {
  outcomes.clear();
  began.length = 0;
  await withClient(world.database.url, (sql) => sql.query('truncate box'));
});

interface Patience {
  readonly deadlineMs?: number;
  readonly cancelAfterMs?: number;
  readonly key?: string;
}

/** The code the caller gets. */
function call(text: string, { deadlineMs, cancelAfterMs, key = ADMIN_KEY }: Patience): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = (
    ECHO_PACKAGE['echo.v1.EchoService'] as Record<string, Json>
  )['Echo'];
  const metadata = new Metadata();
  metadata.set('x-api-key', key);
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve) => {
    const done = (error: ServiceError | null): void => resolve(error?.code ?? 0);
    const made = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { text },
      metadata,
      options,
      done,
    );
    if (cancelAfterMs !== undefined) setTimeout(() => made.cancel(), cancelAfterMs);
  });
}

async function until(what: () => boolean | Promise<boolean>, patienceMs = 5_000): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await what())) {
    if (performance.now() > giveUpAt) throw new Error('it did not come about');
    await sleep(20);
  }
}

const boxes = (): Promise<number[]> =>
  withClient(world.database.url, async (sql) =>
    (await sql.query('select id from box order by id')).rows.map(({ id }) => id as number),
  );

/** How many statements of ours Postgres is at. */
const running = (): Promise<number> =>
  withClient(world.database.url, async (sql) => {
    const { rows } = await sql.query(
      `select count(*)::int as n from pg_stat_activity
        where query = $1 and state = 'active' and datname = current_database()`,
      [LONG],
    );
    return rows[0].n as number;
  });

describe('a call that its caller cancels', () => {
  it('stops its running statement, in Postgres too', async () => {
    const answered = call('one long read', { cancelAfterMs: 500 });
    await until(async () => (await running()) === 1);
    expect(await answered).toBe(CANCELLED);
    await until(() => outcomes.has('one long read'));
    expect(outcomes.get('one long read')).toBe('cancelled');
    await until(async () => (await running()) === 0);
  });

  it('is rolled back with its running transaction', async () => {
    expect(await call('a long read in a transaction', { cancelAfterMs: 300 })).toBe(CANCELLED);
    await until(() => outcomes.has('a long read in a transaction'));
    expect(outcomes.get('a long read in a transaction')).toBe('cancelled');
    expect([await running(), await boxes()]).toEqual([0, []]);
  });

  it('does not begin its next statement', async () => {
    expect(await call('a write after a while', { cancelAfterMs: 200 })).toBe(CANCELLED);
    await until(() => outcomes.has('a write after a while'));
    expect([outcomes.get('a write after a while'), await boxes()]).toEqual(['cancelled', []]);
  });

  it('leaves every connection of the pool to those who come after it', async () => {
    for (let round = 0; round < 6; round++) await call('one long read', { cancelAfterMs: 100 });
    await until(async () => (await running()) === 0);
    const after = await Promise.all(Array.from({ length: 8 }, () => call('quick', {})));
    expect(after).toEqual(new Array(8).fill(0));
    expect(world.app.get(Database).load().total).toBeLessThanOrEqual(4);
  });
});

describe('a call whose deadline passes', () => {
  it.each([
    'a long read in a transaction',
    'a write after a while',
    'a transaction that is slow to commit',
    'a transaction after a while',
  ])('is DEADLINE_EXCEEDED and writes nothing: %s', async (text) => {
    expect(await call(text, { deadlineMs: 300 })).toBe(DEADLINE_EXCEEDED);
    await until(() => outcomes.has(text));
    // The caller's own clock may have been a moment quicker, and its cancellation here first.
    expect(outcomes.get(text)).toMatch(/^(deadline-exceeded|cancelled)$/);
    expect(await boxes()).toEqual([]);
  });

  it('while its key is looked up never reaches its work', async () => {
    const body = { name: 'late', scopes: ['usage:read'], accounts: ['*'] };
    const { key } = (await rest(world, ['POST', '/api/v1/api-keys'], { body })).body;
    await withClient(world.database.url, async (sql) => {
      await sql.query('begin; lock table api_key in access exclusive mode');
      expect(await call('quick', { deadlineMs: 300, key })).toBe(DEADLINE_EXCEEDED);
      await sql.query('rollback');
    });
    // The key is known by now, so the question that was asked for the late call has been answered.
    expect(await call('work that leaves more behind', { key })).toBe(0);
    expect(began).toEqual(['work that leaves more behind']);
    await until(async () => (await boxes()).length === 1);
  });

  it('with time to spare is answered', async () => {
    expect(await call('quick', { deadlineMs: 5_000 })).toBe(0);
    expect(await boxes()).toEqual([8]);
  });
});

describe('the end of a call does not end', () => {
  it.each([
    ['work that others wait for', 5],
    ['work under a lock', 6],
  ])('%s', async (text, id) => {
    expect(await call(text, { cancelAfterMs: 200 })).toBe(CANCELLED);
    await until(() => outcomes.has(text));
    expect([outcomes.get(text), await boxes()]).toEqual(['done', [id]]);
  });

  it('what an answered call left running', async () => {
    expect(await call('work that leaves more behind', {})).toBe(0);
    await until(async () => (await boxes()).length === 1);
    expect(await boxes()).toEqual([7]);
  });

  it('other calls, and there is none where nobody calls', async () => {
    const patient = call('a write after a while', {});
    expect(await call('one long read', { cancelAfterMs: 100 })).toBe(CANCELLED);
    expect(await patient).toBe(0);
    expect((await rpc(world.grpcUrl, 'Forgotten')).code).toBe(12);
    expect(currentCall()).toBeUndefined();
  });
});
