import type { ReportFile } from './report-file';

/** A row that somebody should look at. */
export interface InstanceNote {
  readonly line: number;
  readonly id: string;
  readonly outcome: 'refused' | 'conflict' | 'corrected' | 'remark';
  readonly reason: string;
}

/** So many rows are kept to be printed; the report file has all of them. */
const NOTES_KEPT = 100;

/** What became of every row and every time. Does not grow with them. */
export class InstanceJournal {
  rowsRead = 0;
  readonly counts = { instances: 0, superseded: 0, recorded: 0, standing: 0, corrected: 0 };
  readonly outcomes = { refused: 0, conflict: 0, corrected: 0, remark: 0 };
  readonly #notes: InstanceNote[] = [];

  constructor(
    private readonly file: Pick<ReportFile, 'row'> | null,
    readonly isDryRun: boolean,
  ) {}

  note(note: InstanceNote): void {
    this.outcomes[note.outcome]++;
    this.file?.row(note);
    if (this.#notes.length < NOTES_KEPT) this.#notes.push(note);
  }

  /** The rows to look at, by line; the first hundred of them that came. */
  notes(): { readonly shown: readonly InstanceNote[]; readonly more: number } {
    const all = Object.values(this.outcomes).reduce((sum, count) => sum + count, 0);
    const shown = [...this.#notes].sort((a, b) => a.line - b.line);
    return { shown, more: all - shown.length };
  }

  /** Everything but the single rows, as it stands in the report file. */
  summary() {
    const { refused, conflict, remark, corrected } = this.outcomes;
    return {
      dry_run: this.isDryRun,
      rows: this.rowsRead,
      instances: this.counts.instances,
      superseded: this.counts.superseded,
      events: {
        recorded: this.counts.recorded,
        standing: this.counts.standing,
        taken_back: this.counts.corrected,
      },
      rows_to_look_at: { refused, conflict, corrected, remark },
    };
  }
}
