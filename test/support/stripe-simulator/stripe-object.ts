/**
 * An object as Stripe's API shows it. Its shape is checked where it can be checked once for all: against Stripe's published
 * samples, in a test. Fields that begin with an underscore are the simulator's own and never leave it.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a hundred unions of ids and expanded objects say less than the samples do.
export type StripeObject = Record<string, any>;

/** One request, parsed: which operation of Stripe's SDK it is, and with what. */
export interface Call {
  /** As in the SDK's catalogue, `Billing/Meters.create`. */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  /** What the path names, by the names of the catalogue. */
  readonly ids: Record<string, string>;
  readonly params: StripeObject;
  readonly idempotencyKey: string | null;
  readonly requestId: string;
  readonly v2: boolean;
}
