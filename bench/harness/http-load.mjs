import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ACCOUNTS, EVENT_STEP_MS, LATE_MS, METERS, SOURCES, timeline } from './events.mjs';
import { BENCH } from './paths.mjs';

const run = promisify(execFile);
const HAS_WRK = spawnSync('wrk', ['-v']).error === undefined;

/** Which program makes the requests. */
export const GENERATOR = HAS_WRK ? 'wrk (1 thread, LuaJIT)' : 'autocannon (wrk is not installed)';

/**
 * POSTs events for so many seconds, a fresh one (or a fresh batch) per request unless `fixed`. `requests` counts answers;
 * every answer that is not 2xx is an error. Latencies are milliseconds.
 *
 * @param {{ url: string, path: string, key?: string, connections: number, seconds: number, batch?: number,
 *   ids?: 'v7' | 'v4', oneAccount?: boolean, fixed?: boolean, shape?: 'event' | 'consume' | 'track' }} load
 */
export async function httpLoad(load) {
  const all = { key: '', batch: 1, ids: 'v7', oneAccount: false, fixed: false, shape: 'event', ...load };
  const { stdout } = await (HAS_WRK ? wrk(all) : autocannon(all));
  const match = /RESULT (\{.*\})/.exec(stdout);
  if (!match) throw new Error(`the load generator did not report:\n${stdout}`);
  return JSON.parse(match[1]);
}

function wrk(load) {
  const script = join(BENCH, 'load', 'events.lua');
  const args = [
    '-t1',
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    '--timeout',
    '30s',
    '-s',
    script,
    load.url,
  ];
  const env = {
    PATH: process.env.PATH,
    BENCH_PATH: load.path,
    BENCH_KEY: load.key || 'none',
    BENCH_BATCH: String(load.batch),
    BENCH_IDS: load.ids,
    BENCH_ONE_ACCOUNT: load.oneAccount ? '1' : '0',
    BENCH_FIXED: load.fixed ? '1' : '0',
    BENCH_SHAPE: load.shape,
    BENCH_ACCOUNTS: String(ACCOUNTS),
    BENCH_METERS: METERS.join(','),
    BENCH_SOURCES: SOURCES.join(','),
    BENCH_TIME: [timeline().from, timeline().spanMs, EVENT_STEP_MS, LATE_MS].join(','),
  };
  return run('wrk', args, { env, maxBuffer: 1e7 });
}

function autocannon(load) {
  const script = join(BENCH, 'load', 'autocannon.mjs');
  return run(process.execPath, [script, JSON.stringify(load)], { maxBuffer: 1e7 });
}
