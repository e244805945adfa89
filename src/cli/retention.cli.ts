import { withClosedApp } from '../app-console';
import { loadConfig } from '../platform/config';
import { Retention, type RetentionReport } from '../platform/retention';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const RETENTION_HELP = `tallyhouse retention --dry-run

Prints what the job \`retention\` would let go now, and what holds the rest; nothing is changed.

How long things are kept: RETENTION_EVENTS, RETENTION_WINDOWS, RETENTION_OUTBOX, RETENTION_DELIVERIES.
The job runs every day by itself; \`tallyhouse job run retention\` runs it now.`;

/** Prints what would go. */
export async function retention(args: readonly string[]): Promise<void> {
  if (args.length !== 1 || args[0] !== '--dry-run') {
    throw new UsageError('retention needs --dry-run; the job lets go', RETENTION_HELP);
  }
  await withClosedApp(loadConfig(environment()), async (app) => {
    for (const report of await app.get(Retention).run({ dryRun: true })) print(report);
  });
}

function print({ rule, before, heldBy, removals }: RetentionReport): void {
  const nothing = removals.length === 0 ? ': nothing' : '';
  console.log(`${rule} before ${before.toISOString()}${nothing}`);
  for (const { what, rows } of removals) {
    console.log(`    ${what}${rows === null ? '' : `: ${rows} ${rows === 1 ? 'row' : 'rows'}`}`);
  }
  if (heldBy !== null) console.log(`    held from ${heldBy.from.toISOString()} on by: ${heldBy.guard}`);
}
