/**
 * Proofs under faults, with real processes: `npm run proof:faults -- --kills 200 --events 1000000`. `--json` ends with one
 * line for a program; `--source` runs the TypeScript instead of what was built.
 */
import { optionsOf, report } from './command-line.mjs';
import { proveKills } from './kills.mjs';
import { Random, seedOf } from './random.mjs';

const options = optionsOf(process.argv.slice(2), {
  kills: 200,
  events: 1_000_000,
  seed: '',
  source: false,
  json: false,
});

const random = new Random(seedOf(options.seed === '' ? undefined : options.seed));
const log = (line) => console.error(line);
log(`seed ${random.seed}`);

const kills = await proveKills({ ...options, random, isSource: options.source, log });
report('kill -9 of the service and of Postgres', kills);
if (options.json) console.log(`\n${JSON.stringify({ seed: random.seed, kills })}`);
const isRight =
  kills.lost === 0 &&
  kills.doubled === 0 &&
  kills.unknown === 0 &&
  kills.wrong.length === 0 &&
  kills.crashes.length === 0 &&
  Object.keys(kills.broken).length === 0;
process.exit(isRight ? 0 : 1);
