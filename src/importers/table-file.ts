import { isUtf8 } from 'node:buffer';
import { csvRecords, type CsvRecord } from './csv-records';
import { UnreadableFile } from './unreadable-file';

/** The cells of a row by the names of their columns; what is null or missing is empty. */
export type Cells = Readonly<Record<string, string>>;

/** One row of a table with the number of its line; or what is wrong with that line. */
export type TableRow =
  { readonly line: number; readonly cells: Cells } | { readonly line: number; readonly problem: string };

/** Rows that were read at one go, and how many bytes of the file have been read by then. */
export interface TablePart {
  readonly rows: readonly TableRow[];
  readonly bytesRead: number;
}

export const TABLE_FORMATS = ['csv', 'ndjson'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** How exports write what is null. */
const NULLS: ReadonlySet<string> = new Set(['NULL', '\\N']);
const BYTE_ORDER_MARK = '\uFEFF';

/** CSV or NDJSON by the end of a file's name. Throws UnreadableFile for any other. */
export function tableFormatOf(path: string): TableFormat {
  const format = TABLE_FORMATS.find((each) => path.toLowerCase().endsWith(`.${each}`));
  if (format === undefined) throw new UnreadableFile('its name ends neither in .csv nor in .ndjson');
  return format;
}

/**
 * Reads the export of a table in parts, in memory that does not grow with it: CSV with a header, or one JSON object a line.
 * Throws UnreadableFile when a header lacks one of the columns; a JSON object without one is a row with a problem.
 */
export function tableRows(
  input: AsyncIterable<Buffer>,
  format: TableFormat,
  columns: readonly string[],
): AsyncGenerator<TablePart> {
  return format === 'csv' ? csvRows(input, columns) : jsonRows(input, columns);
}

async function* csvRows(input: AsyncIterable<Buffer>, columns: readonly string[]): AsyncGenerator<TablePart> {
  let names: readonly string[] | null = null;
  for await (const { records, bytesRead } of csvRecords(input)) {
    const rows: TableRow[] = [];
    for (const record of records) {
      if (names === null) names = headerOf(record, columns);
      else rows.push(csvRow(record, names));
    }
    yield { rows, bytesRead };
  }
  if (names === null) throw new UnreadableFile('the file is empty');
}

function headerOf(header: CsvRecord, columns: readonly string[]): readonly string[] {
  if ('problem' in header) throw new UnreadableFile(`the header ${header.problem}`);
  const names = header.cells.map((name) => name.trim());
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) throw new UnreadableFile(`the header has no column ${missing.join(', ')}`);
  return names;
}

function csvRow(record: CsvRecord, names: readonly string[]): TableRow {
  const { line } = record;
  if ('problem' in record) return { line, problem: record.problem };
  if (record.cells.length !== names.length) {
    return { line, problem: `has ${record.cells.length} cells, the header has ${names.length}` };
  }
  const cells = names.map((name, i) => [name, NULLS.has(record.cells[i]!) ? '' : record.cells[i]!]);
  return { line, cells: Object.fromEntries(cells) as Cells };
}

async function* jsonRows(
  input: AsyncIterable<Buffer>,
  columns: readonly string[],
): AsyncGenerator<TablePart> {
  let [line, bytesRead] = [0, 0];
  let rest: Buffer = Buffer.alloc(0);
  const read = (bytes: Buffer): TableRow[] => {
    const lines = linesOf(bytes).map((each) => ({ line: ++line, bytes: each }));
    return lines.filter((each) => !isBlank(each.bytes)).map((each) => jsonRow(each, columns));
  };
  for await (const chunk of input) {
    bytesRead += chunk.length;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(end);
    yield { rows: read(bytes.subarray(0, end)), bytesRead };
  }
  yield { rows: rest.length > 0 ? read(rest) : [], bytesRead };
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline === -1 ? bytes.length : newline;
    lines.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return lines;
}

const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x0d);

function jsonRow({ line, bytes }: { line: number; bytes: Buffer }, columns: readonly string[]): TableRow {
  if (!isUtf8(bytes)) return { line, problem: 'is not text in UTF-8' };
  const text = bytes.toString('utf8');
  const json = jsonOf(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { line, problem: 'is not one JSON object' };
  }
  const missing = columns.filter((column) => !Object.hasOwn(json, column));
  if (missing.length > 0) return { line, problem: `has no ${missing.join(', ')}` };
  const cells = Object.entries(json).map(([name, value]) => [name, textOf(value)]);
  return { line, cells: Object.fromEntries(cells) as Cells };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** As CSV would have it; an object in a cell stays JSON. */
function textOf(value: unknown): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? '1' : '0';
  return JSON.stringify(value);
}
