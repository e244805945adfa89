import fc from 'fast-check';
import { calculate } from '../../src/core/calculate';
import { DomainError } from '../../src/core/errors';
import { sumOfLines } from '../../src/core/line';
import { parseCurrency, roundToMinor } from '../../src/core/money';
import { parsePrice, priceToJson } from '../../src/core/price-shape';
import type { Price, UsageEntry } from '../../src/core/price';
import { prorateTiers } from '../../src/core/proration';
import { formatQuantity, ONE, quantity } from '../../src/core/quantity';
import { ratePrice } from '../../src/core/rate-price';
import {
  addRatios,
  compareRatios,
  multiplyRatios,
  ratio,
  RATIO_ONE,
  RATIO_ZERO,
  sumRatios,
  type Ratio,
} from '../../src/core/ratio';
import { tierOf, tierSlices } from '../../src/core/tier';
import { anyEntry, anyPrice, anySteadyPrice, anyUsage, MODELS } from './any-price';

const USD = parseCurrency('USD');
const currency = fc.constantFrom('USD', 'JPY', 'BHD', 'CLF').map((code) => parseCurrency(code));
const same = (a: Ratio, b: Ratio) => expect(compareRatios(a, b)).toBe(0);
const cost = (price: Price, usage: readonly UsageEntry[], share: Ratio = RATIO_ONE) =>
  sumOfLines(ratePrice(price, usage, { share }));

