import { isUtf8 } from 'node:buffer';
import { judgeLine, scanRecord } from './csv-record';

/** One record of a file, with the number of the line it begins on; or what is wrong with that line. */
export type CsvRecord =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly problem: string };

/** Records that were read at one go, and how many bytes of the file have been read by then. */
export interface CsvPart {
  readonly records: readonly CsvRecord[];
  readonly bytesRead: number;
}

/** A record longer than this is an open quote that nobody closes. */
const RECORD_MAX = 1_000_000;
const BYTE_ORDER_MARK = '\uFEFF';
const REPLACEMENT = '\uFFFD';
const EMPTY_LINE = /^\r?\n$/;

/**
 * Reads CSV in parts, in memory that does not grow with the file. A line that is no record is told and left out, and
 * reading goes on at the very next line, so that an unclosed quote never swallows the rows below it.
 */
export async function* csvRecords(input: AsyncIterable<Buffer>): AsyncGenerator<CsvPart> {
  const reader = new CsvReader();
  let bytesRead = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    bytesRead += chunk.length;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    // Whole lines only: no sign of UTF-8 has the byte of a newline in it.
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(end);
    yield { records: reader.read(bytes.subarray(0, end), false), bytesRead };
  }
  yield { records: reader.read(rest, true), bytesRead };
}

/** Cuts text into records and keeps what is not finished yet. */
class CsvReader {
  #text = '';
  #line = 1;
  #width: number | null = null;
  #isUtf8 = true;

  /** The records that are complete with these bytes, which end with a line or with the file. */
  read(bytes: Buffer, last: boolean): CsvRecord[] {
    this.#isUtf8 &&= isUtf8(bytes);
    this.#text += bytes.toString('utf8');
    if (this.#line === 1 && this.#text.startsWith(BYTE_ORDER_MARK)) this.#text = this.#text.slice(1);
    const records: CsvRecord[] = [];
    let at = 0;
    while (at < this.#text.length) {
      const next = this.#readOne(at, { last, records });
      if (next === null) break;
      at = next;
    }
    this.#text = this.#text.slice(at);
    return records;
  }

  /** Reads one record and answers where the next one begins; null when more text is needed. */
  #readOne(at: number, { last, records }: { last: boolean; records: CsvRecord[] }): number | null {
    const text = this.#text;
    const lineEnd = endOfLine(text, at);
    if (EMPTY_LINE.test(text.slice(at, Math.min(lineEnd, at + 3)))) {
      this.#line++;
      return lineEnd;
    }
    const scanned = scanRecord(text, at, last);
    if (scanned === 'unfinished' && !last && text.length - at < RECORD_MAX) return null;
    if (typeof scanned === 'string') {
      return this.#judge(text.slice(at, lineEnd), { next: lineEnd, records });
    }
    const { cells, next } = scanned;
    if (next > lineEnd && this.#width !== null && cells.length !== this.#width) {
      const problem = `opens a quote that makes it one record of ${cells.length} cells with the lines below`;
      return this.#take({ line: this.#line, problem }, { lines: 1, next: lineEnd, records });
    }
    const lines = next === lineEnd ? 1 : linesIn(text, at, next);
    return this.#take(this.#checked(cells), { lines, next, records });
  }

  #judge(line: string, { next, records }: { next: number; records: CsvRecord[] }): number {
    const judged = judgeLine(line);
    const record = typeof judged === 'string' ? { line: this.#line, problem: judged } : this.#checked(judged);
    return this.#take(record, { lines: 1, next, records });
  }

  #checked(cells: readonly string[]): CsvRecord {
    if (!this.#isUtf8 && cells.some((cell) => cell.includes(REPLACEMENT))) {
      return { line: this.#line, problem: 'is not text in UTF-8' };
    }
    return { line: this.#line, cells };
  }

  /** The first record is the header, which says how many cells the others have. */
  #take(record: CsvRecord, place: { lines: number; next: number; records: CsvRecord[] }): number {
    place.records.push(record);
    if ('cells' in record) this.#width ??= record.cells.length;
    this.#line += place.lines;
    return place.next;
  }
}

/** The index behind the newline that ends the line, or the end of the text. */
function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}

function linesIn(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) lines++;
  return Math.max(lines, 1);
}
