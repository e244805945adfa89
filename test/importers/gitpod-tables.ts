import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { team, uuid } from '../support/gitpod-world';

/** A row by the names of its columns; what is left out of a later row is empty. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

const cell = (value: Row[string] | undefined): string => {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** CSV with a header of all columns that any of the rows has. */
export function csv(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [names, ...rows.map((row) => names.map((name) => cell(row[name])))]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
}

export const ndjson = (rows: readonly Row[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** A folder with exports, gone when the test is over. */
export class ExportFolder {
  readonly path = join(tmpdir(), `gitpod-${process.pid}-${process.hrtime.bigint()}`);

  constructor() {
    mkdirSync(this.path, { mode: 0o755 });
  }

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** An instance of an hour's length unless told otherwise; times that are left out are unset. */
export function instanceRow(n: number, row: Row = {}): Row {
  return {
    ...{ id: uuid(n), workspaceId: `ws${n}`, usageAttributionId: team(1), workspaceClass: 'default' },
    ...{ creationTime: '2026-01-10T07:59:00.000Z', startedTime: '2026-01-10T08:00:00.000Z' },
    ...{ stoppingTime: '', stoppedTime: '', phasePersisted: 'running' },
    ...row,
  };
}

export const ended = (stopping: string, stopped = stopping): Row => ({
  ...{ stoppingTime: stopping, stoppedTime: stopped, phasePersisted: 'stopped' },
});