describe('a price', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(anyPrice, (json) => {
        const price = parsePrice(json);
        expect(parsePrice(priceToJson(price))).toEqual(price);
      }),
    );
  });

  it('is refused in words and never by accident', () => {
    const broken = fc.tuple(anyPrice, fc.string(), fc.jsonValue()).map(([json, key, value]) => {
      const keys = Object.keys(json);
      return { ...json, [keys[key.length % keys.length] ?? key]: value };
    });
    fc.assert(
      fc.property(fc.oneof(broken, fc.jsonValue(), fc.anything()), (json) => {
        try {
          parsePrice(json);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect((error as DomainError).fields.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('rates whatever is used, amounts and dimensions missing or below zero', () => {
    const signed = anyEntry.map((entry) => ({ ...entry, quantity: quantity(entry.quantity - 50n * ONE) }));
    const bare = anyEntry.map((entry) => ({ quantity: entry.quantity }));
    fc.assert(
      fc.property(anyPrice, fc.array(fc.oneof(anyEntry, signed, bare)), (json, usage) => {
        try {
          const total = cost(parsePrice(json), usage);
          expect(total.numerator >= 0n).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect(json.model).toBe('dynamic');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('splitting a period', () => {
  it('never changes what is billed, exactly and to the last cent', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 11 }), { maxLength: 5 });
    fc.assert(
      fc.property(anyPrice, anyUsage, cuts, currency, (json, usage, at, money) => {
        const price = parsePrice(json);
        const ends = [...new Set([...at.filter((cut) => cut < usage.length), usage.length])].sort(
          (a, b) => a - b,
        );
        const parts = ends.map((end, i) => {
          const start = ends[i - 1] ?? 0;
          const final = end === usage.length;
          const [before, added] = [usage.slice(0, start), usage.slice(start, end)];
          return calculate({ currency: money, price, before, usage: added, final });
        });
        const whole = calculate({ currency: money, price, before: [], usage, final: true });
        same(sumRatios(parts.map((part) => part.exact)), whole.exact);
        expect(parts.reduce((sum, part) => sum + part.amount.minor, 0n)).toBe(whole.amount.minor);
      }),
      { numRuns: 500 },
    );
  });

  it('an end without use adds only the true-up', () => {
    fc.assert(
      fc.property(anyPrice, anyUsage, (json, before) => {
        const { lines } = calculate({
          currency: USD,
          price: parsePrice(json),
          before,
          usage: [],
          final: true,
        });
        expect(lines.every((line) => line.key === 'minimum')).toBe(true);
      }),
    );
  });
});

describe('a bill', () => {
  it('is the sum of its lines, and each line explains itself', () => {
    fc.assert(
      fc.property(anyPrice, anyUsage, anyUsage, (json, usage, before) => {
        const result = calculate({ currency: USD, price: parsePrice(json), usage, before, final: true });
        expect(result.lines.reduce((sum, line) => sum + line.minor, 0n)).toBe(result.amount.minor);
        expect(new Set(result.lines.map((line) => line.key)).size).toBe(result.lines.length);
        for (const { quantity: count, unitAmount, amount } of result.lines) {
          if (unitAmount) same(multiplyRatios(count ?? RATIO_ONE, unitAmount), amount);
        }
      }),
    );
  });

  it('without an earlier one rounds each line once, by at most half a cent', () => {
    fc.assert(
      fc.property(anyPrice, anyUsage, (json, usage) => {
        const { lines } = calculate({
          currency: USD,
          price: parsePrice(json),
          usage,
          before: [],
          final: true,
        });
        for (const line of lines.filter(({ bound }) => bound === null)) {
          expect(line.minor).toBe(roundToMinor(line.amount, USD));
        }
      }),
    );
  });

  it('keeps the minimum and the maximum in rounded money', () => {
    fc.assert(
      fc.property(anyPrice, anyUsage, (json, usage) => {
        const price = parsePrice(json);
        const { minor } = calculate({ currency: USD, price, usage, before: [], final: true }).amount;
        const cents = (amount: bigint) => roundToMinor(ratio(amount, ONE), USD);
        if (price.minimumAmount !== null) expect(minor >= cents(price.minimumAmount)).toBe(true);
        if (price.maximumAmount !== null) expect(minor <= cents(price.maximumAmount)).toBe(true);
      }),
    );
  });
});

describe('rating', () => {
  it('never makes more use cheaper, volume prices aside', () => {
    fc.assert(
      fc.property(anySteadyPrice, anyUsage, anyUsage, (json, usage, more) => {
        const price = parsePrice(json);
        expect(compareRatios(cost(price, usage), cost(price, [...usage, ...more]))).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('does not depend on the order where only the sum counts', () => {
    const summed = fc.oneof(MODELS.unit, MODELS.per, MODELS.graduated, MODELS.volume, MODELS.package);
    fc.assert(
      fc.property(summed, anyUsage, (json, usage) => {
        const price = parsePrice(json);
        const whole = quantity(usage.reduce((sum, entry) => sum + entry.quantity, 0n));
        same(cost(price, usage), cost(price, [...usage].reverse()));
        same(cost(price, usage), cost(price, [{ quantity: whole }]));
      }),
    );
  });

  it('a share of a period with the same share of the use costs the same share', () => {
    const even = fc.oneof(MODELS.flat, MODELS.unit, MODELS.per, MODELS.graduated, MODELS.volume);
    const share = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 30 }));
    fc.assert(
      fc.property(even, fc.bigInt({ min: 0n, max: 300n }), share, (json, used, [part, rest]) => {
        const price = parsePrice({ ...json, included_quantity: '7', maximum_amount: '250' });
        const [num, den] = [BigInt(part), BigInt(part + rest)];
        const inPart = cost(price, [{ quantity: quantity(used * num * ONE) }], ratio(num, den));
        const inWhole = cost(price, [{ quantity: quantity(used * den * ONE) }]);
        same(multiplyRatios(inPart, ratio(den)), multiplyRatios(inWhole, ratio(num)));
      }),
    );
  });

  it('per unit is quantity × amount, as bigint says', () => {
    fc.assert(
      fc.property(MODELS.per, anyUsage, (json, usage) => {
        const price = parsePrice(json);
        const sum = usage.reduce((total, entry) => total + entry.quantity, 0n);
        if (price.model !== 'per_unit') throw new Error('not a price per unit');
        same(cost(price, usage), ratio(sum * price.amount, ONE * price.perQuantity));
      }),
    );
  });

  it('packages hold the quantity, and one less would not', () => {
    fc.assert(
      fc.property(MODELS.package, anyUsage, (json, usage) => {
        const sum = usage.reduce((total, entry) => total + entry.quantity, 0n);
        fc.pre(sum > 0n);
        const price = parsePrice(json);
        if (price.model !== 'package') throw new Error('not a package price');
        const packages = ratePrice(price, usage)[0]!.quantity!.numerator;
        expect(packages * price.packageSize >= sum).toBe(true);
        expect((packages - 1n) * price.packageSize < sum).toBe(true);
      }),
    );
  });

  it('percentage keeps every event between its minimum and its maximum', () => {
    const [least, most] = [ONE / 2n, 3n * ONE];
    const bounds = { per_event_minimum: formatQuantity(least), per_event_maximum: formatQuantity(most) };
    fc.assert(
      fc.property(MODELS.percentage, anyUsage, (json, usage) => {
        const total = cost(parsePrice({ ...json, ...bounds }), usage);
        expect(compareRatios(total, ratio(BigInt(usage.length) * most, ONE))).toBeLessThanOrEqual(0);
        const charged =
          usage.filter((entry) => entry.amount !== 0n).length - (json.free_events ?? usage.length);
        fc.pre(charged > 0);
        expect(compareRatios(total, ratio(BigInt(charged) * least, ONE))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('tiers', () => {
  const anyTiers = MODELS.graduated.map((json) => {
    const price = parsePrice(json);
    if (price.model !== 'graduated') throw new Error('not a graduated price');
    return prorateTiers(price.tiers, RATIO_ONE);
  });
  const grain = ratio(1n, ONE);

  it('own their upper bound, and the next one begins just above it', () => {
    fc.assert(
      fc.property(anyTiers, (tiers) => {
        tiers.slice(0, -1).forEach(({ upTo }, index) => {
          expect(tierOf(tiers, upTo!)).toBe(index);
          expect(tierOf(tiers, addRatios(upTo!, grain))).toBe(index + 1);
        });
        expect(tierOf(tiers, RATIO_ZERO)).toBe(0);
      }),
    );
  });

  it('take the whole quantity between them, none of them less than nothing', () => {
    fc.assert(
      fc.property(anyTiers, anyEntry, (tiers, entry) => {
        const used = ratio(entry.quantity * 4n, ONE);
        const slices = tierSlices(tiers, used);
        same(sumRatios(slices), used);
        expect(slices.every((slice) => slice.numerator >= 0n)).toBe(true);
      }),
    );
  });
});
