import { createReadStream, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { withClosedApp } from '../app-console';
import { DirectTarget } from '../importers/focus-direct';
import { importFocus } from '../importers/focus-import';
import { FocusJournal } from '../importers/focus-journal';
import { reportLines } from '../importers/focus-report';
import { RestTarget } from '../importers/focus-rest';
import type { FocusTarget } from '../importers/focus-target';
import { importProgress } from '../importers/import-progress';
import { ReportFile } from '../importers/report-file';
import { UnreadableFile } from '../importers/unreadable-file';
import { loadConfig } from '../platform/config';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const IMPORT_HELP = `tallyhouse import focus <file> [options]

Stores every row of a FOCUS bill (CSV, or CSV in gzip named .gz) as usage: an event of the SKU price's meter for the
sub-account (focus:<SubAccountId>, or <BillingAccountId> where there is none), and the list price of each SKU price.
Rows that are no usage (credits, negative corrections, what cannot be read) are listed with line and reason, and so are
rows whose ListCost is not quantity times list price; nothing is left out in silence. A row is stored once, however often
its file is imported: after an interruption run the same command again.

  --report <file>       every row to look at and the summary: one JSON document (.json), else one JSON object a line
  --id-column <name>    the column that identifies a row; Id unless told
  --source <name>       where these ids are unique; unless told, the provider, billing account and period of each row
  --url <address>       send the rows to this running service instead of working on the database
  --api-key <key>       for --url, with the scopes events:write, events:backfill, meters:write and prices:write;
                        unless told, ADMIN_API_KEY

Ends with 0 when every row is accounted for, refused ones included; 2 when the file cannot be read as a bill.`;

const OPTIONS = {
  report: { type: 'string' },
  'id-column': { type: 'string', default: 'Id' },
  source: { type: 'string' },
  url: { type: 'string' },
  'api-key': { type: 'string' },
} as const;

type Values = ReturnType<typeof parse>['values'];

const CHUNK_BYTES = 262_144;
const SOURCE = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/** Runs one import and prints what became of the rows. */
export async function importBill(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [format, path, ...rest] = positionals;
  if (format !== 'focus')
    throw new UsageError(format ? `import does not know ${format}` : 'import what?', IMPORT_HELP);
  if (path === undefined) throw new UsageError('Which file?', IMPORT_HELP);
  if (rest.length > 0) throw new UsageError(`One file at a time: what is ${rest[0]}?`, IMPORT_HELP);
  if (values.source !== undefined && !SOURCE.test(values.source))
    throw new UsageError('--source: must be one line of 1 to 255 characters', IMPORT_HELP);
  try {
    const size = sizeOf(path);
    await withTarget(values, (target) => run({ path, size, values }, target));
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    console.error(`${path} cannot be read as a FOCUS bill: ${error.message}`);
    process.exitCode = 2;
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), IMPORT_HELP);
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

async function withTarget(values: Values, work: (target: FocusTarget) => Promise<void>): Promise<void> {
  if (values.url === undefined) {
    await withClosedApp(loadConfig(environment()), (app) => work(new DirectTarget(app)));
    return;
  }
  const key = values['api-key'] ?? environment().ADMIN_API_KEY;
  if (!key) throw new UsageError('--url needs --api-key or ADMIN_API_KEY', IMPORT_HELP);
  if (!URL.canParse(values.url)) throw new UsageError(`--url: ${values.url} is no address`, IMPORT_HELP);
  await work(new RestTarget(values.url, key));
}

interface Job {
  readonly path: string;
  readonly size: number;
  readonly values: Values;
}

async function run({ path, size, values }: Job, target: FocusTarget): Promise<void> {
  const file = values.report === undefined ? null : new ReportFile(values.report);
  const journal = new FocusJournal(file);
  const progress = importProgress(size);
  const bytes = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const input = path.endsWith('.gz') ? bytes.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : bytes;
  bytes.once('error', (error) => input.destroy(error));
  const onProgress = (_read: number, rows: number): void => progress.update(bytes.bytesRead, rows);
  const options = { idColumn: values['id-column'], source: values.source ?? null };
  try {
    await importFocus(input, options, { target, journal, onProgress }).catch(inWords);
  } finally {
    progress.stop();
    file?.close(journal.summary());
    console.log(reportLines(journal).join('\n'));
  }
}

/** What the system says of a file that cannot be read, and gzip of one that is none. */
function inWords(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^(E[A-Z]+|Z_[A-Z_]+)$/.test(code)) throw new UnreadableFile((error as Error).message);
  throw error;
}
