import { untilIdle } from '../harness/cpu.mjs';
import { fixture } from '../harness/paths.mjs';
import { NodeProcess } from '../harness/process.mjs';
import { serviceSettings } from '../harness/service.mjs';
import { TEMPLATE } from '../harness/template.mjs';

const INSTANCES = { quick: 5_000, usual: 100_000, full: 1_000_000 };
/** Entries of the account whose pages are read; the deep page is its middle: page 10,000 of a million. */
const DEEP_ROWS = { quick: 20_000, usual: 200_000, full: 1_000_000 };
const PATIENCE_MS = 3_600_000;
/** Everything that a run writes anew. */
const TABLES = ['span', 'transfer', 'balance', 'span_accrual', 'pending'];

const sizeOf = ({ quick, full }, sizes) => (quick ? sizes.quick : full ? sizes.full : sizes.usual);

/** Reconciles in a process of its own and keeps what each step cost. */
async function reconcile(bench, state) {
  const { postgres, options } = bench;
  const database = await postgres.clone(TEMPLATE);
  const instances = sizeOf(options, INSTANCES);
  const env = await serviceSettings(postgres.url(database));
  const node = new NodeProcess({
    file: fixture('reconcile.mjs'),
    flags: ['--max-semi-space-size=64', ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? [])],
    env: { ...env, INSTANCES: String(instances), DEEP_ROWS: String(sizeOf(options, DEEP_ROWS)) },
  });
  await node.ready(() => node.output.includes('READY'), PATIENCE_MS);
  await untilIdle(options.wait);
  const before = postgres.cpu();
  node.say('go');
  await node.ready(() => node.output.includes('DONE first'), PATIENCE_MS);
  const postgresMs = postgres.cpu() - before;
  const code = await node.exited;
  if (code !== 0) bench.fail(`reconcile: ended with ${code}: ${node.output.slice(-500)}`);
  const steps = [...node.output.matchAll(/^DONE ([\w ]+) (\{.*)$/gm)];
  state.steps = new Map(steps.map(([, name, json]) => [name, JSON.parse(json)]));
  const first = state.steps.get('first');
  if (first.result.spans !== instances)
    bench.fail(`reconcile: ${first.result.spans} of ${instances} instances`);
  const again = state.steps.get('again').result;
  if (again.spans + again.accounts > 0) bench.fail('reconcile: a second run wrote something');
  console.log(`      ${instances} instances, ${Math.round(first.rss / 1e6)} MB in Node`);
  if (state.database) await postgres.drop(state.database);
  state.database = database;
  return {
    rate: instances / first.seconds,
    nodeUs: (first.nodeMs * 1000) / instances,
    postgresUs: (postgresMs * 1000) / instances,
  };
}

/** The same rows into the same tables, with their indexes and without their triggers: one statement for each table. */
async function bareSql(bench, { database }) {
  const { postgres } = bench;
  const instances = sizeOf(bench.options, INSTANCES);
  return postgres.connected(database, async (client) => {
    for (const table of TABLES)
      await client.query(`create table bare_${table} (like ${table} including all)`);
    const isTold = `account_id in (select distinct account_id from level_change)`;
    await client.query('checkpoint');
    await untilIdle(bench.options.wait);
    const [at, before] = [performance.now(), postgres.cpu()];
    for (const table of TABLES)
      await client.query(`insert into bare_${table} select * from ${table} where ${isTold}`);
    const seconds = (performance.now() - at) / 1000;
    return {
      rate: instances / seconds,
      nodeUs: 0,
      postgresUs: ((postgres.cpu() - before) * 1000) / instances,
    };
  });
}

const step =
  (name) =>
  (_bench, { steps }) => ({ rate: 1 / steps.get(name).seconds });

async function finish(bench, state) {
  if (state.database) await bench.postgres.drop(state.database);
}

const costTarget = (number, title, [dear, cheap], most) => ({
  number,
  title,
  // Rates, so the cheaper one stands above.
  top: cheap,
  bottom: dear,
  lowerIsBetter: true,
  aim: most,
  floor: most,
});

export const reconciliation = {
  title: 'Instances into the ledger',
  prepare: () => ({ database: null, steps: new Map() }),
  cases: {
    'reconcile: ours': reconcile,
    'reconcile: the same rows by bare SQL': bareSql,
    'reconcile: first run': step('first'),
    'reconcile: again, nothing new': step('again'),
    'balance of 1 charge': step('balance of 1'),
    'balance of many charges': step('balance of many'),
    'entries: first page': step('first page'),
    'entries: deep page': step('deep page'),
  },
  finish,
  targets: [
    {
      number: '15',
      title: 'reconcile, instances a second / bare set-based SQL writing the same rows and balances',
      top: 'reconcile: ours',
      bottom: 'reconcile: the same rows by bare SQL',
      aim: 0.7,
      floor: 0.7,
    },
    {
      number: '15b',
      title: 'time of a second run with the clock unmoved / of the first',
      top: 'reconcile: first run',
      bottom: 'reconcile: again, nothing new',
      lowerIsBetter: true,
      aim: 0.05,
      floor: 0.05,
    },
    costTarget(
      '16',
      'balance of an account with many charges / with one',
      ['balance of many charges', 'balance of 1 charge'],
      1.3,
    ),
    costTarget(
      '17',
      'page in the middle of many entries / first page (cursor)',
      ['entries: deep page', 'entries: first page'],
      2,
    ),
  ],
};
