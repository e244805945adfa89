import { CREDIT } from './asset';
import { type Run, creditsOfRun, endOfRun } from './credits';
import { charge } from './posting';
import { type Quantity, ZERO } from './quantity';
import type { Ratio } from './ratio';
import type { Posting } from './transfer';
import type { InstanceRun } from './workspace-instance';

/** A run with its price. */
export interface PricedRun extends Run {
  readonly isDraft: boolean;
  /** The last fold found it no more. */
  readonly isVoid: boolean;
  readonly class: string;
  /** Credits a minute. */
  readonly rate: Ratio;
  /** Credits of 0.01 once the end is known; null = it runs. */
  readonly amount: Quantity | null;
}

/** A priced run, and what stands in the ledger for it. */
export interface SettledSpan extends PricedRun {
  readonly posted: Quantity;
  /** Raised by every change of what is posted; each revision is a charge of its own. */
  readonly revision: number;
}

/** How a span stands after a fold, the charge that is to be taken back for it and the one that is to be posted. */
export interface Settlement<T extends SettledSpan> {
  readonly span: T;
  readonly takenBack: Posting | null;
  readonly charged: Posting | null;
}

/** The price of a run as it is known now. What was charged keeps its rate as long as its class is the same. */
export function pricedRun(
  run: InstanceRun,
  before: SettledSpan | null,
  rateOf: (className: string) => Ratio,
): PricedRun {
  const { startedAt, stoppingAt, stoppedAt, isDraft } = run;
  const told = run.attributes['workspace_class'];
  const className = typeof told === 'string' ? told : '';
  const isKept = before !== null && before.posted > ZERO && before.class === className;
  const rate = isKept ? before.rate : rateOf(className);
  const end = endOfRun(run);
  const amount = end === null ? null : creditsOfRun(run, { now: end, perMinute: rate });
  return { startedAt, stoppingAt, stoppedAt, isDraft, isVoid: false, class: className, rate, amount };
}

/** What a draft costs as of an instant; what is final stands in the ledger and counts for nothing here. */
export function accruedOf({ isVoid, isDraft, amount, rate, ...run }: SettledSpan, at: number): Quantity {
  if (isVoid || !isDraft) return ZERO;
  return amount ?? creditsOfRun(run, { now: at, perMinute: rate });
}

/**
 * Settles a span after a fold: what is final is charged. What was charged and is no more, or is another amount now, is taken
 * back, and the new charge has a new revision.
 */
export function settle<T extends SettledSpan>(span: T, id: string): Settlement<T> {
  const due = span.isVoid || span.isDraft ? ZERO : span.amount!;
  if (due === span.posted) return { span, takenBack: null, charged: null };
  const at = new Date(endOfRun(span) ?? span.startedAt);
  const chargeOf = (amount: Quantity, revision: number): Posting | null =>
    amount === ZERO ? null : charge({ asset: CREDIT, amount, source: spanSource(id, revision), at });
  const revision = span.revision + 1;
  return {
    span: { ...span, posted: due, revision },
    takenBack: chargeOf(span.posted, span.revision),
    charged: chargeOf(due, revision),
  };
}

/** The cause of a charge. */
export const spanSource = (id: string, revision: number): string => `span:${id}/${revision}`;
