import { parseArgs } from 'node:util';
import { withClosedApp } from '../app-console';
import { DomainError } from '../core/errors';
import { parseInstant } from '../core/instant';
import { importProgress } from '../importers/import-progress';
import { ReportFile } from '../importers/report-file';
import { waybillCards } from '../importers/waybill-cards';
import { DirectWaybillTarget } from '../importers/waybill-direct';
import { importWaybill } from '../importers/waybill-import';
import { WaybillJournal } from '../importers/waybill-journal';
import { waybillReportLines } from '../importers/waybill-report';
import { RestWaybillTarget } from '../importers/waybill-rest';
import { UnreadableSource, WaybillSource } from '../importers/waybill-source.repository';
import type { WaybillTarget } from '../importers/waybill-target';
import { type Config, loadConfig } from '../platform/config';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const IMPORT_WAYBILL_HELP = `tallyhouse import waybill --from <postgres url> [options]

Moves an original Waybill over: its events, and what is left of its subscriptions, credits and budgets. Its database is only
read, in one transaction. Its hourly sums and billing records are not taken over but compared with what comes out here, by
project and month. Every row is accounted for; a row is stored once, however often it is imported: after an interruption run
the same command again.

  --from <address>      the database of the original, postgres://…; its password may stand in PGPASSWORD
  --dry-run             write nothing: read, judge and compare
  --since <instant>     only events that the original stored from then on (a date or RFC 3339); nothing is compared
  --report <file>       everything to look at and the summary: one JSON document (.json), else one JSON object a line
  --to <address>        move into this running service instead of working on the database
  --api-key <key>       for --to, of the role admin; unless told, ADMIN_API_KEY

Ends with 0 when every row is accounted for, refused ones included; 2 when the original cannot be read; 1 when the import had
to stop.`;

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  'api-key': { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  since: { type: 'string' },
  report: { type: 'string' },
} as const;

type Values = ReturnType<typeof parse>['values'];

/** Moves a Waybill over, or says what that would do, and prints what became of it. */
export async function importFromWaybill(args: readonly string[]): Promise<void> {
  const { values } = parse(args);
  const { from } = values;
  if (from === undefined) throw new UsageError('--from: which database?', IMPORT_WAYBILL_HELP);
  if (!/^postgres(ql)?:\/\//.test(from))
    throw new UsageError('--from: must be postgres://…', IMPORT_WAYBILL_HELP);
  const since = values.since === undefined ? null : instantOf(values.since);
  try {
    await run(from, { values, since });
  } catch (error) {
    if (!(error instanceof UnreadableSource)) throw error;
    console.error(`--from cannot be read as a Waybill: ${error.message}`);
    process.exitCode = 2;
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), IMPORT_WAYBILL_HELP);
  }
}

const DATE = /^\d{4}-\d\d-\d\d$/;

function instantOf(text: string): Date {
  try {
    return new Date(parseInstant(DATE.test(text) ? `${text}T00:00:00Z` : text, '--since'));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new UsageError(error.message, IMPORT_WAYBILL_HELP);
  }
}

async function run(from: string, { values, since }: { values: Values; since: Date | null }): Promise<void> {
  const config = loadConfig(environment());
  const source = await WaybillSource.open(from);
  try {
    await withTarget(values, config, (target) => move({ source, target, config }, { values, since }));
  } finally {
    await source.close();
  }
}

async function withTarget(
  values: Values,
  config: Config,
  work: (target: WaybillTarget | null) => Promise<void>,
): Promise<void> {
  if (values['dry-run']) return work(null);
  if (values.to === undefined) return withClosedApp(config, (app) => work(new DirectWaybillTarget(app)));
  const key = values['api-key'] ?? environment().ADMIN_API_KEY;
  if (!key) throw new UsageError('--to needs --api-key or ADMIN_API_KEY', IMPORT_WAYBILL_HELP);
  if (!URL.canParse(values.to)) throw new UsageError(`--to: ${values.to} is no address`, IMPORT_WAYBILL_HELP);
  return work(new RestWaybillTarget(values.to, key));
}

async function move(
  { source, target, config }: { source: WaybillSource; target: WaybillTarget | null; config: Config },
  { values, since }: { values: Values; since: Date | null },
): Promise<void> {
  const file = values.report === undefined ? null : new ReportFile(values.report);
  const journal = new WaybillJournal(file, target === null);
  const size = await source.roughCount();
  const progress = importProgress(size);
  const onProgress = (events: number): void => progress.update(Math.min(events, size), events);
  const parts = { source, target, journal, cards: waybillCards(config), onProgress };
  try {
    await importWaybill({ ...parts, futureToleranceMs: config.eventFutureToleranceMs }, { since });
  } finally {
    progress.stop();
    file?.close(journal.summary());
    console.log(waybillReportLines(journal).join('\n'));
  }
}
