import { hash } from 'node:crypto';
import { DomainError } from '../core/errors';
import { focusReader, type FocusReading, type FocusUsage } from '../core/focus';
import { focusLayout } from '../core/focus-columns';
import type { FocusPrice } from '../core/focus-price';
import { csvRecords, type CsvRecord } from './csv-records';
import type { FocusJournal } from './focus-journal';
import type { FocusTarget } from './focus-target';
import { InFlight } from './in-flight';
import { patiently } from './patience';
import { UnreadableFile } from './unreadable-file';

export interface ImportOptions {
  /** The column that identifies a row. */
  readonly idColumn: string;
  /** Where the ids are unique; null = the provider, billing account and period of each row. */
  readonly source: string | null;
}

export interface ImportParts {
  readonly target: FocusTarget;
  readonly journal: FocusJournal;
  readonly onProgress: (bytesRead: number, rows: number) => void;
}

const BATCH = 1_000;
/** New prices make every process read the catalogue again, so those of many rows are made together. */
const ROWS_WAITING_FOR_PRICES = 10_000;
const DIGEST_LENGTH = 16;

interface Row {
  readonly line: number;
  readonly usage: FocusUsage;
}

/**
 * Reads a FOCUS bill to its end and stores every row that is usage of a price; every other row is in the journal with its
 * line and reason. Rows already stored are duplicates, so an import that was interrupted is simply run again. Throws
 * UnreadableFile, and `unavailable` when the target stays away for more than a minute.
 */
export async function importFocus(
  input: AsyncIterable<Buffer>,
  options: ImportOptions,
  parts: ImportParts,
): Promise<void> {
  const pipeline = new Pipeline(parts.target, parts.journal);
  try {
    await readAll(input, options, { ...parts, pipeline });
    await pipeline.finish();
  } finally {
    // Also after a failure: whatever was stored by then stands in the journal.
    await pipeline.settled();
  }
}

async function readAll(
  input: AsyncIterable<Buffer>,
  options: ImportOptions,
  { pipeline, journal, onProgress }: ImportParts & { readonly pipeline: Pipeline },
): Promise<void> {
  let read: ((cells: readonly string[]) => FocusReading) | null = null;
  for await (const { records, bytesRead } of csvRecords(input)) {
    for (const record of records) {
      if (read === null) read = readerFor(record, options);
      else take(record, { read, pipeline, journal });
    }
    await pipeline.advance();
    onProgress(bytesRead, journal.rowsRead);
  }
  if (read === null) throw new UnreadableFile('the file is empty');
}

function readerFor(header: CsvRecord, { idColumn, source }: ImportOptions) {
  if ('problem' in header) throw new UnreadableFile(`the header ${header.problem}`);
  try {
    const digest = (text: string): string => hash('sha256', text, 'hex').slice(0, DIGEST_LENGTH);
    return focusReader(focusLayout(header.cells, idColumn), { digest, source });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new UnreadableFile(error.message);
  }
}

interface Reading {
  readonly read: (cells: readonly string[]) => FocusReading;
  readonly pipeline: Pipeline;
  readonly journal: FocusJournal;
}

function take(record: CsvRecord, { read, pipeline, journal }: Reading): void {
  journal.countRow();
  const { line } = record;
  if ('problem' in record) return journal.refuse({ line, id: '', reason: `the line ${record.problem}` });
  const reading = read(record.cells);
  if (reading.kind === 'usage') pipeline.push({ line, usage: reading.usage });
  else journal.refuse({ line, id: reading.id, reason: reading.reason });
}

/** Rows on their way: collected to batches, held until their meters exist, sent two batches at a time. */
class Pipeline {
  readonly #waiting: Row[] = [];
  readonly #newPrices = new Map<string, FocusPrice>();
  /** Every meter met so far; null = ready, else why it cannot be used. */
  readonly #meters = new Map<string, string | null>();
  readonly #inFlight = new InFlight();

  constructor(
    private readonly target: FocusTarget,
    private readonly journal: FocusJournal,
  ) {}

  push(row: Row): void {
    const { price } = row.usage;
    if (!this.#meters.has(price.meter)) this.#newPrices.set(price.meter, price);
    this.#waiting.push(row);
  }

  /** Sends the whole batches that can go. */
  async advance(): Promise<void> {
    if (this.#newPrices.size > 0) {
      if (this.#waiting.length < ROWS_WAITING_FOR_PRICES) return;
      await this.#prepare();
    }
    while (this.#waiting.length >= BATCH) await this.#send(this.#waiting.splice(0, BATCH));
  }

  /** Sends what is left and waits for the last verdict. */
  async finish(): Promise<void> {
    if (this.#newPrices.size > 0) await this.#prepare();
    while (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0, BATCH));
    await this.#inFlight.finish();
  }

  /** Waits until nothing is under way, well or not. */
  async settled(): Promise<void> {
    await this.#inFlight.settled();
  }

  async #prepare(): Promise<void> {
    const prices = [...this.#newPrices.values()];
    const obstacles = await patiently(() => this.target.prepare(prices));
    for (const { meter } of prices) this.#meters.set(meter, obstacles.get(meter) ?? null);
    this.#newPrices.clear();
  }

  async #send(rows: readonly Row[]): Promise<void> {
    const ready = rows.filter((row) => this.#isReady(row));
    if (ready.length > 0) await this.#inFlight.start(() => this.#store(ready));
  }

  #isReady({ line, usage }: Row): boolean {
    const obstacle = this.#meters.get(usage.price.meter);
    if (typeof obstacle === 'string') this.journal.refuse({ line, id: usage.id, reason: obstacle });
    return obstacle === null;
  }

  async #store(rows: readonly Row[]): Promise<void> {
    const verdicts = await patiently(() => this.target.record(rows.map(({ usage }) => usage)));
    rows.forEach(({ line, usage }, place) => this.journal.judge(line, usage, verdicts[place]!));
  }
}
