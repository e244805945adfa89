import { DomainError } from '../core/errors';

/**
 * What the rpcs of usage.v1.BillingService answer where no Stripe is configured: as the original, two have nothing to do and
 * say so, and the rest are not implemented.
 */

export function nothingToDo(): Record<string, never> {
  return {};
}

/** Throws `unimplemented`. */
export function refuseWithoutStripe(): never {
  throw new DomainError('unimplemented', 'Payments are off: no Stripe is configured');
}
