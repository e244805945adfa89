import type { Asset } from './asset';
import { type Quantity, quantity } from './quantity';

/** Given, paid ahead, or carried over from an invoice that could not absorb a negative difference (pricing rule 9c). */
export const GRANT_KINDS = ['promotional', 'prepaid', 'carried'] as const;
export type GrantKind = (typeof GRANT_KINDS)[number];

/** Value an account may pay with. A lower priority is used first; at `expiresAt` it can no longer be used. */
export interface Grant {
  readonly id: string;
  readonly asset: Asset;
  readonly kind: GrantKind;
  readonly amount: Quantity;
  readonly used: Quantity;
  /** What lapsed unused and was posted as expired. */
  readonly expired: Quantity;
  readonly priority: number;
  readonly expiresAt: Date | null;
  readonly description: string;
  readonly createdAt: Date;
}

/** How much one grant gives to a payment. */
export interface GrantPart {
  readonly grantId: string;
  readonly amount: Quantity;
}

/** What the grant can still give, apart from its end. */
export function leftOf({ amount, used, expired }: Grant): Quantity {
  return quantity(amount - used - expired);
}

/** Whether something is left at the instant; the instant of expiry is too late. */
export function isAvailable(grant: Grant, at: Date): boolean {
  return leftOf(grant) > 0n && (grant.expiresAt === null || grant.expiresAt > at);
}

/** The order of use (pricing rule 9): priority, then the earliest expiry with never last, then the oldest. */
export function inDrawingOrder(grants: readonly Grant[]): Grant[] {
  return [...grants].sort(
    (one, other) =>
      one.priority - other.priority ||
      compareExpiry(one.expiresAt, other.expiresAt) ||
      one.createdAt.getTime() - other.createdAt.getTime() ||
      (one.id < other.id ? -1 : 1),
  );
}

function compareExpiry(one: Date | null, other: Date | null): number {
  if (one === null || other === null) return (one === null ? 1 : 0) - (other === null ? 1 : 0);
  return one.getTime() - other.getTime();
}

/** Takes at most `amount` out of available grants in the order given: each gives all it has before the next is asked. */
export function drawGrants(grants: readonly Grant[], amount: Quantity): GrantPart[] {
  const parts: GrantPart[] = [];
  let open: bigint = amount;
  for (const grant of grants) {
    const left = leftOf(grant);
    const part = left < open ? left : open;
    if (part <= 0n) continue;
    parts.push({ grantId: grant.id, amount: quantity(part) });
    open -= part;
  }
  return parts;
}
