/**
 * The proof that a limit is never gone beyond: `npm run proof:limits -- --seeds 1000`. Clients race for the units of limits
 * through two processes of the service, each seed in another way. `--json` ends with one line for a program; `--source` runs
 * the TypeScript instead of what was built.
 */
import { optionsOf, report } from './command-line.mjs';
import { runRace, writeRace } from './limit-race.mjs';
import { LimitTown } from './limit-town.mjs';
import { Random, seedOf } from './random.mjs';

const options = optionsOf(process.argv.slice(2), {
  seeds: 1_000,
  clients: 200,
  units: 1_000,
  /** Seeds that race at the same time. */
  lanes: 1,
  /** In how many of the seeds a process is killed. */
  kills: 50,
  seed: '',
  source: false,
  json: false,
});

/** What is more than this makes a seed one of that kind. */
const USUAL = { accounts: 1, most: 1, batches: 0, lost: 0, changes: 0, flush: 0, kill: 0 };

const first = new Random(seedOf(options.seed === '' ? undefined : options.seed));
const log = (line) => console.error(line);
log(`seed ${first.seed}`);

const figures = await prove();
report('clients race for the units of a limit', figures);
if (options.json) console.log(`\n${JSON.stringify({ seed: first.seed, limits: figures })}`);
process.exit(figures.problems.length + figures.crashes.length + figures.broken.length === 0 ? 0 : 1);

async function prove() {
  const town = await LimitTown.open(options.source);
  const sums = { looks: 0, admitted: 0, refused: 0, consumed: 0, repeated: 0 };
  const kinds = Object.fromEntries(Object.keys(USUAL).map((name) => [name, 0]));
  const problems = [];
  const started = performance.now();
  try {
    let next = 0;
    const lane = async () => {
      while (next < options.seeds && problems.length < 20) {
        const at = next++;
        const { race, ...found } = await raceOf(town, at);
        for (const name of Object.keys(kinds)) kinds[name] += race[name] > USUAL[name] ? 1 : 0;
        for (const name of Object.keys(sums)) sums[name] += found[name];
        problems.push(...found.problems.map((text) => `seed ${at}: ${text}`));
        if ((at + 1) % 50 === 0)
          log(`${at + 1} seeds, ${sums.admitted} admitted, ${problems.length} problems`);
      }
    };
    await Promise.all(Array.from({ length: options.lanes }, lane));
    await town.settle();
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    const { kills, flushes, crashes } = town;
    const broken = town.verify();
    return { seconds, seeds: next, ...sums, kinds, kills, flushes, problems, crashes, broken };
  } finally {
    await town.close();
  }
}

async function raceOf(town, at) {
  const random = new Random(first.seed + at * 7_919);
  const { clients, units, seeds, kills } = options;
  const canKill = kills > 0 && at % Math.max(1, Math.floor(seeds / kills)) === 0;
  const race = writeRace(random, { clients, units, canKill, hasRedis: town.redis !== null });
  return { race, ...(await runRace({ town, random, race, name: `org:race-${at}-` })) };
}
