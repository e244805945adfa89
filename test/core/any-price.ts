import fc from 'fast-check';
import { formatQuantity, quantity } from '../../src/core/quantity';
import type { UsageEntry } from '../../src/core/price';

/** Arbitrary prices in their wire shape and arbitrary usage, small enough that the models meet their bounds. */

const grains = (most: bigint) => fc.bigInt({ min: 0n, max: most * 10n ** 15n });
const round = (most: bigint) => fc.bigInt({ min: 0n, max: most * 100n }).map((cents) => cents * 10n ** 13n);
/** Round numbers as people write them, and numbers with all 15 places. */
const anyDecimal = (most: bigint) => fc.oneof(round(most), grains(most)).map(formatQuantity);
const positive = (most: bigint) => anyDecimal(most).filter((text) => text !== '0');

const bounds = fc
  .uniqueArray(fc.bigInt({ min: 1n, max: 3000n }), { maxLength: 3 })
  .map((list) => [
    ...list.sort((a, b) => (a < b ? -1 : 1)).map((bound) => formatQuantity(bound * 10n ** 14n)),
    null,
  ]);

function tiers(wire: 'unit_amount' | 'rate') {
  return bounds.chain((list) =>
    fc.tuple(
      ...list.map((up_to) =>
        fc.record(
          { up_to: fc.constant(up_to), [wire]: anyDecimal(3n), flat_amount: anyDecimal(20n) },
          { requiredKeys: ['up_to', wire] },
        ),
      ),
    ),
  );
}

const commitments = fc
  .tuple(fc.option(anyDecimal(200n)), fc.option(fc.bigInt({ min: 0n, max: 20_000n })))
  .map(([minimum, gap]) => ({
    ...(minimum === null ? {} : { minimum_amount: minimum }),
    ...(gap === null || minimum !== null ? {} : { maximum_amount: formatQuantity(gap * 10n ** 13n) }),
  }));

const discount = fc.oneof(
  fc.record({ percent: fc.integer({ min: 0, max: 100 }).map(String) }),
  fc.record({ quantity: anyDecimal(50n) }),
);
const conversion = fc.record(
  { divide_by: positive(10n), round: fc.constantFrom('up', 'none') },
  { requiredKeys: ['divide_by'] },
);
const others = fc.record(
  { included_quantity: anyDecimal(100n), unit_conversion: conversion, usage_discount: discount },
  { requiredKeys: [] },
);

const percentage = fc.record(
  {
    model: fc.constant('percentage'),
    rate: anyDecimal(1n),
    fixed_amount: anyDecimal(2n),
    free_events: fc.integer({ min: 0, max: 5 }),
    free_amount: anyDecimal(200n),
    per_event_minimum: anyDecimal(1n),
  },
  { requiredKeys: ['model', 'rate'] },
);
const matrix = fc
  .record({
    regions: fc.uniqueArray(fc.constantFrom('eu', 'us', 'ap'), { maxLength: 3 }),
    amounts: fc.array(anyDecimal(5n), { minLength: 3, maxLength: 3 }),
    default_unit_amount: anyDecimal(5n),
  })
  .map(({ regions, amounts, default_unit_amount }) => ({
    model: 'matrix',
    dimensions: ['region'],
    cells: regions.map((region, i) => ({ region, unit_amount: amounts[i]! })),
    default_unit_amount,
  }));

/** One arbitrary for each model, without the terms that may stand beside it. */
export const MODELS = {
  flat: fc.record({ model: fc.constant('flat'), amount: anyDecimal(50n) }),
  unit: fc.record({ model: fc.constant('per_unit'), unit_amount: anyDecimal(5n) }),
  per: fc.record({ model: fc.constant('per_unit'), amount: anyDecimal(5n), per_quantity: positive(9n) }),
  graduated: fc.record({ model: fc.constant('graduated'), tiers: tiers('unit_amount') }),
  volume: fc.record({ model: fc.constant('volume'), tiers: tiers('unit_amount') }),
  package: fc.record({ model: fc.constant('package'), package_size: positive(50n), amount: anyDecimal(9n) }),
  percentage,
  graduatedPercentage: fc.record({ model: fc.constant('graduated_percentage'), tiers: tiers('rate') }),
  dynamic: fc.record({ model: fc.constant('dynamic') }),
  matrix,
};

type Json = Record<string, unknown>;

/** Any model with any terms. */
export const anyPrice: fc.Arbitrary<Json> = fc
  .tuple(fc.oneof(...Object.values(MODELS)), others, commitments)
  .map(([model, terms, bound]) => ({ ...model, ...terms, ...bound }));

/** Any model but volume, of which more can cost less, with any terms. */
export const anySteadyPrice: fc.Arbitrary<Json> = anyPrice.filter((price) => price.model !== 'volume');

/** An event that suits every model. */
export const anyEntry: fc.Arbitrary<UsageEntry> = fc
  .record({
    quantity: fc.oneof(round(100n), grains(100n)),
    amount: fc.oneof(round(200n), grains(200n)),
    region: fc.constantFrom('eu', 'us', 'ap', 'mars'),
  })
  .map(({ quantity: units, amount, region }) => ({
    quantity: quantity(units),
    amount: quantity(amount),
    dimensions: { region },
  }));

export const anyUsage: fc.Arbitrary<UsageEntry[]> = fc.array(anyEntry, { minLength: 1, maxLength: 12 });
