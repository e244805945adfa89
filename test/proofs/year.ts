/**
 * The proof of a year: `npm run proof:year`. A thousand subscriptions in forty time zones live thirteen months by a test clock,
 * once with one scheduler and once with two. `-- --seed 7 --subscriptions 100` makes another or a smaller one, `--schedulers 1`
 * leaves the second run out.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import setUp from '../support/global-setup';
import tearDown from '../support/global-teardown';
import { SEED } from '../support/seed';
import { differences } from './year/digest';
import { proveYear, type YearProof } from './year/proof';
import { writeScript } from './year/script';
import { FORTY_ZONES } from './year/zones';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(SEED) },
    subscriptions: { type: 'string', default: '1000' },
    zones: { type: 'string', default: '40' },
    anchors: { type: 'string', default: '3' },
    steps: { type: 'string', default: '600' },
    events: { type: 'string', default: '10' },
    months: { type: 'string', default: '13' },
    schedulers: { type: 'string', default: '2' },
  },
});
const whole = (name: keyof typeof values): number => parseInt(values[name], 10);
const SHOWN = 40;

async function main(): Promise<boolean> {
  const script = writeScript({
    ...{ seed: whole('seed'), subscriptions: whole('subscriptions'), anchors: whole('anchors') },
    ...{ zones: FORTY_ZONES.slice(0, whole('zones')), steps: whole('steps') },
    ...{ events: whole('events'), months: whole('months') },
  });
  console.log(
    `seed ${values.seed}: ${script.subscribers.length} subscriptions, ${script.steps.length} steps`,
  );
  await setUp();
  try {
    const proofs: YearProof[] = [];
    for (let count = 1; count <= whole('schedulers'); count++) proofs.push(await prove(script, count));
    const [one, ...others] = proofs;
    const apart = others.flatMap(({ digest }) => differences(one!.digest, digest));
    if (others.length > 0) console.log(`two schedulers differ from one in: ${apart.join(', ') || 'nothing'}`);
    return (
      apart.length === 0 && proofs.every(({ problems, replayed }) => problems.length + replayed.length === 0)
    );
  } finally {
    await tearDown();
  }
}

async function prove(script: Parameters<typeof proveYear>[0], schedulers: number): Promise<YearProof> {
  const started = performance.now();
  const seconds = (): number => Math.round((performance.now() - started) / 1_000);
  console.log(`\n${schedulers} ${schedulers === 1 ? 'scheduler' : 'schedulers'}`);
  const log = (line: string): void => {
    const mebibytes = Math.round(process.memoryUsage().rss / 1_048_576);
    console.log(`${String(seconds()).padStart(5)} s ${String(mebibytes).padStart(5)} MiB${line}`);
  };
  const proof = await proveYear(script, schedulers, { log });
  const { looked, verdicts, answers, problems, replayed } = proof;
  for (const [name, figures] of Object.entries({ looked, verdicts, answers })) {
    console.log(`  ${name.padEnd(9)} ${JSON.stringify(figures)}`);
  }
  console.log(`  changed by doing all of it again: ${replayed.join(', ') || 'nothing'}`);
  console.log(`  ${problems.length} problems, ${seconds()} s`);
  for (const problem of problems.slice(0, SHOWN)) console.log(`    ${problem}`);
  return proof;
}

void main().then(
  (isRight) => process.exit(isRight ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
