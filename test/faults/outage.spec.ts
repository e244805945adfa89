import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, TestProcess } from '../support/processes';
import { Rest } from '../support/rest';
import { withClient } from '../support/postgres';
import { type ChildApp, startChildApp } from './child-app';
import { percentile, statusesOf, TimedLoad } from './timed-load';

let dataDir: string;
let postgres: TestProcess;
let url: string;
let app: ChildApp;
let admin: Rest;

beforeAll(async () => {
  dataDir = join(tmpdir(), `outage-${process.pid}`);
  mkdirSync(dataDir, { mode: 0o755 });
  postgres = new TestProcess('test/support/embedded-process.ts', [], { DATA_DIR: dataDir });
  url = (await postgres.says(/running \d+ (\S+) in/))[1]!;
  app = await startChildApp({ DATABASE_URL: url });
  admin = new Rest(app.rest, app.adminKey);
});
afterAll(async () => {
  await app.close();
  postgres.kill('SIGTERM');
  await postgres.exited;
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
});

const server = (): number =>
  parseInt(readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10);

describe('row 2: while Postgres is away', () => {
  it('every request is answered soon, 503 with Retry-After, and afterwards everything works by itself', async () => {
    const scan = (): object => ({ id: randomUUID(), account: 'org:acme', type: 'scans', quantity: '1' });
    const body = (): object => ({ events: Array.from({ length: 50 }, scan) });
    expect((await admin.post('/api/v1/events', scan())).status).toBe(201);
    const loads = {
      singles: new TimedLoad(60, () => admin.post('/api/v1/events', scan()), 20),
      batches: new TimedLoad(4, () => admin.post('/api/v1/events', body()), 20),
      reads: new TimedLoad(4, () => admin.get('/api/v1/meters/scans'), 20),
    };
    await sleep(300);
    // A stopped server keeps its sockets, so it is killed; stopping the supervisor first keeps it down for a while.
    process.kill(postgres.pid, 'SIGSTOP');
    process.kill(server(), 'SIGQUIT');
    await sleep(5_000);
    process.kill(postgres.pid, 'SIGCONT');
    await eventually(async () => (await admin.get('/ready')).status === 200, 'the service is ready again');
    await sleep(500);
    for (const [name, load] of Object.entries(loads)) {
      const answers = await load.stop();
      const statuses = Object.keys(statusesOf(answers));
      const others = statuses.filter((status) => !['200', '201', '503'].includes(status));
      expect([name, others, others.length > 0 ? app.process.output : '']).toEqual([name, [], '']);
      expect([name, statuses.includes('503')]).toEqual([name, true]);
      expect([name, percentile(answers, 1) < 5_000]).toEqual([name, true]);
    }
    expect((await admin.post('/api/v1/events', scan())).status).toBe(201);
    const refused = await withClient(url, (client) =>
      client.query(
        `select (select count(*) from usage_event) - (select sum(sum) from usage_counter) as difference`,
      ),
    );
    expect(refused.rows[0]).toEqual({ difference: '0.000000000000000' });
  });
});
