import type { Allowance } from './allowance';

/** Granted or not, or a text that says what is granted: `24x7`, `5`. */
export type EntitlementValue = boolean | string;

/** The part of a plan version that grants something. */
export interface Entitling {
  readonly entitlements: ReadonlyMap<string, EntitlementValue>;
  readonly allowances: ReadonlyMap<string, Allowance>;
}

/** What a plan says of a name: one name means one thing. */
export type Entitlement =
  | { readonly kind: 'boolean'; readonly granted: boolean }
  | { readonly kind: 'static'; readonly text: string }
  /** A meter; how much of it is left is for its usage to say. */
  | { readonly kind: 'metered'; readonly allowance: Allowance }
  | { readonly kind: 'none' };

const NONE: Entitlement = { kind: 'none' };

/** What a card, with its overrides applied (`overrideCard`), grants under a name. A meter that only has a price is `none`. */
export function entitlementOf(card: Entitling, name: string): Entitlement {
  const allowance = card.allowances.get(name);
  if (allowance !== undefined) return { kind: 'metered', allowance };
  const value = card.entitlements.get(name);
  if (value === undefined) return NONE;
  return typeof value === 'boolean' ? { kind: 'boolean', granted: value } : { kind: 'static', text: value };
}
