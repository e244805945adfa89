import type { Stretch } from '../core/contribution';
import { invalid } from '../core/errors';
import type { Groups } from '../core/grouping';
import type { Meter } from '../core/meter';
import type { Ratio } from '../core/ratio';

/** One meter of one account: whose rows are read. */
export interface MeteredBy {
  readonly bucket: number;
  readonly accountId: number;
  readonly meterId: number;
}

/** A usage query ready to be read: everything resolved, in milliseconds. */
export interface UsageQuestion extends MeteredBy {
  readonly meter: Meter;
  /** They tile the stretch asked for. */
  readonly windows: readonly Stretch[];
  readonly groups: Groups;
  readonly segmentAt: (at: number) => Stretch;
  /** Levels that will hold after it are not usage yet. */
  readonly now: number;
}

/** Usage in base units of one group in one window; null = there is no figure, as for the maximum of nothing. */
export interface UsageCell {
  readonly window: number;
  readonly group: number;
  readonly usage: Ratio | null;
}

/** More lines than any chart shows, and than one answer should hold. */
export const ROWS_MAX = 100_000;

/** Throws `invalid-argument` when an answer, or what it is made of, has more lines than one may have. */
export function refuseTooMany({ length }: { readonly length: number }, max = ROWS_MAX): void {
  if (length <= max) return;
  throw invalid('to', 'leaves too many rows after from; ask for fewer or longer windows, or fewer groups');
}
