import { parseArgs } from 'node:util';
import { withClosedApp } from '../app-console';
import { importProgress } from '../importers/import-progress';
import { ReportFile } from '../importers/report-file';
import { builtInCards } from '../importers/scorpius-cards';
import { DirectScorpiusTarget } from '../importers/scorpius-direct';
import { importScorpius } from '../importers/scorpius-import';
import { ScorpiusJournal } from '../importers/scorpius-journal';
import type { ScorpiusParts } from '../importers/scorpius-parts';
import { scorpiusReportLines } from '../importers/scorpius-report';
import { ScorpiusSource, UnreadableRedis } from '../importers/scorpius-source';
import { Clock } from '../platform/clock';
import { type Config, loadConfig } from '../platform/config';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const IMPORT_SCORPIUS_HELP = `tallyhouse import scorpius <redis url> [options]

Takes over the keys of an original Scorpius: organisations with their plans, limits, overdue flags and customers of Stripe, and
what they used in the months that its counters are of. Its Redis is only read, by SCAN. Nothing is written without --apply: it
reads, judges by the built-in plans, and says what it would do. What is ambiguous or cannot be read is listed by its key and
skipped. What is here already stays; after an interruption run the same command again.

The address is redis://[user:password@]host:port[/database]; the password may stand in REDISCLI_AUTH instead.

  --database <number>   of the Redis; unless told, the one in the address, else 0 (the compose file of the original used 2)
  --apply               do it, by the plans of this installation
  --compare-records     also add up the copies of events and list where they differ from the counters; memory then grows with
                        organisations and features
  --report <file>       everything to look at and the summary: one JSON document (.json), else one JSON object a line

Works on DATABASE_URL, else on the embedded Postgres of DATA_DIR, which may be in use by a running service.
Ends with 0 when nothing was skipped; 1 when something was, or it had to stop; 2 when there is no Scorpius to be read.`;

const OPTIONS = {
  database: { type: 'string' },
  apply: { type: 'boolean', default: false },
  'compare-records': { type: 'boolean', default: false },
  report: { type: 'string' },
} as const;

type Values = ReturnType<typeof parse>['values'];

/** Takes a Scorpius over, or says what that would do, and prints what became of it. */
export async function importFromScorpius(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [url, ...rest] = positionals;
  if (url === undefined) throw new UsageError('Which Redis?', IMPORT_SCORPIUS_HELP);
  if (rest.length > 0) throw new UsageError(`One Redis at a time: what is ${rest[0]}?`, IMPORT_SCORPIUS_HELP);
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError('The address must be redis://…', IMPORT_SCORPIUS_HELP);
  const database = databaseOf(values);
  try {
    const password = environment()['REDISCLI_AUTH'];
    await run(await ScorpiusSource.open(url, { database, password }), values);
  } catch (error) {
    if (!(error instanceof UnreadableRedis)) throw error;
    console.error(`This cannot be read as a Scorpius: ${error.message}`);
    process.exitCode = 2;
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), IMPORT_SCORPIUS_HELP);
  }
}

function databaseOf({ database }: Values): number | null {
  if (database === undefined) return null;
  if (!/^\d{1,9}$/.test(database))
    throw new UsageError('--database: must be a whole number', IMPORT_SCORPIUS_HELP);
  return parseInt(database, 10);
}

async function run(source: ScorpiusSource, values: Values): Promise<void> {
  try {
    const config = loadConfig(environment());
    const job = { source, values, config };
    if (!values.apply) return await move(job, { target: null, cards: builtInCards(), clock: new Clock() });
    await withClosedApp(config, (app) => {
      const target = new DirectScorpiusTarget(app);
      return move(job, { target, cards: target.cards, clock: app.get(Clock, { strict: false }) });
    });
  } finally {
    source.close();
  }
}

async function move(
  { source, values, config }: { source: ScorpiusSource; values: Values; config: Config },
  { target, cards, clock }: Pick<ScorpiusParts, 'target' | 'cards'> & { clock: Clock },
): Promise<void> {
  const file = values.report === undefined ? null : new ReportFile(values.report);
  const journal = new ScorpiusJournal(file, target === null);
  const size = await source.size();
  const progress = importProgress(size);
  const onProgress = (keys: number): void => progress.update(Math.min(keys, size), keys);
  const latest = clock.now().getTime() + config.eventFutureToleranceMs;
  const compareRecords = values['compare-records'];
  try {
    await importScorpius({ source, target, journal, cards, latest, compareRecords, onProgress });
    if (journal.skipped > 0) process.exitCode = 1;
  } finally {
    progress.stop();
    file?.close(journal.summary());
    if (journal.read > 0) console.log(scorpiusReportLines(journal).join('\n'));
  }
}
