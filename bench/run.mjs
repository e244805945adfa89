// npm run bench: every target of docs/benchmarks.md as a ratio of figures measured side by side in this run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench } from './harness/bench.mjs';
import { GENERATOR } from './harness/http-load.mjs';
import { HELP, UsageError, readOptions } from './harness/options.mjs';
import { RESULTS } from './harness/paths.mjs';
import { endAll } from './harness/process.mjs';
import { describeMachine, judge, markdown, progressLine } from './harness/report.mjs';
import { batch } from './workloads/batch.mjs';
import { focusImport } from './workloads/focus-import.mjs';
import { growthOfOrdered, growthOfRandom } from './workloads/growth.mjs';
import { grpc } from './workloads/grpc.mjs';
import { hotRouteNoop } from './workloads/hot-route.mjs';
import { monthEndHistory, monthEndRun } from './workloads/month-end.mjs';
import { reconciliation } from './workloads/reconcile.mjs';
import { consumption, crowd } from './workloads/limits.mjs';
import { reads } from './workloads/reads.mjs';
import { single } from './workloads/single.mjs';
import { sum } from './workloads/sum.mjs';

const WORKLOADS = [
  single,
  consumption,
  crowd,
  hotRouteNoop,
  grpc,
  batch,
  growthOfOrdered,
  growthOfRandom,
  reads,
  sum,
  focusImport,
  monthEndRun,
  monthEndHistory,
  reconciliation,
];

/** Whether the run covers a target: `--only 7` means 7, 7b and 7c. */
const isWanted = ({ number }, { only }) =>
  only === null || only.has(number) || only.has(number.replace(/\D/g, ''));

/** Measures round by round, every case in each; what was measured before a failure stays in `measured`. */
async function runWorkload(bench, { workload, targets, measured }) {
  console.log(`\n${workload.title}`);
  const wanted = new Set(targets.flatMap(({ top, bottom }) => [top, bottom]));
  const names = Object.keys(workload.cases).filter((name) => wanted.has(name));
  const state = await workload.prepare?.(bench);
  try {
    for (let round = 1; round <= (workload.once ? 1 : bench.options.rounds); round++) {
      for (const name of names) {
        const result = await workload.cases[name](bench, state);
        measured.set(name, [...(measured.get(name) ?? []), result]);
        console.log(`  ${round}  ${name.padEnd(44)} ${progressLine(result)}`);
      }
    }
  } finally {
    await workload.finish?.(bench, state);
  }
}

async function runAll(bench) {
  const report = { targets: [], measured: new Map() };
  for (const workload of WORKLOADS) {
    const targets = workload.targets.filter((target) => isWanted(target, bench.options));
    if (targets.length === 0) continue;
    try {
      await runWorkload(bench, { workload, targets, measured: report.measured });
    } catch (error) {
      bench.fail(`${workload.title}: ${error.message}`);
    }
    report.targets.push(...targets.map((target) => judge(target, report.measured)));
  }
  return report;
}

function publish({ targets, measured }, { failures, machine }) {
  const text = markdown({ targets, measured, failures, machine });
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, 'latest.md'), text);
  const raw = { machine, failures, targets, measured: Object.fromEntries(measured) };
  writeFileSync(join(RESULTS, 'latest.json'), JSON.stringify(raw, null, 1));
  console.log(`\n${text}`);
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(HELP);
  const bench = await Bench.start(options);
  try {
    const machine = describeMachine({
      options,
      postgres: await bench.postgres.description(),
      generator: GENERATOR,
    });
    console.log(machine.join('\n'));
    publish(await runAll(bench), { failures: bench.failures, machine });
    if (bench.failures.length > 0) process.exitCode = 1;
  } finally {
    await bench.stop();
  }
}

process.on('exit', endAll);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
main().catch((error) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exit(1);
});
