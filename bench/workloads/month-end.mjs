import { untilIdle } from '../harness/cpu.mjs';
import { METERS } from '../harness/events.mjs';
import { fixture } from '../harness/paths.mjs';
import { NodeProcess } from '../harness/process.mjs';
import { serviceSettings } from '../harness/service.mjs';
import { TEMPLATE } from '../harness/template.mjs';

const SUBSCRIPTIONS = { quick: 2_000, usual: 20_000, full: 100_000 };
const WITH_HISTORY = { quick: 200, usual: 2_000, full: 2_000 };
const MONTHS = 37;
const PATIENCE_MS = 3_600_000;
/** Everything that a month end writes anew. */
const TABLES = [
  'invoice',
  'invoice_line',
  'transfer',
  'balance',
  'billing_event',
  'audit_entry',
  'audit_head',
];

const sizeOf = ({ quick, full }, sizes) => (quick ? sizes.quick : full ? sizes.full : sizes.usual);

/** Closes months in a process of its own; `during` sees each one's figures, with the processor time of Postgres. */
async function closeMonths(bench, { database, accounts, months }, during) {
  const { postgres } = bench;
  const env = await serviceSettings(postgres.url(database));
  const node = new NodeProcess({
    file: fixture('month-end.mjs'),
    flags: ['--max-semi-space-size=64', ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? [])],
    env: { ...env, ACCOUNTS: String(accounts), MONTHS: String(months), METERS: METERS.slice(0, 3).join(',') },
  });
  for (let month = 0; month < months; month++) {
    await node.ready(() => node.output.includes(`READY ${month}\n`), PATIENCE_MS);
    await untilIdle(bench.options.wait);
    const before = postgres.cpu();
    node.say('go');
    await node.ready(() => node.output.split('DONE ').length > month + 1, PATIENCE_MS);
    const postgresMs = postgres.cpu() - before;
    const figures = JSON.parse(node.output.split('DONE ')[month + 1].split('\n')[0]);
    if (figures.invoices !== accounts) bench.fail(`month end: ${figures.invoices} of ${accounts} invoices`);
    await during({ ...figures, postgresMs });
  }
  const code = await node.exited;
  if (code !== 0) bench.fail(`month end: ended with ${code}: ${node.output.slice(-500)}`);
}

function measurementOf({ invoices, seconds, nodeMs, postgresMs, rss }) {
  return {
    rate: invoices / seconds,
    nodeUs: (nodeMs * 1000) / invoices,
    postgresUs: (postgresMs * 1000) / invoices,
    costUs: ((nodeMs + postgresMs) * 1000) / invoices,
    rss,
  };
}

/** Every subscription to its final invoice; the rows are kept for the other case of the round. */
async function monthEnd(bench, state) {
  const database = await bench.postgres.clone(TEMPLATE);
  const accounts = sizeOf(bench.options, SUBSCRIPTIONS);
  let measured;
  await closeMonths(bench, { database, accounts, months: 1 }, (figures) => {
    measured = measurementOf(figures);
    console.log(`      ${accounts} subscriptions, ${Math.round(figures.rss / 1e6)} MB in Node`);
  });
  if (state.database) await bench.postgres.drop(state.database);
  state.database = database;
  return measured;
}

/** The same rows into the same tables, with their indexes and without their triggers: one statement for each table. */
async function bareSql(bench, { database }) {
  const { postgres } = bench;
  const invoices = sizeOf(bench.options, SUBSCRIPTIONS);
  return postgres.connected(database, async (client) => {
    for (const table of TABLES)
      await client.query(`create table bare_${table} (like ${table} including all)`);
    await client.query('checkpoint');
    await untilIdle(bench.options.wait);
    const [at, before] = [performance.now(), postgres.cpu()];
    for (const table of TABLES) await client.query(`insert into bare_${table} select * from ${table}`);
    const seconds = (performance.now() - at) / 1000;
    const postgresUs = ((postgres.cpu() - before) * 1000) / invoices;
    return { rate: invoices / seconds, nodeUs: 0, postgresUs };
  });
}

/** Months one after the other for the same accounts; the first and the last of them are compared. */
async function withHistory(bench, state) {
  const database = await bench.postgres.clone(TEMPLATE);
  const accounts = sizeOf(bench.options, WITH_HISTORY);
  const costs = [];
  await closeMonths(bench, { database, accounts, months: MONTHS }, (figures) =>
    costs.push(measurementOf(figures)),
  );
  await bench.postgres.drop(database);
  // The first month also pays for what a process does once; the second does not.
  state.first = costs[1];
  return costs.at(-1);
}

async function finish(bench, state) {
  if (state.database) await bench.postgres.drop(state.database);
}

export const monthEndRun = {
  title: 'Month end of many subscriptions',
  prepare: () => ({ database: null }),
  cases: { 'month end: ours': monthEnd, 'month end: the same rows by bare SQL': bareSql },
  finish,
  targets: [
    {
      number: '13',
      title: 'month end, invoices a second / bare set-based SQL writing the same rows',
      top: 'month end: ours',
      bottom: 'month end: the same rows by bare SQL',
      aim: 0.5,
      floor: 0.5,
    },
  ],
};

export const monthEndHistory = {
  title: 'Month end after three years',
  once: true,
  prepare: () => ({}),
  cases: {
    'month end after 36 months': withHistory,
    'month end after 1 month': (_bench, state) => state.first,
  },
  targets: [
    {
      number: '14',
      title: 'cost per invoice (CPU) after 36 months of history / after 1 month',
      top: 'month end after 36 months',
      bottom: 'month end after 1 month',
      by: 'costUs',
      lowerIsBetter: true,
      aim: 1.1,
      floor: 1.1,
    },
  ],
};
