import type { AccountKey } from '../core/account-key';
import { CREDIT, formatAmount } from '../core/asset';
import { type Quantity, quantity } from '../core/quantity';
import type { AccountBalance, InstanceDifference } from './gitpod-balances';
import type { GitpodTable } from './gitpod-folder';
import { InstanceJournal } from './instance-journal';
import type { ReportFile } from './report-file';

/** Something that somebody should look at. Amounts are decimals of credits. */
export interface GitpodNote {
  readonly table: GitpodTable;
  readonly line?: number;
  readonly id: string;
  readonly outcome: 'refused' | 'conflict' | 'remark' | 'differing';
  readonly reason?: string;
  readonly account?: AccountKey;
  readonly original?: string | null;
  readonly ours?: string | null;
}

/** What became of a balance: as it comes out, made equal, or not because something else stands here. */
export type OpeningOutcome = 'none' | 'made equal' | 'conflict';

/** A balance with what was done about its difference, and what stands here where that is not as it should be. */
export interface JudgedBalance extends AccountBalance {
  readonly opening: OpeningOutcome;
  readonly standing: Quantity | null;
}

const NOTES_KEPT = 100;

/** What became of every row, table by table, and of every balance. Grows with accounts, not with rows. */
export class GitpodJournal {
  readonly instances: InstanceJournal;
  readonly balances: JudgedBalance[] = [];
  readonly #tables = new Map<GitpodTable, Map<string, number>>();
  readonly #notes: GitpodNote[] = [];
  #noted = 0;

  constructor(
    private readonly file: ReportFile | null,
    readonly isDryRun: boolean,
  ) {
    const table = 'd_b_workspace_instance';
    this.instances = new InstanceJournal(
      file === null ? null : { row: (row) => file.row({ table, ...row }) },
      isDryRun,
    );
  }

  /** Counts something of a table under a word of its own; `rows` comes first. */
  count(table: GitpodTable, word: string, by = 1): void {
    const words = this.#tables.get(table) ?? new Map<string, number>();
    words.set(word, (words.get(word) ?? 0) + by);
    this.#tables.set(table, words);
  }

  note(note: GitpodNote): void {
    if (note.outcome === 'refused' || note.outcome === 'conflict') this.count(note.table, note.outcome);
    this.file?.row(note);
    if (this.#notes.length < NOTES_KEPT) this.#notes.push(note);
    this.#noted++;
  }

  /** Written to the report alone: a rate that is another one makes every instance differ. */
  differ({ account, instanceId: id, original, ours }: InstanceDifference): void {
    this.file?.row({
      ...{ table: 'd_b_workspace_instance', id, outcome: 'differing', account },
      original: original && formatAmount(original, CREDIT),
      ours: ours && formatAmount(ours, CREDIT),
    });
  }

  balance(balance: JudgedBalance): void {
    this.balances.push(balance);
    if (isEqual(balance) && balance.standing === null) return;
    this.file?.row({ outcome: 'balance', ...balanceToJson(balance) });
  }

  tables(): [GitpodTable, [string, number][]][] {
    return [...this.#tables].map(([table, words]) => [table, [...words]]);
  }

  notes(): { readonly shown: readonly GitpodNote[]; readonly more: number } {
    return { shown: this.#notes, more: this.#noted - this.#notes.length };
  }

  /** Everything but the single rows, as it stands in the report file. */
  summary() {
    return {
      dry_run: this.isDryRun,
      tables: Object.fromEntries(this.tables().map(([table, words]) => [table, Object.fromEntries(words)])),
      instances: this.instances.summary(),
      balances: {
        accounts: this.balances.length,
        equal: this.balances.filter(isEqual).length,
        made_equal: this.balances.filter(({ opening }) => opening === 'made equal').length,
        differing: this.balances.filter(isDiffering).map(balanceToJson),
      },
    };
  }
}

const isEqual = ({ original, ours }: AccountBalance): boolean => original === ours;

/** Whether the account owes something else here than in the original, when all is done. */
export function isDiffering({ opening, standing, ...balance }: JudgedBalance): boolean {
  return standing !== null || opening === 'conflict' || (opening === 'none' && !isEqual(balance));
}

function balanceToJson({ account, original, ours, opening, standing, ...counts }: JudgedBalance) {
  return {
    ...{ account, original: formatAmount(original, CREDIT), ours: formatAmount(ours, CREDIT) },
    difference: formatAmount(quantity(ours - original), CREDIT),
    opening,
    ...(standing === null ? {} : { posted_here: formatAmount(standing, CREDIT) }),
    other_price: counts.otherPrice,
    without_instance: counts.withoutInstance,
    without_row: counts.withoutRow,
  };
}
