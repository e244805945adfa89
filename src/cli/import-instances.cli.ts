import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { withClosedApp } from '../app-console';
import { importProgress } from '../importers/import-progress';
import { DirectInstanceTarget } from '../importers/instance-direct';
import { importInstances } from '../importers/instance-import';
import { InstanceJournal } from '../importers/instance-journal';
import { instanceReportLines } from '../importers/instance-report';
import { RestInstanceTarget } from '../importers/instance-rest';
import type { InstanceTarget } from '../importers/instance-target';
import { ReportFile } from '../importers/report-file';
import { UnreadableFile } from '../importers/unreadable-file';
import { Clock } from '../platform/clock';
import { type Config, loadConfig } from '../platform/config';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const IMPORT_INSTANCES_HELP = `tallyhouse import workspace-instances <file> [options]

Tells workspace instances of Gitpod as events: when each was created, started, was stopping and had stopped. The file is an
export of d_b_workspace_instance, CSV with a header or NDJSON (.csv, .ndjson), with the columns of its workspace and user
(type, contextURL, ownerId, userName, avatarUrl) where they are joined in. Run it as often as you like, also on a file that
has grown or was exported anew: only what is missing is told, and a time that moved or was cleared is taken back. Of several
rows of one instance the last one holds. Every row that is refused, corrected or read with a remark is listed.

  --follow            read on as lines are appended, until SIGINT or SIGTERM
  --dry-run           write nothing: read, judge and compare with what stands
  --report <file>     every row to look at and the summary: one JSON document (.json), else one JSON object a line
  --url <address>     send to this running service instead of working on the database
  --api-key <key>     for --url, with the scopes events:write, events:backfill and usage:read; unless told, ADMIN_API_KEY

Ends with 0 when every row is accounted for, refused ones included; 2 when the file cannot be read as such an export.`;

const OPTIONS = {
  follow: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  report: { type: 'string' },
  url: { type: 'string' },
  'api-key': { type: 'string' },
} as const;

type Values = ReturnType<typeof parse>['values'];

/** Runs one import, or follows a file until a signal, and prints what became of the rows. */
export async function importWorkspaceInstances(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [path, ...rest] = positionals;
  if (path === undefined) throw new UsageError('Which file?', IMPORT_INSTANCES_HELP);
  if (rest.length > 0) throw new UsageError(`One file at a time: what is ${rest[0]}?`, IMPORT_INSTANCES_HELP);
  if (values.follow && values['dry-run'])
    throw new UsageError('--follow does not go with --dry-run', IMPORT_INSTANCES_HELP);
  const config = loadConfig(environment());
  try {
    const size = sizeOf(path);
    await withTarget(values, config, (parts) => run({ ...parts, path, size, values, config }));
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    console.error(`${path} cannot be read as workspace instances: ${error.message}`);
    process.exitCode = 2;
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), IMPORT_INSTANCES_HELP);
  }
}

function sizeOf(path: string): number {
  try {
    const found = statSync(path);
    if (found.isFile()) return found.size;
  } catch {
    // Told below in words of ours.
  }
  throw new UnreadableFile('there is no such file');
}

interface Target {
  readonly target: InstanceTarget;
  readonly clock: Clock;
}

async function withTarget(
  values: Values,
  config: Config,
  work: (parts: Target) => Promise<void>,
): Promise<void> {
  if (values.url === undefined) {
    await withClosedApp(config, (app) =>
      work({ target: new DirectInstanceTarget(app), clock: app.get(Clock, { strict: false }) }),
    );
    return;
  }
  const key = values['api-key'] ?? environment().ADMIN_API_KEY;
  if (!key) throw new UsageError('--url needs --api-key or ADMIN_API_KEY', IMPORT_INSTANCES_HELP);
  if (!URL.canParse(values.url))
    throw new UsageError(`--url: ${values.url} is no address`, IMPORT_INSTANCES_HELP);
  await work({ target: new RestInstanceTarget(values.url, key), clock: new Clock() });
}

interface Job extends Target {
  readonly path: string;
  readonly size: number;
  readonly values: Values;
  readonly config: Pick<Config, 'eventFutureToleranceMs'>;
}

async function run({ target, clock, path, size, values, config }: Job): Promise<void> {
  const file = values.report === undefined ? null : new ReportFile(values.report);
  const journal = new InstanceJournal(file, values['dry-run']);
  const progress = importProgress(size);
  const follow = values.follow ? endedBySignal() : null;
  if (follow !== null) console.error(`Following ${path}; end it with a signal`);
  const latest = (): number => clock.now().getTime() + config.eventFutureToleranceMs;
  const onProgress = (read: number, rows: number): void => progress.update(Math.min(read, size), rows);
  try {
    await importInstances({ path, follow }, { target, journal, latest, onProgress });
  } finally {
    progress.stop();
    file?.close(journal.summary());
    console.log(instanceReportLines(journal).join('\n'));
  }
}

/** What is under way is finished first; a second signal ends the process at once. */
function endedBySignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
