import { BillingEvents } from '../../src/platform/billing-events/billing-events.service';
import { Jobs } from '../../src/platform/jobs/jobs.service';
import { OutboxWorker } from '../../src/platform/outbox/outbox-worker.service';
import { Database } from '../../src/platform/transaction';
import { startTestApp, type TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { Receiver } from '../support/receiver';
import { Rest } from '../support/rest';

let app: TestApp;
let admin: Rest;
let receiver: Receiver;

beforeEach(async () => {
  app = await startTestApp({ webhookAllowPrivate: true, webhookAllowHttp: true });
  admin = new Rest(app.rest, app.adminKey);
  receiver = await Receiver.start();
});
afterEach(async () => {
  await receiver?.stop();
  await app?.close();
});

/** The value of a series, or null when there is none; counters go on from one application of this process to the next. */
async function value(line: string): Promise<number | null> {
  const text = await (await fetch(`${app.rest}/metrics`)).text();
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? null : Number(found.slice(line.length + 1));
}

/** How much a series grew by some work. */
async function growth(line: string, work: () => Promise<unknown>): Promise<number> {
  const before = (await value(line)) ?? 0;
  await work();
  return ((await value(line)) ?? 0) - before;
}

const sql = (statement: string): Promise<unknown> =>
  withClient(app.databaseUrl, (client) => client.query(statement));
const grant = (): Promise<unknown> =>
  admin.send('POST', '/api/v1/accounts/org:acme/grants', {
    body: { asset: 'CREDIT', amount: '5' },
    contentType: 'application/json',
    headers: { 'idempotency-key': 'welcome' },
  });

/** A billing event that endpoints are told of. */
async function happened(): Promise<void> {
  const database = app.app.get(Database);
  const [row] = await database.query<{ id: string; bucket: number }>(
    'select id, bucket from account limit 1',
  );
  const account = { id: Number(row!.id), bucket: row!.bucket };
  const event = { type: 'limit.crossed', key: 'once', data: {} };
  await database.transaction((tx) => app.app.get(BillingEvents).emit(tx, account, event));
}

describe('an operator sees', () => {
  it('what rollups and the ledger job are behind with', async () => {
    const events = [1, 2].map((n) => ({ id: `e${n}`, account: 'org:acme', type: 'scans', quantity: '1' }));
    for (const event of events) await admin.post('/api/v1/events', event);
    await sql(
      `insert into span_mark (bucket, account_id, meter_id, resource) values (0, 1, 1, 'a'), (0, 1, 1, 'b')`,
    );
    expect(await value('tallyhouse_rollup_marks')).toBe(2);
    expect(await value('tallyhouse_span_marks')).toBe(2);
    expect(await value('tallyhouse_ingest_queue_max_events')).toBe(20_000);
  });

  it('since when nobody has taken what is due', async () => {
    await sql(`insert into outbox (bucket, account_id, id, topic, key, payload, due_at)
      values (0, 1, gen_random_uuid(), 'nobody', 'a', '{}', now() - interval '90 seconds'),
        (0, 1, gen_random_uuid(), 'nobody', 'b', '{}', now() + interval '1 hour')`);
    const lag = (await value('tallyhouse_outbox_lag_seconds'))!;
    expect(lag).toBeGreaterThanOrEqual(90);
    expect(lag).toBeLessThan(150);
  });

  it('how often a job is to succeed, when it last did, and that it fails', async () => {
    const jobs = app.app.get(Jobs);
    let fails = true;
    const run = async (): Promise<void> => {
      if (fails) throw new Error('no such plan');
    };
    jobs.add({ name: 'tried', does: 'nothing', when: 'every minute', everyMs: 60_000, leaseMs: 5_000, run });
    jobs.add({ name: 'never', does: 'nothing', when: 'never by itself', leaseMs: 5_000, run });
    const failed = 'tallyhouse_job_seconds_count{name="tried",outcome="error"}';
    expect(await growth(failed, () => jobs.turn('tried').catch(() => undefined))).toBe(1);
    expect(await value('tallyhouse_job_period_seconds{name="tried"}')).toBe(60);
    expect(await value('tallyhouse_job_period_seconds{name="never"}')).toBeNull();
    expect(await value('tallyhouse_job_last_success_timestamp_seconds{name="never"}')).toBeNull();
    fails = false;
    const succeeded = 'tallyhouse_job_seconds_count{name="tried",outcome="success"}';
    expect(await growth(succeeded, () => jobs.turn('tried'))).toBe(1);
  });

  it('what other processes noted of a job', async () => {
    await sql(`insert into job_turn (job, started_at, finished_at, error)
      values ('rollup', to_timestamp(1000), to_timestamp(2000), null), ('ledger', now(), now(), 'no such plan')`);
    const lastSuccess = (job: string): string =>
      `tallyhouse_job_last_success_timestamp_seconds{name="${job}"}`;
    expect(await value(lastSuccess('rollup'))).toBe(2000);
    expect(await value(lastSuccess('ledger'))).toBeNull();
    expect(await value('tallyhouse_job_failing{name="rollup"}')).toBe(0);
    expect(await value('tallyhouse_job_failing{name="ledger"}')).toBe(1);
  });

  it('what the ledger posts and what endpoints answer', async () => {
    await admin.put('/api/v1/accounts/org:acme', {});
    await admin.post('/api/v1/webhook-endpoints', { url: receiver.url() });
    const issued = 'tallyhouse_ledger_transfers_total{kind="grant_issued"}';
    expect(await growth(issued, grant)).toBe(1);
    expect(await growth(issued, grant)).toBe(0);
    await happened();
    const attempts = (outcome: string): string => `tallyhouse_webhook_seconds_count{outcome="${outcome}"}`;
    receiver.answers.push(500);
    const run = (): Promise<unknown> => app.app.get(OutboxWorker).runDue();
    expect(await growth(attempts('refused'), run)).toBe(1);
    await sql(`update outbox set due_at = now() where state = 'due'`);
    expect(await growth(attempts('delivered'), run)).toBe(1);
  });

  it('whose requests are refused, by kind', async () => {
    await admin.put('/api/v1/accounts/org:acme', {});
    const own = { requests: 1, window_ms: 60_000 };
    expect((await admin.put('/api/v1/accounts/org:acme/rate-limit', own)).status).toBe(200);
    const made = await admin.post<{ key: string }>('/api/v1/api-keys', {
      ...{ name: 'one', role: 'reader', accounts: ['org:acme'] },
    });
    const reader = new Rest(app.rest, made.body.key);
    const ask = async (): Promise<unknown> => [
      await reader.get('/api/v1/plans'),
      await reader.get('/api/v1/plans'),
    ];
    expect(await growth('tallyhouse_rate_limit_refusals_total{kind="api-key"}', ask)).toBe(1);
    expect(await value('tallyhouse_rate_limit_windows')).toBeGreaterThan(0);
  });
});
