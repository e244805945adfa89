import { createReadStream } from 'node:fs';
import { INSTANCE_COLUMNS, judgeInstance } from './gitpod-instance';
import { growingFile } from './growing-file';
import type { InstanceJournal } from './instance-journal';
import { InstanceLane } from './instance-lane';
import type { InstanceTarget } from './instance-target';
import { type TableRow, tableFormatOf, tableRows } from './table-file';

export interface InstanceOptions {
  readonly path: string;
  /** Null = the file is read to its end; else it is read on as it grows, until the signal. */
  readonly follow: AbortSignal | null;
}

export interface InstanceParts {
  readonly target: InstanceTarget;
  readonly journal: InstanceJournal;
  /** The last instant that a time may be at, asked anew as the file is read. */
  readonly latest: () => number;
  readonly onProgress: (bytesRead: number, rows: number) => void;
}

const CHUNK_BYTES = 262_144;

/**
 * Tells the workspace instances of an export as events. Of several rows of one instance in a file the last one holds, so that
 * a file that is a log of rows can be imported again and again. Throws UnreadableFile, and `unavailable` when the target
 * stays away for more than a minute.
 */
export async function importInstances(options: InstanceOptions, parts: InstanceParts): Promise<void> {
  const { path, follow } = options;
  const format = tableFormatOf(path);
  const last = await lastRows(path);
  const input = follow === null ? wholeFile(path) : growingFile(path, follow);
  const lane = new InstanceLane(parts.target, parts.journal);
  for await (const { rows, bytesRead } of tableRows(input, format, INSTANCE_COLUMNS)) {
    for (const row of rows) take(row, { ...parts, lane, last });
    // An empty part of a growing file says that nothing more is to come for a while.
    await (follow !== null && rows.length === 0 ? lane.flush() : lane.advance());
    parts.onProgress(bytesRead, parts.journal.rowsRead);
  }
  await lane.flush();
}

function wholeFile(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}

/** The line of the last row of each instance, as far as the file goes by now. */
type LastRows = ReadonlyMap<string, number>;

async function lastRows(path: string): Promise<LastRows> {
  const lines = new Map<string, number>();
  for await (const { rows } of tableRows(wholeFile(path), tableFormatOf(path), INSTANCE_COLUMNS)) {
    for (const row of rows) if ('cells' in row) lines.set(row.cells['id'] ?? '', row.line);
  }
  return lines;
}

interface Taking extends Pick<InstanceParts, 'journal' | 'latest'> {
  readonly lane: InstanceLane;
  readonly last: LastRows;
}

function take(row: TableRow, { journal, latest, lane, last }: Taking): void {
  const { line } = row;
  journal.rowsRead++;
  if ('problem' in row) {
    return journal.note({ line, id: '', outcome: 'refused', reason: `the line ${row.problem}` });
  }
  if (line < (last.get(row.cells['id'] ?? '') ?? 0)) {
    journal.counts.superseded++;
    return;
  }
  const judged = judgeInstance(row.cells, latest());
  const { id } = judged;
  if ('reason' in judged) return journal.note({ line, id, outcome: 'refused', reason: judged.reason });
  if (judged.remark !== null) journal.note({ line, id, outcome: 'remark', reason: judged.remark });
  lane.push({ line, instance: judged.instance });
}
