import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkBooks, countEvents } from '../harness/books.mjs';
import { untilIdle } from '../harness/cpu.mjs';
import { focusRows, writeFocusFile } from '../harness/focus-file.mjs';
import { ROOT } from '../harness/paths.mjs';
import { NodeProcess } from '../harness/process.mjs';
import { serviceSettings } from '../harness/service.mjs';
import { TEMPLATE } from '../harness/template.mjs';
import { serviceBatches } from './batch.mjs';

const ROWS = 200_000;
const ROWS_QUICK = 20_000;
const CPU_EVERY_MS = 50;

async function writeFiles(bench) {
  const folder = mkdtempSync(join(tmpdir(), 'tallyhouse-bench-'));
  chmodSync(folder, 0o755);
  const rows = await focusRows(process.env.FOCUS_FILE);
  const few = { path: join(folder, 'few.csv'), count: rows.length, firstId: 1 };
  const many = {
    path: join(folder, 'many.csv'),
    count: bench.options.quick ? ROWS_QUICK : ROWS,
    firstId: 1e9,
  };
  for (const file of [few, many]) await writeFocusFile({ ...file, rows });
  return { folder, few, many };
}

/**
 * Imports a file of a thousand rows (which makes prices and accounts), the same file again, and the long one, by the
 * command a user gives. The second run stores nothing: its time is what the start of the process costs, and is taken off.
 */
async function importRate(bench, { few, many }) {
  const { postgres } = bench;
  return bench.withDatabase(TEMPLATE, async (database) => {
    const env = await serviceSettings(postgres.url(database));
    const events = [await countEvents(postgres, database)];
    await runImport(env, few.path);
    events.push(await countEvents(postgres, database));
    const again = await runImport(env, few.path);
    events.push(await countEvents(postgres, database));
    await postgres.query(database, 'checkpoint');
    await untilIdle(bench.options.wait);
    const postgresBefore = postgres.cpu();
    const long = await runImport(env, many.path);
    const postgresMs = postgres.cpu() - postgresBefore;
    events.push(await countEvents(postgres, database));
    await checkImport(bench, { database, events, repetitions: many.count / few.count });
    if (long.seconds <= again.seconds) throw new Error('the file is too short to tell its rate');
    return {
      rate: many.count / (long.seconds - again.seconds),
      nodeUs: ((long.cpu - again.cpu) * 1000) / many.count,
      postgresUs: (postgresMs * 1000) / many.count,
    };
  });
}

async function runImport(env, path) {
  const startedAt = performance.now();
  const command = new NodeProcess({
    file: join(ROOT, 'bin', 'tallyhouse.cjs'),
    args: ['import', 'focus', path],
    env,
    cwd: tmpdir(),
  });
  let cpu = 0;
  const watch = setInterval(() => (cpu = Math.max(cpu, command.cpu())), CPU_EVERY_MS);
  const code = await command.exited;
  clearInterval(watch);
  if (code !== 0)
    throw new Error(`tallyhouse import focus ended with ${code}:\n${command.output.slice(-2000)}`);
  return { seconds: (performance.now() - startedAt) / 1000, cpu };
}

/** The books must agree, a second import adds nothing, and every repetition of the sample adds as much as the first. */
async function checkImport(bench, { database, events, repetitions }) {
  const name = 'FOCUS import';
  const { postgres } = bench;
  const [before, first, again, last] = events;
  const acknowledged = last - before;
  const problems = await checkBooks({ postgres, database, before, acknowledged, underWay: 0 });
  for (const problem of problems) bench.fail(`${name}: not exact: ${problem}`);
  if (again !== first) bench.fail(`${name}: the same file again added ${again - first} events`);
  const expected = (first - before) * repetitions;
  if (last - again !== expected) bench.fail(`${name}: ${last - again} events stored, expected ${expected}`);
}

export const focusImport = {
  title: 'FOCUS import',
  prepare: writeFiles,
  finish: (_bench, { folder }) => rmSync(folder, { recursive: true, force: true }),
  cases: {
    'FOCUS import': importRate,
    'batches beside it, random accounts': (bench) => serviceBatches(bench, {}),
    'batches beside it, one account each': (bench) => serviceBatches(bench, { oneAccount: true }),
  },
  targets: [
    {
      number: '12',
      title: 'FOCUS import, rows a second / batch ingest rate (7, random accounts)',
      top: 'FOCUS import',
      bottom: 'batches beside it, random accounts',
      aim: 0.7,
      floor: 0.4,
    },
    {
      number: '12b',
      title: 'the same / batch ingest rate, one account per batch',
      top: 'FOCUS import',
      bottom: 'batches beside it, one account each',
    },
  ],
};
