import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { withClosedApp } from '../app-console';
import { parseAccountKey } from '../core/account-key';
import { DomainError } from '../core/errors';
import { parseInstant } from '../core/instant';
import { parseCurrency } from '../core/money';
import { focusExport, type ExportOptions, type LeftOut } from '../importers/focus-export';
import { Clock } from '../platform/clock';
import { loadConfig } from '../platform/config';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const EXPORT_HELP = `tallyhouse export focus [options]

Writes usage rated by list prices as CSV in the columns of FOCUS 1.2: one line per account, meter and day (sums and counts)
or period. Amounts are exact decimals. Usage without a list price is left out and named on standard error.

  --account <key>     only this account; may be given several times
  --from <date>       the first day, such as 2024-09-01 (UTC); all there is unless told
  --to <date>         the day after the last one; tomorrow unless told
  --by <day|period>   how long a charge is; day unless told
  --currency <code>   for meters with list prices in several currencies
  --issuer <name>     who issues the bill, and provides what nobody else is named for; Tallyhouse unless told
  --out <file>        instead of standard output; the file appears when it is complete

Each line has an id in the column x_RowId: \`tallyhouse import focus <file> --id-column x_RowId\` takes such a file in.`;

const OPTIONS = {
  account: { type: 'string', multiple: true },
  from: { type: 'string' },
  to: { type: 'string' },
  by: { type: 'string', default: 'day' },
  currency: { type: 'string' },
  issuer: { type: 'string', default: 'Tallyhouse' },
  out: { type: 'string' },
} as const;

type Values = ReturnType<typeof parse>['values'];
type Wanted = Omit<ExportOptions, 'to'> & { readonly to: number | null };

const DAY = 86_400_000;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Runs one export; what it left out is told on standard error. */
export async function exportCharges(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [format, ...rest] = positionals;
  if (format !== 'focus')
    throw new UsageError(format ? `export does not know ${format}` : 'export what?', EXPORT_HELP);
  if (rest.length > 0) throw new UsageError(`export focus does not know ${rest[0]}`, EXPORT_HELP);
  const wanted = optionsOf(values);
  const leftOut: LeftOut = new Map();
  await withClosedApp(loadConfig(environment()), async (app) => {
    const today = app.get(Clock, { strict: false }).now().getTime();
    const to = wanted.to ?? today - (today % DAY) + DAY;
    if (wanted.from >= to) throw new UsageError('--to: must be after --from', EXPORT_HELP);
    await write(focusExport(app, { ...wanted, to }, leftOut), values.out);
  });
  for (const [meter, reason] of leftOut) console.error(`left out: ${meter} ${reason}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), EXPORT_HELP);
  }
}

function optionsOf({ account, from, to, by, currency, issuer }: Values): Wanted {
  if (by !== 'day' && by !== 'period') throw new UsageError('--by: must be day or period', EXPORT_HELP);
  if (issuer === '') throw new UsageError('--issuer: must not be empty', EXPORT_HELP);
  const read = <T>(text: string | undefined, parser: (text: string) => T): T | null => {
    try {
      return text === undefined ? null : parser(text);
    } catch (error) {
      throw error instanceof DomainError ? new UsageError(error.message, EXPORT_HELP) : error;
    }
  };
  return {
    accounts: account?.map((key) => read(key, (text) => parseAccountKey(text, '--account'))!) ?? null,
    from: read(from, (text) => midnight(text, '--from')) ?? 0,
    to: read(to, (text) => midnight(text, '--to')),
    by,
    currency: read(currency, (text) => parseCurrency(text, '--currency')),
    issuer,
  };
}

/** Stored days are UTC days, so an export begins and ends at a midnight of them. */
function midnight(text: string, field: string): number {
  const at = parseInstant(DATE.test(text) ? `${text}T00:00:00Z` : text, field);
  if (at % DAY === 0) return at;
  throw new UsageError(`${field}: must be a date, such as 2024-09-01`, EXPORT_HELP);
}

/** A file gets its name when it is whole, so that half an export is never taken for one. */
async function write(lines: AsyncIterable<string>, path: string | undefined): Promise<void> {
  const text = Readable.from(withNewlines(lines));
  if (path === undefined) return pipeline(text, process.stdout, { end: false });
  const unfinished = `${path}.part`;
  try {
    await pipeline(text, createWriteStream(unfinished));
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

async function* withNewlines(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let text = '';
  for await (const line of lines) {
    text += `${line}\n`;
    if (text.length < 65_536) continue;
    yield text;
    text = '';
  }
  yield text;
}
