import { setTimeout as sleep } from 'node:timers/promises';
import { Clock } from '../../src/platform/clock';
import { Ids } from '../../src/platform/ids';
import { JobRuns, type JobRun } from '../../src/platform/jobs/job-runs.service';
import { JobRepository } from '../../src/platform/jobs/job.repository';
import { Jobs } from '../../src/platform/jobs/jobs.service';
import { Logger } from '../../src/platform/logger';
import { Database } from '../../src/platform/transaction';
import { startTestApp, type TestApp } from '../support/app';
import { createTestDatabase, withClient, type TestDatabase } from '../support/postgres';
import { Rest } from '../support/rest';

let test: TestDatabase;
let database: Database;
const pools: Database[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
  await withClient(test.url, (client) => client.query('create table effect (job text, period text)'));
  database = pool();
});
afterAll(async () => {
  await Promise.all(pools.map((one) => one.close()));
  await test.drop();
});
beforeEach(() => withClient(test.url, (client) => client.query('truncate job_run, effect')));

function pool(): Database {
  const made = new Database({ databaseUrl: test.url, databasePoolSize: 3 });
  pools.push(made);
  return made;
}

/** A process of its own as far as jobs are concerned. */
function node(own = pool()): { runs: JobRuns; repository: JobRepository; database: Database } {
  const repository = new JobRepository(own);
  const logger = new Logger({ logLevel: 'silent' });
  return { runs: new JobRuns(repository, new Ids(new Clock()), logger), repository, database: own };
}

const PERIODS = Array.from({ length: 50 }, (_, i) => `2024-W${String(i + 1).padStart(2, '0')}`);
const expireLeases = () =>
  withClient(test.url, (client) =>
    client.query(`update job_run set lease_until = now() - interval '1 second'`),
  );

async function effects(): Promise<string[]> {
  const rows = await database.query<{ name: string }>(`select job || ' ' || period as name from effect`);
  return rows.map(({ name }) => name);
}

describe('a job and a period', () => {
  it('are run once by five processes that all want all of them', async () => {
    const jobs = ['invoices', 'resets', 'reports'];
    const everything = async (of: ReturnType<typeof node>, job: string): Promise<void> => {
      const work = (run: JobRun) =>
        of.database.transaction(async (tx) => {
          await run.fence(tx);
          await tx.query('insert into effect values ($1, $2)', [job, run.period]);
          await run.finish(tx);
        });
      while ((await of.runs.missed(job, PERIODS)).length > 0) await of.runs.catchUp(job, PERIODS, work);
    };
    await Promise.all(
      Array.from({ length: 5 }, () => node()).flatMap((one) => jobs.map((job) => everything(one, job))),
    );
    const wanted = jobs.flatMap((job) => PERIODS.map((period) => `${job} ${period}`));
    expect((await effects()).sort()).toEqual(wanted.sort());
    const rows = await database.query('select from job_run where finished_at is null');
    expect(rows).toEqual([]);
  });

  it('are left alone when done, and while somebody is at it', async () => {
    const [one, other] = [node(), node()];
    let goOn!: () => void;
    const running = one.runs.runOnce(
      'resets',
      '2024-01',
      () => new Promise<void>((resolve) => (goOn = resolve)),
    );
    await sleep(100);
    const never = jest.fn(async () => undefined);
    expect(await other.runs.runOnce('resets', '2024-01', never)).toBe('busy');
    goOn();
    expect(await running).toBe('ran');
    expect(await other.runs.runOnce('resets', '2024-01', never)).toBe('done');
    expect(never).not.toHaveBeenCalled();
  });

  it('stay undone when the work fails, with the reason, and are run by the next who comes', async () => {
    const { runs, database: own } = node();
    const failing = runs.runOnce('resets', '2024-01', async () => {
      throw new Error('no such plan');
    });
    await expect(failing).rejects.toThrow('no such plan');
    expect(await own.query('select error, finished_at from job_run')).toEqual([
      { error: 'no such plan', finished_at: null },
    ]);
    expect(await runs.missed('resets', ['2024-01', '2024-02'])).toEqual(['2024-01', '2024-02']);
    expect(await runs.runOnce('resets', '2024-01', async () => undefined)).toBe('ran');
    expect(await runs.missed('resets', ['2024-01', '2024-02'])).toEqual(['2024-02']);
    expect(await own.query('select error, attempts from job_run')).toEqual([{ error: null, attempts: 2 }]);
  });

  it('are taken over from a process that died', async () => {
    const [dead, heir] = [node(), node()];
    const key = { job: 'resets', period: '2024-01', token: new Ids(new Clock()).uuidv7() };
    expect(await dead.repository.take(key, 400)).toBe(true);
    expect(await heir.runs.runOnce('resets', '2024-01', async () => undefined)).toBe('busy');
    await sleep(500);
    expect(await heir.runs.runOnce('resets', '2024-01', async () => undefined)).toBe('ran');
    expect(await dead.repository.finish(key)).toBe(false);
  });

  it('refuse a process that paused beyond its lease, in the transaction of its work', async () => {
    const [paused, heir] = [node(), node()];
    let late!: JobRun;
    let goOn!: () => void;
    const running = paused.runs.runOnce(
      'resets',
      '2024-01',
      (run) => {
        late = run;
        return new Promise<void>((resolve) => (goOn = resolve));
      },
      { leaseMs: 3_000 },
    );
    await sleep(50);
    await expireLeases();
    const inserts = (run: JobRun, own: Database) =>
      own.transaction(async (tx) => {
        await run.fence(tx);
        await tx.query('insert into effect values ($1, $2)', ['resets', run.period]);
        await run.finish(tx);
      });
    expect(await heir.runs.runOnce('resets', '2024-01', (run) => inserts(run, heir.database))).toBe('ran');
    await expect(inserts(late, paused.database)).rejects.toThrow('was taken over');
    await sleep(1_500);
    expect(late.signal.aborted).toBe(true);
    goOn();
    await expect(running).rejects.toThrow('was taken over');
    expect(await effects()).toEqual(['resets 2024-01']);
  });

  it('catch up in order, and stop at what fails', async () => {
    const { runs } = node();
    const work = async ({ period }: JobRun): Promise<void> => {
      if (period === '2024-03') throw new Error('not yet');
    };
    const periods = ['2024-01', '2024-02', '2024-03', '2024-04'];
    await runs.runOnce('reports', '2024-01', work);
    await expect(runs.catchUp('reports', periods, work)).rejects.toThrow('not yet');
    expect(await runs.missed('reports', periods)).toEqual(['2024-03', '2024-04']);
    expect(await runs.catchUp('reports', periods, async () => undefined)).toEqual(['2024-03', '2024-04']);
  });
});

