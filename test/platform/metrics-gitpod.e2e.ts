import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '../../src/core/errors';
import { Jobs } from '../../src/platform/jobs/jobs.service';
import { Logger } from '../../src/platform/logger';
import { DoorMetrics } from '../../src/platform/metrics';
import { packageRoot } from '../../src/platform/package-root';
import { ADMIN_KEY, ECHO_PACKAGE, openWorld, rest, rpc, type Json, type World } from './door-world';
import { GrpcDoors } from './doors-controllers';

let world: World;

beforeAll(async () => {
  world = await openWorld({ controllers: [GrpcDoors] });
});
afterAll(() => world?.close());

async function scrape(): Promise<string> {
  const { body } = await rest(world, ['GET', '/metrics'], { key: null });
  return body as string;
}

/** The value of one line of the text format, or null when there is none. */
async function value(line: string): Promise<string | null> {
  const found = (await scrape()).split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return found?.slice(line.length + 1) ?? null;
}

const labels = (type: string, method: string, service = 'echo.v1.EchoService'): string =>
  `grpc_type="${type}",grpc_service="${service}",grpc_method="${method}"`;

/** Sends texts down one stream and answers how many came back. */
async function echoes(texts: readonly string[]): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = (
    ECHO_PACKAGE['echo.v1.EchoService'] as Record<string, Json>
  )['Stream'];
  const client = new Client(world.grpcUrl, credentials.createInsecure());
  const sent = new Metadata();
  sent.set('x-api-key', ADMIN_KEY);
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, sent);
  let count = 0;
  call.on('data', () => (count += 1));
  const over = new Promise((resolve, reject) => call.on('end', resolve).on('error', reject));
  for (const text of texts) call.write({ text });
  call.end();
  await over;
  client.close();
  return count;
}

describe('calls', () => {
  it('are counted before they are made, as nothing', async () => {
    expect(await value(`grpc_server_started_total{${labels('unary', 'Echo')}}`)).toBe('0');
    expect(await value(`grpc_server_started_total{${labels('bidi_stream', 'Stream')}}`)).toBe('0');
    expect(await scrape()).not.toContain('grpc_server_handled_total{');
  });

  it('are counted by rpc, with what became of them', async () => {
    await rpc(world.grpcUrl, 'Echo');
    await rpc(world.grpcUrl, 'Echo');
    await rpc(world.grpcUrl, 'Echo', { metadata: {} });
    await rpc(world.grpcUrl, 'Fail', { text: 'conflict' });
    const echo = labels('unary', 'Echo');
    expect(await value(`grpc_server_started_total{${echo}}`)).toBe('3');
    expect(await value(`grpc_server_msg_received_total{${echo}}`)).toBe('3');
    expect(await value(`grpc_server_msg_sent_total{${echo}}`)).toBe('2');
    expect(await value(`grpc_server_handled_total{${echo},grpc_code="OK"}`)).toBe('2');
    expect(await value(`grpc_server_handled_total{${echo},grpc_code="Unauthenticated"}`)).toBe('1');
    expect(await value(`grpc_server_handling_seconds_count{${echo}}`)).toBe('3');
    const fail = labels('unary', 'Fail');
    expect(await value(`grpc_server_handled_total{${fail},grpc_code="AlreadyExists"}`)).toBe('1');
    expect(await value(`grpc_server_msg_sent_total{${fail}}`)).toBe('0');
  });

  it('take their time in the buckets of the original', async () => {
    const text = await scrape();
    const bounds = [...text.matchAll(/^grpc_server_handling_seconds_bucket\{.*"Echo",le="(.*)"\} /gm)].map(
      ([, bound]) => bound,
    );
    expect(bounds).toEqual([
      '0.005',
      '0.025',
      '0.05',
      '0.1',
      '0.5',
      '1',
      '2.5',
      '5',
      '30',
      '60',
      '120',
      '240',
      '600',
      '+Inf',
    ]);
    expect(text).toContain('# TYPE grpc_server_handling_seconds histogram');
    expect(text).toContain('# TYPE grpc_server_handled_total counter');
  });

  it('that stream count each message', async () => {
    expect(await echoes(['a', 'b', 'c'])).toBe(3);
    const stream = labels('bidi_stream', 'Stream');
    expect(await value(`grpc_server_started_total{${stream}}`)).toBe('1');
    expect(await value(`grpc_server_msg_received_total{${stream}}`)).toBe('3');
    expect(await value(`grpc_server_msg_sent_total{${stream}}`)).toBe('3');
    expect(await value(`grpc_server_handled_total{${stream},grpc_code="OK"}`)).toBe('1');
  });

  it('that the original makes to itself count as calls', async () => {
    const metrics = world.app.get(DoorMetrics);
    const path = '/usage.v1.UsageService/ReconcileUsage';
    expect(await metrics.countAsCall(path, async () => 7)).toBe(7);
    const failing = metrics.countAsCall(path, async () => {
      throw new Error('no such meter');
    });
    await expect(failing).rejects.toThrow('no such meter');
    const refused = metrics.countAsCall(path, async () => {
      throw new DomainError('unavailable', 'The database cannot be reached');
    });
    await expect(refused).rejects.toThrow('cannot be reached');
    const own = labels('unary', 'ReconcileUsage', 'usage.v1.UsageService');
    expect(await value(`grpc_server_started_total{${own}}`)).toBe('3');
    expect(await value(`grpc_server_handled_total{${own},grpc_code="OK"}`)).toBe('1');
    expect(await value(`grpc_server_handled_total{${own},grpc_code="Internal"}`)).toBe('1');
    expect(await value(`grpc_server_handled_total{${own},grpc_code="Unavailable"}`)).toBe('1');
  });
});

