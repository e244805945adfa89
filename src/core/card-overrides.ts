import type { Allowance } from './allowance';
import { canonicalJson } from './canonical-json';
import type { EntitlementValue } from './entitlement';
import { nullable, readOrThrow } from './json-codec';
import { isObject, object, type Member } from './json-object';
import { checkPlanVersion, type PlanVersion } from './plan';
import { ALLOWANCE, ENTITLEMENT, entitled, FLAT, METER_KEY_MAX, namedBy } from './plan-shape';
import type { FlatPrice, Price } from './price';
import { PRICE } from './price-shape';

/** What one account has instead of the wording of its plan; a null takes away what the plan has. */
export interface CardOverrides {
  /** Undefined = as in the plan. */
  readonly baseFee: FlatPrice | null | undefined;
  readonly prices: ReadonlyMap<string, Price | null>;
  readonly allowances: ReadonlyMap<string, Allowance | null>;
  readonly entitlements: ReadonlyMap<string, EntitlementValue | null>;
}

const BASE_FEE: Member<FlatPrice | null | undefined> = {
  wire: 'base_fee',
  read: (json, place) => nullable(FLAT).read(json, place),
  write: (value) => (value === undefined ? undefined : nullable(FLAT).write(value)),
  absent: { means: undefined },
};

const PRICES = namedBy(METER_KEY_MAX, nullable(PRICE));
const ALLOWANCES = namedBy(METER_KEY_MAX, nullable(ALLOWANCE));

const PARTS = object<Omit<CardOverrides, 'baseFee'>>({
  prices: { wire: 'prices', ...PRICES, absent: { means: new Map() } },
  allowances: { wire: 'allowances', ...ALLOWANCES, absent: { means: new Map() } },
  entitlements: entitled(nullable(ENTITLEMENT)),
});

/** Reads overrides from their wire shape, which is a part of that of plans. Throws `invalid-argument` naming paths below `field`. */
export function parseOverrides(json: unknown, field = 'overrides'): CardOverrides {
  if (!isObject(json)) return { baseFee: undefined, ...readOrThrow(PARTS, json, field) };
  const { base_fee: baseFee, ...rest } = json;
  const fee = baseFee === undefined ? undefined : readOrThrow(BASE_FEE, baseFee, `${field}.base_fee`);
  return { baseFee: fee, ...readOrThrow(PARTS, rest, field) };
}

/** The one text of overrides, so that equal ones are equal texts; null when they change nothing. */
export function overridesText({ baseFee, ...parts }: CardOverrides): string | null {
  const isEmpty = Object.values(parts).every(({ size }) => size === 0);
  if (baseFee === undefined && isEmpty) return null;
  return canonicalJson({ ...(PARTS.write(parts) as object), base_fee: BASE_FEE.write(baseFee) });
}

/**
 * The plan version as it holds for an account that overrides parts of it. Throws `invalid-argument` when the two together
 * contradict each other, such as an allowance without a price, or with the name of an entitlement.
 */
export function overrideCard(version: PlanVersion, overrides: CardOverrides): PlanVersion {
  const card: PlanVersion = {
    ...version,
    baseFee: overrides.baseFee === undefined ? version.baseFee : overrides.baseFee,
    prices: merged(version.prices, overrides.prices),
    allowances: merged(version.allowances, overrides.allowances),
    entitlements: merged(version.entitlements, overrides.entitlements),
  };
  checkPlanVersion(card, 'overrides');
  return card;
}

function merged<T>(base: ReadonlyMap<string, T>, changes: ReadonlyMap<string, T | null>): Map<string, T> {
  const result = new Map(base);
  for (const [name, value] of changes) {
    if (value === null) result.delete(name);
    else result.set(name, value);
  }
  return result;
}