describe('a job by hand', () => {
  let app: TestApp;
  let admin: Rest;

  beforeAll(async () => {
    app = await startTestApp();
    admin = new Rest(app.rest, app.adminKey);
  });
  afterAll(() => app.close());

  interface Listed {
    items: {
      name: string;
      last_turn: { error: string | null } | null;
      last_run: { period: string } | null;
    }[];
  }

  it('runs now, and is listed with what became of it', async () => {
    const before = await admin.get<Listed>('/api/v1/jobs');
    expect(before.body.items.map(({ name }) => name)).toEqual([
      ...[
        'budget-alerts',
        'counter-mirror',
        'grant-expiry',
        'invoices',
        'ledger',
        'off-cycle-invoices',
        'outbox',
        'partition-upkeep',
        'reservation-expiry',
        'reset_usage',
        'retention',
        'rollup',
      ],
    ]);
    const { status, body } = await admin.send('POST', '/api/v1/jobs/rollup/run');
    expect([status, body]).toEqual([
      200,
      { job: 'rollup', started_at: expect.any(String), finished_at: expect.any(String), error: null },
    ]);
    const after = await admin.get<Listed>('/api/v1/jobs');
    expect(after.body.items.find(({ name }) => name === 'rollup')!.last_turn).toEqual(body);
  });

  it('is told when it failed, listed with the reason, and refused while it runs', async () => {
    const jobs = app.app.get(Jobs);
    let end!: (error: Error) => void;
    const run = () => new Promise<void>((_, reject) => (end = reject));
    jobs.add({ name: 'monthly', does: 'nothing', when: 'never', leaseMs: 5_000, run });
    const first = admin.send('POST', '/api/v1/jobs/monthly/run');
    await sleep(200);
    expect((await admin.send('POST', '/api/v1/jobs/monthly/run')).status).toBe(409);
    end(new Error('no such plan'));
    expect((await first).status).toBe(500);
    const { items } = (await admin.get<Listed>('/api/v1/jobs')).body;
    expect(items.find(({ name }) => name === 'monthly')!.last_turn).toMatchObject({ error: 'no such plan' });
  });

  it('shows the last period of a job that has periods', async () => {
    const jobs = app.app.get(Jobs);
    const run = () => jobs.catchUp('daily', ['2024-01-01', '2024-01-02'], async () => undefined);
    jobs.add({ name: 'daily', does: 'nothing', when: 'at 00:05', leaseMs: 5_000, run });
    await admin.send('POST', '/api/v1/jobs/daily/run');
    await admin.send('POST', '/api/v1/jobs/daily/run');
    const { items } = (await admin.get<Listed>('/api/v1/jobs')).body;
    expect(items.find(({ name }) => name === 'daily')!.last_run).toMatchObject({
      ...{ period: '2024-01-02', attempts: 1, error: null },
    });
  });

  it('is known by name, and is for who acts for all accounts', async () => {
    expect((await admin.send('POST', '/api/v1/jobs/nothing/run')).status).toBe(404);
    expect((await admin.send('POST', '/api/v1/jobs/No%20job/run')).status).toBe(400);
    const { body } = await admin.post<{ key: string }>('/api/v1/api-keys', {
      ...{ name: 'runs', scopes: ['jobs:run'], accounts: ['org:acme'] },
    });
    const narrow = new Rest(app.rest, body.key);
    expect((await narrow.send('POST', '/api/v1/jobs/rollup/run')).status).toBe(403);
    expect((await narrow.get('/api/v1/jobs')).status).toBe(403);
  });
});
