import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [options]
  --only 1,2,7      only these targets
  --rounds 5        interleaved rounds; the medians of them are reported
  --seconds 3       length of one measurement
  --warmup 2        seconds of the same load before each measurement
  --full            target 8 at one and ten million rows (else one and three); takes some twenty minutes
  --quick           a functional run: two short rounds and small tables, no figures worth quoting
  --shared-buffers 512MB
  --role api        targets 1 to 4 and 7 without the jobs (rollups), to see what they cost; not for quoting
  --wait 5          seconds to wait, at most, for the machine to be idle before each measurement`;

/** A command line nobody can run; its message is all the user needs. */
export class UsageError extends Error {}

const NUMBERS = ['rounds', 'seconds', 'warmup', 'wait'];

/** Reads the command line. Throws a UsageError, or what node:util says of an unknown option. */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string', default: '2' },
      wait: { type: 'string' },
      full: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      role: { type: 'string', default: 'all' },
      'shared-buffers': { type: 'string', default: '512MB' },
      help: { type: 'boolean', default: false },
    },
  });
  const short = values.quick ? { rounds: '2', seconds: '2', wait: '0' } : {};
  const all = { rounds: '5', seconds: '3', wait: '5', ...short, ...values };
  for (const name of NUMBERS) {
    if (!/^\d+$/.test(all[name])) throw new UsageError(`--${name} must be a whole number\n${HELP}`);
  }
  const counts = Object.fromEntries(NUMBERS.map((name) => [name, Number(all[name])]));
  const only = all.only ? new Set(all.only.split(',').map((number) => number.trim())) : null;
  return { ...all, ...counts, only, sharedBuffers: all['shared-buffers'] };
}
