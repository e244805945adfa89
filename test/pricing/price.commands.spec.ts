import fc from 'fast-check';
import { z } from 'zod';
import { calculate } from '../../src/core/calculate';
import {
  fromRestCalculatePrice,
  fromRestListBoundaries,
  toRestCalculation,
} from '../../src/pricing/price.wire';
import { boundaries } from '../../src/core/period';
import { DomainError } from '../../src/core/errors';
import { formatQuantity } from '../../src/core/quantity';
import { anyPrice, anyUsage } from '../core/any-price';

const DECIMAL = /^-?(0|[1-9]\d*)(\.\d+)?$/;

const wireUsage = anyUsage.map((usage) =>
  usage.map((entry) => ({
    quantity: formatQuantity(entry.quantity),
    amount: formatQuantity(entry.amount ?? 0n),
    dimensions: entry.dimensions,
  })),
);
const request = fc.record({
  currency: fc.constant('USD'),
  price: anyPrice,
  usage: wireUsage,
  before: wireUsage,
});

/** One value somewhere in the request replaced by anything, keys of objects included. */
const spoiled = fc.tuple(request, fc.nat(), fc.jsonValue()).map(([body, seed, value]) => {
  const paths: { holder: Record<string, unknown>; key: string }[] = [];
  const copy = structuredClone(body);
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      paths.push({ holder: node as Record<string, unknown>, key });
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(copy);
  const { holder, key } = paths[seed % paths.length]!;
  holder[key] = value;
  return copy;
});

function answerOf(body: unknown) {
  return toRestCalculation(calculate(fromRestCalculatePrice(body)));
}

describe('a request to calculate', () => {
  it('is answered in decimals whose amounts add up', () => {
    fc.assert(
      fc.property(request, (body) => {
        const { lines, amount, amount_exact } = answerOf(body);
        // Two places always stand there; the sums of a fuzzed price may have more digits than money at a door may.
        const cents = (text: string) => BigInt(text.replace('.', ''));
        expect(lines.reduce((sum, line) => sum + cents(line.amount), 0n)).toBe(cents(amount));
        for (const text of [
          amount,
          amount_exact,
          ...lines.flatMap((line) => [line.quantity, line.amount_exact]),
        ]) {
          expect(text).toMatch(DECIMAL);
        }
      }),
    );
  });

  it('is refused in words, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(spoiled, fc.jsonValue(), fc.anything()), (body) => {
        try {
          answerOf(body);
        } catch (error) {
          expect(error).toBeInstanceOf(z.ZodError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a question for boundaries', () => {
  it('is refused in words, whatever it is', () => {
    const text = fc.oneof(
      fc.constantFrom(
        '2024-01-31',
        '2024-01-31T00:00:00Z',
        'Europe/Berlin',
        'month',
        'hour',
        '1',
        '1000',
        '',
      ),
      fc.string(),
    );
    const keys = ['anchor', 'interval', 'count', 'time_zone', 'from', 'to'];
    const query = fc.dictionary(fc.constantFrom(...keys), fc.oneof(text, fc.array(text)));
    fc.assert(
      fc.property(query, (sent) => {
        try {
          const { calendar, from, to } = fromRestListBoundaries(sent);
          boundaries(calendar, from, to);
        } catch (error) {
          expect(error instanceof z.ZodError || error instanceof DomainError).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
