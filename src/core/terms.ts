import type { Stretch } from './contribution';
import type { TimedDiscount } from './discount';
import type { Quantity } from './quantity';
import type { TaxRate } from './tax';

/** What an account and its provider agree on. */
export interface Agreement {
  /** The plan version in force; null = nothing is billed. */
  readonly planVersionId: number | null;
  /** Milliseconds since 1970; before this instant nothing is billed (pricing rule 14); null = no trial. */
  readonly trialEndsAt: number | null;
  /** What holds instead of the wording of the plan, as canonical JSON (`overrideCard`); null = the plan as it is. */
  readonly overrides: string | null;
  readonly taxes: readonly TaxRate[];
  readonly discounts: readonly TimedDiscount[];
  /** Major units owed and not invoiced that make an invoice within the period; null = invoices come at its end. */
  readonly invoiceAt: Quantity | null;
}

export const NO_AGREEMENT: Agreement = {
  planVersionId: null,
  trialEndsAt: null,
  overrides: null,
  taxes: [],
  discounts: [],
  invoiceAt: null,
};

/**
 * What an account agreed to from an instant on. Versions are appended, never changed: a later one holds from its instant
 * on, whatever an earlier one had planned for then, so a cancellation at the period's end is undone by agreeing again.
 */
export interface TermsVersion extends Agreement {
  /** 1, 2, 3 … in the order of agreement. */
  readonly version: number;
  /** Milliseconds since 1970; the instant itself belongs to this version. */
  readonly validFrom: number;
}

/** A part of a period under one wording; segments tile their period. */
export interface Segment extends Stretch {
  /** Null = nothing is billed: no plan, or none yet. */
  readonly planVersionId: number | null;
  readonly overrides: string | null;
  readonly isTrial: boolean;
}

/** The version in force at an instant: the latest agreement among those that have begun. Null before the first. */
export function termsAt(versions: readonly TermsVersion[], at: number): TermsVersion | null {
  const begun = versions.filter(({ validFrom }) => validFrom <= at);
  return begun.reduce<TermsVersion | null>(
    (latest, each) => (latest === null || each.version > latest.version ? each : latest),
    null,
  );
}

/** The version that takes over next after `at`, at its `validFrom`; null = none does. */
export function termsAfter(versions: readonly TermsVersion[], at: number): TermsVersion | null {
  const current = termsAt(versions, at);
  const starts = versions.map(({ validFrom }) => validFrom).filter((from) => from > at);
  const takeovers = starts.sort((a, b) => a - b).map((from) => termsAt(versions, from));
  return takeovers.find((terms) => terms !== null && terms.version !== current?.version) ?? null;
}

/**
 * Cuts a period where its wording changes or a trial ends (pricing rule 9b). An agreement that leaves both as they were
 * cuts nothing: a change to the same plan bills zero (rule 13).
 */
export function segmentsOf(period: Stretch, versions: readonly TermsVersion[]): Segment[] {
  const cuts = new Set([period.from]);
  for (const { validFrom, trialEndsAt } of versions) {
    for (const cut of [validFrom, trialEndsAt]) {
      if (cut !== null && cut > period.from && cut < period.to) cuts.add(cut);
    }
  }
  const starts = [...cuts].sort((a, b) => a - b);
  const pieces = starts.map((from, i) => pieceAt(versions, { from, to: starts[i + 1] ?? period.to }));
  return pieces.reduce<Segment[]>((segments, piece) => joined(segments, piece), []);
}

function pieceAt(versions: readonly TermsVersion[], stretch: Stretch): Segment {
  const terms = termsAt(versions, stretch.from);
  const trialEndsAt = terms?.trialEndsAt ?? null;
  return {
    ...stretch,
    planVersionId: terms?.planVersionId ?? null,
    overrides: terms?.overrides ?? null,
    isTrial: trialEndsAt !== null && stretch.from < trialEndsAt,
  };
}

const SAME = ['planVersionId', 'overrides', 'isTrial'] as const;

function joined(segments: Segment[], piece: Segment): Segment[] {
  const last = segments.at(-1);
  const isSame = last !== undefined && SAME.every((field) => last[field] === piece[field]);
  return isSame ? [...segments.slice(0, -1), { ...last, to: piece.to }] : [...segments, piece];
}
