import fc from 'fast-check';
import { anyPrice } from './any-price';

/** Arbitrary plans in their wire shape that do not contradict themselves. */

const METERS = ['api_requests', 'build_minutes', 'scans', 'storage_gb_hours', 'wallet_checks'] as const;

type Json = Record<string, unknown>;

const amount = fc.integer({ min: 0, max: 1_000 }).map(String);

const anyBaseFee = fc.option(
  fc.record(
    {
      model: fc.constant('flat'),
      amount,
      billed: fc.constantFrom('in_arrears', 'in_advance'),
      prorated: fc.boolean(),
    },
    { requiredKeys: ['model', 'amount'] },
  ),
);

const anyRollover = fc.option(fc.record({ maximum: fc.option(amount) }, { requiredKeys: [] }));

/** Of a meter with a price that includes nothing itself. */
const anyPricedAllowance = fc.oneof(
  fc.record({ included: amount, rollover: anyRollover }, { requiredKeys: ['included'] }),
  fc.record(
    { limit: amount, on_exceed: fc.constantFrom('bill', 'flag', 'refuse') },
    { requiredKeys: ['limit'] },
  ),
);
/** Of a meter that costs nothing. */
const anyFreeAllowance = fc.oneof(
  fc.constant({}),
  fc.record({ limit: amount, on_exceed: fc.constantFrom('flag', 'refuse') }),
  fc.constant({ included: null, limit: null, on_exceed: 'bill', rollover: null }),
);

const anyMeter = fc.oneof(
  fc.record({ price: anyPrice }),
  fc.record({
    price: anyPrice.map(({ included_quantity: _, ...price }) => price),
    allowance: anyPricedAllowance,
  }),
  fc.record({ allowance: anyFreeAllowance }),
) as fc.Arbitrary<{ price?: Json; allowance?: Json }>;

const anyMeters = fc
  .dictionary(fc.constantFrom(...METERS), anyMeter, { noNullPrototype: true })
  .map((meters) => {
    const part = (name: 'price' | 'allowance') =>
      Object.fromEntries(
        Object.entries(meters).flatMap(([key, meter]) => (meter[name] ? [[key, meter[name]]] : [])),
      );
    return { prices: part('price'), allowances: part('allowance') };
  });

const words = (most: number) =>
  fc.string({ maxLength: most, unit: 'grapheme' }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
const anyLabels = fc.record(
  {
    key: fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,63}$/),
    name: words(20).filter((text) => text.length > 0),
    description: words(40),
    features: fc.array(
      words(20).filter((text) => text.length > 0),
      { maxLength: 3 },
    ),
    attributes: fc.dictionary(fc.constantFrom('team_members', 'support', 'sla'), words(10), {
      noNullPrototype: true,
    }),
    source: fc.constantFrom('tallyhouse', 'scorpius', 'waybill'),
    position: fc.integer({ min: 0, max: 1_000_000 }),
  },
  { requiredKeys: ['key', 'name'] },
);
const anyTerms = fc.record(
  {
    currency: fc.constantFrom('USD', 'EUR', 'JPY'),
    interval: fc.constantFrom('hour', 'day', 'week', 'month', 'year'),
    interval_count: fc.integer({ min: 1, max: 1_000 }),
    trial_days: fc.integer({ min: 0, max: 3_650 }),
    base_fee: anyBaseFee,
  },
  { requiredKeys: ['currency'] },
);

/** None of the names is that of a meter above. */
const anyEntitlements = fc.dictionary(
  fc.constantFrom('sso', 'support', 'seats', 'constructor'),
  fc.oneof(
    fc.boolean(),
    words(200).filter((text) => text.length > 0),
  ),
  { noNullPrototype: true },
);
const anyGrants = fc.record({ entitlements: anyEntitlements }, { requiredKeys: [] });

export const anyPlan: fc.Arbitrary<Json> = fc
  .tuple(anyLabels, anyTerms, anyMeters, anyGrants)
  .map(([labels, terms, meters, grants]) => ({ ...labels, ...terms, ...meters, ...grants }));
