import { withClosedApp } from '../app-console';
import { Checks, type Verdict } from '../platform/checks';
import { loadConfig } from '../platform/config';
import { Database } from '../platform/transaction';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const VERIFY_HELP = `tallyhouse verify

Checks what must hold of the books at every commit and prints a line for each check: ok, or FAILED with the first rows that
break it. Ends with 1 when a check failed. Nothing is repaired. Every check reads its tables once, all of them one state of
the database; a running service goes on working meanwhile.`;

/** Runs every check; throws when one of them failed. */
export async function verify(args: readonly string[]): Promise<void> {
  if (args.length > 0) throw new UsageError(`verify does not know ${args[0]}`, VERIFY_HELP);
  const verdicts = await withClosedApp(loadConfig(environment()), (app) => {
    const [database, checks] = [app.get(Database, { strict: false }), app.get(Checks, { strict: false })];
    return database.transaction((tx) => printed(checks.run(tx)), { isolation: 'repeatable read' });
  });
  const failed = verdicts.filter((holds) => !holds).length;
  if (failed > 0) throw new Error(`${failed} of ${verdicts.length} checks failed`);
}

/** Prints each verdict as it comes and answers whether each check holds. */
async function printed(verdicts: AsyncIterable<Verdict>): Promise<boolean[]> {
  const all: boolean[] = [];
  for await (const { name, examples } of verdicts) {
    const holds = examples.length === 0;
    const rows = examples.map((row) => `        ${JSON.stringify(row)}`);
    console.log([`${holds ? 'ok    ' : 'FAILED'}  ${name}`, ...rows].join('\n'));
    all.push(holds);
  }
  return all;
}
