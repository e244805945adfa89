import type { Calendar } from '../../../src/core/period';

/** An account of the year and what it agreed to for good. */
export interface Subscriber {
  readonly key: string;
  readonly calendar: Calendar;
  readonly plans: readonly string[];
  readonly taxes: readonly { readonly name: string; readonly percent: string }[];
  readonly discounts: readonly {
    readonly name: string;
    readonly percent: string;
    readonly ends_at?: string;
  }[];
}

/** An event as it is sent; instants in milliseconds since 1970. */
export interface SentEvent {
  readonly account: string;
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly quantity: string;
  readonly resource?: string;
  readonly region?: string;
}

export interface SentCorrection {
  readonly account: string;
  readonly id: string;
  readonly target: string;
  readonly kind: 'void' | 'amend';
  readonly quantity?: string;
}

/** What somebody does to an account; invoices are chosen among those there are, by `nth`. */
export type Act = { readonly account: string } & (
  | {
      readonly kind: 'plan';
      readonly plan: string;
      readonly effective: 'now' | 'period_end' | number;
      readonly trialDays: number;
      readonly isFirst: boolean;
    }
  | { readonly kind: 'cancel'; readonly at: 'now' | 'period_end' }
  | {
      readonly kind: 'grant';
      readonly id: string;
      readonly amount: string;
      readonly prepaid: boolean;
      readonly priority: number;
      readonly expiresAt: number | null;
    }
  | { readonly kind: 'pay'; readonly id: string; readonly nth: number; readonly amount: string | null }
  | { readonly kind: 'credit'; readonly id: string; readonly nth: number; readonly amount: string | null }
  | { readonly kind: 'void' | 'write-off' | 'finalise'; readonly nth: number }
);

/** What happens at one instant: events, then corrections, then the rest. */
export interface Step {
  readonly at: number;
  readonly events: readonly SentEvent[];
  readonly corrections: readonly SentCorrection[];
  readonly acts: readonly Act[];
}

export interface Script {
  readonly subscribers: readonly Subscriber[];
  readonly start: number;
  readonly steps: readonly Step[];
  /** After the last step nothing happens up to here but what falls due. */
  readonly end: number;
}

export interface Size {
  readonly seed: number;
  readonly subscriptions: number;
  readonly zones: readonly string[];
  /** Different calendars per zone. */
  readonly anchors: number;
  readonly steps: number;
  /** Of one account in a month, on average. */
  readonly events: number;
  readonly months: number;
}
