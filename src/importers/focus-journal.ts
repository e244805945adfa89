import type { AccountKey } from '../core/account-key';
import { writeDecimal } from '../core/decimal';
import { AMOUNT_PLACES, focusDifference, type FocusUsage } from '../core/focus';
import type { Currency } from '../core/money';
import type { RowVerdict } from './row-verdict';
import type { ReportFile } from './report-file';

/** A row that somebody should look at. Amounts are decimal texts. */
export interface RowNote {
  readonly line: number;
  readonly id: string;
  readonly outcome: 'refused' | 'conflict' | 'differing';
  readonly reason?: string;
  readonly rated?: string;
  readonly list_cost?: string;
  readonly difference?: string;
}

/** Sums over rows that name their list cost, at 10^-30. */
interface Sum {
  rows: number;
  rated: bigint;
  listCost: bigint;
}

interface AccountSums {
  readonly account: AccountKey;
  readonly currency: Currency;
  readonly agreeing: Sum;
  readonly differing: Sum;
  /** Stored, but the file does not say what they cost. */
  readonly unlisted: Sum;
}

export type Counts = Record<RowVerdict['status'] | 'differing' | 'unlisted', number>;

/** So many rows are kept to be printed; the report file has all of them. */
const NOTES_KEPT = 100;

/** What became of every row of an import. Grows with the accounts of the bill, not with its rows. */
export class FocusJournal {
  rowsRead = 0;
  readonly counts: Counts = { recorded: 0, duplicate: 0, conflict: 0, refused: 0, differing: 0, unlisted: 0 };
  readonly #sums = new Map<string, AccountSums>();
  readonly #notes: RowNote[] = [];

  constructor(private readonly file: ReportFile | null) {}

  countRow(): void {
    this.rowsRead++;
  }

  /** A row that cannot be sent at all. */
  refuse(row: { line: number; id: string; reason: string }): void {
    this.counts.refused++;
    this.#note({ ...row, outcome: 'refused' });
  }

  /** What the target said of a row; a row it has, old or new, is compared with the file. */
  judge(line: number, usage: FocusUsage, { status, reason }: RowVerdict): void {
    this.counts[status]++;
    if (status === 'refused' || status === 'conflict') {
      this.#note({ line, id: usage.id, outcome: status, reason: reason ?? 'no reason was given' });
      return;
    }
    const difference = focusDifference(usage);
    const sums = this.#sumsOf(usage);
    if (usage.listCost === null) {
      this.counts.unlisted++;
      add(sums.unlisted, usage);
    } else if (difference === null) {
      add(sums.agreeing, usage);
    } else {
      this.counts.differing++;
      add(sums.differing, usage);
      const amounts = {
        rated: amount(usage.rated),
        list_cost: amount(usage.listCost),
        difference: amount(difference),
      };
      this.#note({ line, id: usage.id, outcome: 'differing', ...amounts });
    }
  }

  /** The rows to look at, by line; the first few hundred of them that came. */
  notes(): { readonly shown: readonly RowNote[]; readonly more: number } {
    const { conflict, refused, differing } = this.counts;
    const shown = [...this.#notes].sort((a, b) => a.line - b.line);
    return { shown, more: conflict + refused + differing - shown.length };
  }

  /** Everything but the single rows, as it stands in the report file. */
  summary() {
    const accounts = [...this.#sums.values()].sort((a, b) => (a.account < b.account ? -1 : 1));
    return {
      rows: this.rowsRead,
      ...this.counts,
      accounts: accounts.map(({ account, currency, agreeing, differing, unlisted }) => ({
        account,
        currency,
        agreeing: sumToJson(agreeing),
        differing: sumToJson(differing),
        unlisted: { rows: unlisted.rows, rated: amount(unlisted.rated) },
      })),
    };
  }

  #sumsOf({ account, price: { currency } }: FocusUsage): AccountSums {
    const name = `${account} ${currency}`;
    const known = this.#sums.get(name);
    if (known) return known;
    const nothing = (): Sum => ({ rows: 0, rated: 0n, listCost: 0n });
    const sums = { account, currency, agreeing: nothing(), differing: nothing(), unlisted: nothing() };
    this.#sums.set(name, sums);
    return sums;
  }

  #note(note: RowNote): void {
    this.file?.row(note);
    if (this.#notes.length < NOTES_KEPT) this.#notes.push(note);
  }
}

function add(sum: Sum, { rated, listCost }: FocusUsage): void {
  sum.rows++;
  sum.rated += rated;
  sum.listCost += listCost ?? 0n;
}

function sumToJson({ rows, rated, listCost }: Sum) {
  return { rows, rated: amount(rated), list_cost: amount(listCost), difference: amount(rated - listCost) };
}

function amount(units: bigint): string {
  return writeDecimal(units, AMOUNT_PLACES);
}
