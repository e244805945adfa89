import { parseArgs } from 'node:util';
import { withClosedApp } from '../app-console';
import { creditRates } from '../core/credits';
import { DirectGitpodTarget } from '../importers/gitpod-direct';
import { GitpodFolder } from '../importers/gitpod-folder';
import { importGitpod } from '../importers/gitpod-import';
import { GitpodJournal } from '../importers/gitpod-journal';
import { gitpodReportLines } from '../importers/gitpod-report';
import { importProgress } from '../importers/import-progress';
import { ReportFile } from '../importers/report-file';
import { UnreadableFile } from '../importers/unreadable-file';
import { Clock } from '../platform/clock';
import { type Config, loadConfig } from '../platform/config';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const IMPORT_GITPOD_HELP = `tallyhouse import gitpod <folder> [options]

Takes over the tables of Gitpod's usage component. The folder holds exports of them, each a file of its name, CSV with a header
or NDJSON: d_b_usage, d_b_cost_center, d_b_free_credits, d_b_workspace_instance, d_b_workspace, d_b_user, d_b_team_membership,
d_b_identity and d_b_stripe_customer; what is not there is left out. Nothing is written without --apply: it reads, judges, and
compares what every account owes there with what it would owe here, by the rates of this installation (CREDITS_PER_MINUTE).

  --apply             do it: instances become events, all other rows of the ledger postings, cost centres keep their history.
                      What is here already stays; after an interruption run the same command again
  --match-balances    make the balances that differ equal, each by one adjustment (gitpod:opening)
  --report <file>     every row to look at, everything that differs and the summary: one JSON document (.json), else one JSON
                      object a line

Works on DATABASE_URL, else on the embedded Postgres of DATA_DIR, which may be in use by a running service.
Ends with 0 when every row is accounted for, refused ones included; 2 when a table cannot be read; 1 when it had to stop.`;

const OPTIONS = {
  apply: { type: 'boolean', default: false },
  'match-balances': { type: 'boolean', default: false },
  report: { type: 'string' },
} as const;

type Values = ReturnType<typeof parse>['values'];

/** Takes the tables over, or says what that would do, and prints what became of them. */
export async function importFromGitpod(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [path, ...rest] = positionals;
  if (path === undefined) throw new UsageError('Which folder?', IMPORT_GITPOD_HELP);
  if (rest.length > 0) throw new UsageError(`One folder at a time: what is ${rest[0]}?`, IMPORT_GITPOD_HELP);
  const config = loadConfig(environment());
  try {
    const folder = GitpodFolder.open(path);
    if (!values.apply) return await run({ folder, values, config, target: null, clock: new Clock() });
    await withClosedApp(config, (app) => {
      const clock = app.get(Clock, { strict: false });
      return run({ folder, values, config, target: new DirectGitpodTarget(app), clock });
    });
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    console.error(`${path} cannot be read as tables of Gitpod: ${error.message}`);
    process.exitCode = 2;
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), IMPORT_GITPOD_HELP);
  }
}

interface Job {
  readonly folder: GitpodFolder;
  readonly values: Values;
  readonly config: Pick<Config, 'creditsPerMinute' | 'eventFutureToleranceMs'>;
  readonly target: DirectGitpodTarget | null;
  readonly clock: Clock;
}

async function run({ folder, values, config, target, clock }: Job): Promise<void> {
  const file = values.report === undefined ? null : new ReportFile(values.report);
  const journal = new GitpodJournal(file, target === null);
  const progress = importProgress(folder.size());
  let read = 0;
  const onProgress = (bytes: number): void => {
    read += bytes;
    progress.update(read, journal.instances.rowsRead);
  };
  const rates = creditRates(config.creditsPerMinute);
  const latest = clock.now().getTime() + config.eventFutureToleranceMs;
  const matchBalances = values['match-balances'];
  try {
    await importGitpod({ folder, journal, target, rates, latest, matchBalances, onProgress });
  } finally {
    progress.stop();
    file?.close(journal.summary());
    console.log(gitpodReportLines(journal).join('\n'));
  }
}
