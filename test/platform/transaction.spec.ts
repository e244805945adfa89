import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { DomainError } from '../../src/core/errors';
import { Database } from '../../src/platform/transaction';
import { createTestDatabase, withClient, type TestDatabase } from '../support/postgres';

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await createTestDatabase();
  await withClient(test.url, (client) =>
    client.query('create table box (id int primary key, amount numeric(38,15))'),
  );
  database = new Database({ databaseUrl: test.url, databasePoolSize: 4 });
});

afterAll(async () => {
  await database.close();
  await test.drop();
});

beforeEach(() => database.query('delete from box'));

describe('what comes back', () => {
  it('keeps numbers exact and times as instants', async () => {
    const [row] = await database.query(
      `select 0.1::numeric + 0.2 as sum, '{0.1,12345678901234567890.5}'::numeric[] as sums, 9007199254740993::int8 as big,
              '{9007199254740993}'::int8[] as bigs, timestamptz '2024-03-31 02:30+05:30' as at, date '2024-02-29' as day`,
    );
    expect(row).toEqual({
      sum: '0.3',
      sums: ['0.1', '12345678901234567890.5'],
      big: '9007199254740993',
      bigs: ['9007199254740993'],
      at: new Date('2024-03-30T21:00:00Z'),
      day: '2024-02-29',
    });
  });

  it('plans a named statement once per connection', async () => {
    const statement = { name: 'add', text: 'select $1::int + 1 as next' };
    expect(await database.query(statement, [1])).toEqual([{ next: 2 }]);
    expect(await database.query(statement, [2])).toEqual([{ next: 3 }]);
  });
});

describe('every connection', () => {
  it('runs in UTC as the role that cannot change facts, the pool as well as a dedicated one', async () => {
    const text = `select current_user as role, current_setting('TimeZone') as zone`;
    expect(await database.query(text)).toEqual([{ role: 'tallyhouse_app', zone: 'UTC' }]);
    const own = await database.connect({
      applicationName: 'lane-1',
      lockTimeoutMs: 60,
      statementTimeoutMs: 500,
    });
    const { rows } = await own.query(`${text}, current_setting('application_name') as name,
      current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement`);
    await own.end();
    expect(rows).toEqual([
      { role: 'tallyhouse_app', zone: 'UTC', name: 'lane-1', lock: '60ms', statement: '500ms' },
    ]);
  });
});

describe('a transaction', () => {
  const amounts = () => database.query('select id, amount::int as amount from box order by id');

  it('commits what it did, or nothing', async () => {
    await database.transaction(async (tx) => tx.query('insert into box values (1, 10)'));
    await expect(
      database.transaction(async (tx) => {
        await tx.query('insert into box values (2, 20)');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await amounts()).toEqual([{ id: 1, amount: 10 }]);
  });

  it('never takes the commit of a failed transaction for a yes', async () => {
    const swallowing = database.transaction(async (tx) => {
      await tx.query('insert into box values (1, 10)');
      await tx.query('select 1 / 0').catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('rolled back');
    expect(await amounts()).toEqual([]);
  });

  it('runs the loser of a deadlock again, so that both additions count', async () => {
    await database.query('insert into box values (1, 0), (2, 0)');
    const add = async (first: number, second: number) =>
      database.transaction(async (tx) => {
        await tx.query('update box set amount = amount + 1 where id = $1', [first]);
        await tx.query('select pg_sleep(0.2)');
        await tx.query('update box set amount = amount + 1 where id = $1', [second]);
      });
    await Promise.all([add(1, 2), add(2, 1)]);
    expect(await amounts()).toEqual([
      { id: 1, amount: 2 },
      { id: 2, amount: 2 },
    ]);
  });

  it('runs the loser of two repeatable reads again, on what the winner left', async () => {
    await database.query('insert into box values (1, 100)');
    const half = () =>
      database.transaction(
        async (tx) => {
          const [row] = await tx.query<{ amount: string }>(
            'select (amount / 2)::int::text as amount from box where id = 1',
          );
          await tx.query('select pg_sleep(0.1)');
          await tx.query('update box set amount = $1 where id = 1', [row!.amount]);
        },
        { isolation: 'repeatable read' },
      );
    await Promise.all([half(), half()]);
    expect(await amounts()).toEqual([{ id: 1, amount: 25 }]);
  });
});

describe('trouble with Postgres', () => {
  it('answers `unavailable` with a second to wait when its connection is cut, and works again', async () => {
    const cut = database.transaction(async (tx) => {
      const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await withClient(test.url, (client) => client.query('select pg_terminate_backend($1)', [row!.pid]));
      await tx.query('select 1');
    });
    await expect(cut).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 });
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('answers `unavailable` when nobody listens and when the pool is exhausted', async () => {
    const nowhere = new Database({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', databasePoolSize: 1 });
    await expect(nowhere.query('select 1')).rejects.toBeInstanceOf(DomainError);
    await nowhere.close();
    const narrow = new Database({ databaseUrl: test.url, databasePoolSize: 1 });
    const long = narrow.query('select pg_sleep(6)');
    await expect(narrow.query('select 1')).rejects.toMatchObject({
      ...{ code: 'unavailable', retryAfterSeconds: 1 },
      message: 'No connection to the database came free in time',
    });
    await long;
    await narrow.close();
  });

  it('answers `unavailable` when somebody listens and never says a word, as a stopped server does', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const mute = new Database({ databaseUrl: `postgres://x@127.0.0.1:${port}/none`, databasePoolSize: 1 });
    const asked = [mute.connect(), mute.query('select 1'), mute.transaction((tx) => tx.query('select 1'))];
    const results = await Promise.allSettled(asked);
    await mute.close();
    silent.close();
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  });

  it('leaves the other errors of Postgres as they are', async () => {
    await database.query('insert into box values (1, 1)');
    await expect(database.query('insert into box values (1, 1)')).rejects.toMatchObject({ code: '23505' });
  });
});