describe('jobs', () => {
  it('are counted by name and outcome, and the end of the ledger job is told', async () => {
    const jobs = world.app.get(Jobs);
    let fails = false;
    const run = async (): Promise<void> => {
      if (fails) throw new Error('no such plan');
    };
    jobs.add({ name: 'ledger', does: 'nothing', when: 'never', leaseMs: 5_000, run });
    jobs.add({ name: 'reset_usage', does: 'nothing', when: 'never', leaseMs: 5_000, run });
    const started = (job: string): Promise<string | null> =>
      value(`gitpod_usage_scheduler_job_started_total{job="${job}"}`);
    const completed = (job: string, outcome: string): Promise<string | null> =>
      value(`gitpod_usage_scheduler_job_completed_seconds_count{job="${job}",outcome="${outcome}"}`);
    const endedAt = (outcome: string): Promise<string | null> =>
      value(`gitpod_usage_ledger_last_completed_time{outcome="${outcome}"}`);
    expect([await started('ledger'), await completed('ledger', 'success')]).toEqual(['0', null]);

    const before = Math.floor(performance.timeOrigin + performance.now()) / 1000;
    await jobs.turn('ledger');
    expect([await started('ledger'), await completed('ledger', 'success')]).toEqual(['1', '1']);
    const success = Number(await endedAt('success'));
    expect(success).toBeGreaterThanOrEqual(before - 1);
    expect(success).toBeLessThan(before + 60);
    expect(await endedAt('error')).toBeNull();

    fails = true;
    await expect(jobs.turn('ledger')).rejects.toThrow('no such plan');
    expect([await started('ledger'), await completed('ledger', 'error')]).toEqual(['2', '1']);
    expect(Number(await endedAt('error'))).toBeGreaterThanOrEqual(success);
    expect(Number(await endedAt('success'))).toBe(success);

    await expect(jobs.turn('reset_usage')).rejects.toThrow('no such plan');
    expect(await completed('reset_usage', 'error')).toBe('1');
  });

  it('take their time in the buckets of the original', async () => {
    const pattern = /^gitpod_usage_scheduler_job_completed_seconds_bucket\{le="(.*?)",job="reset_usage",/gm;
    expect([...(await scrape()).matchAll(pattern)].map(([, bound]) => bound)).toEqual([
      '30',
      '60',
      '90',
      '120',
      '150',
      '180',
      '210',
      '240',
      '270',
      '300',
      '+Inf',
    ]);
  });

  it('that find their lock taken are not counted', async () => {
    const jobs = world.app.get(Jobs);
    let end!: () => void;
    const run = (): Promise<void> => new Promise((resolve) => (end = resolve));
    jobs.add({ name: 'long', does: 'nothing', when: 'never', leaseMs: 5_000, run });
    const first = jobs.turn('long');
    while ((await value('gitpod_usage_scheduler_job_started_total{job="long"}')) !== '1');
    expect(await jobs.turn('long')).toBeNull();
    end();
    expect(await first).toMatchObject({ error: null });
    expect(await value('gitpod_usage_scheduler_job_started_total{job="long"}')).toBe('1');
  });
});

describe('the process', () => {
  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
    expect(await value(`gitpod_server_version{version="${version}"}`)).toBe('1');
  });

  it('counts the lines it writes, by level', async () => {
    const lines: string[] = [];
    const logger = new Logger({ logLevel: 'warn' }, { write: (line: string) => void lines.push(line) });
    const before = { warning: await lineCount('warning'), info: await lineCount('info') };
    logger.info({}, 'not written');
    logger.warn({}, 'written');
    logger.warn({}, 'written again');
    expect(lines).toHaveLength(2);
    expect(await lineCount('warning')).toBe(before.warning + 2);
    expect(await lineCount('info')).toBe(before.info);
  });

  const lineCount = async (level: string): Promise<number> =>
    Number(await value(`gitpod_logs_total{level="${level}"}`));
});
