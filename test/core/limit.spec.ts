import fc from 'fast-check';
import { admit, crossings, overage, overageDelta, remaining } from '../../src/core/limit';
import { parseQuantity, quantity, type Quantity } from '../../src/core/quantity';

const q = (text: string) => parseQuantity(text);
const limitOf = (text: string | null) => (text === null ? null : q(text));

describe('admission under a limit', () => {
  it.each([
    ['0', '0', '1000', '1000', true], // reaching the limit is not over it
    ['0', '0', '1000.000000000000001', '1000', false],
    ['999', '0', '1', '1000', true],
    ['999', '1', '1', '1000', false], // what is reserved is spoken for
    ['1200', '0', '-1', '1000', true], // after the limit was lowered
    ['1200', '0', '0', '1000', true],
    ['1200', '0', '0.5', '1000', false],
    ['0', '0', '1', '0', false],
    ['999999', '5', '999999', null, true],
  ])('used %s, reserved %s, plus %s of %s: %s', (...row) => {
    const [used, reserved, delta, limit, admitted] = row;
    expect(admit({ used: q(used), reserved: q(reserved), delta: q(delta), limit: limitOf(limit) })).toBe(
      admitted,
    );
  });
});

describe('what remains and what is over', () => {
  it.each([
    ['3', '10', '7', '0'],
    ['10', '10', '0', '0'],
    ['12', '10', '0', '2'],
    ['12', '0', '0', '12'],
  ])('%s of %s: %s left, %s over', (used, limit, left, over) => {
    expect(remaining(q(used), q(limit))).toBe(q(left));
    expect(overage(q(used), q(limit))).toBe(q(over));
  });

  it('without a limit there is no end and nothing over', () => {
    expect(remaining(q('5'), null)).toBeNull();
    expect(overage(q('5'), null)).toBe(0n);
  });

  it.each([
    ['8', '12', '2'], // only what this step added beyond
    ['12', '13', '1'],
    ['8', '10', '0'],
    ['13', '11', '-2'],
    ['12', '3', '-2'],
  ])('from %s to %s of 10 goes %s further over', (before, after, delta) => {
    expect(overageDelta({ before: q(before), after: q(after), limit: q('10') })).toBe(q(delta));
  });
});

describe('crossings', () => {
  const percents = [100, 50, 80];
  it.each<[string, string, string | null, number[]]>([
    ['0', '49', '100', []],
    ['49', '50', '100', [50]],
    ['50', '51', '100', []],
    ['0', '100', '100', [50, 80, 100]],
    ['79.999', '100.5', '100', [80, 100]],
    ['100', '400', '100', []],
    ['90', '10', '100', []],
    ['0', '5', null, []],
    ['0', '1', '0', [50, 80, 100]],
    ['1', '2', '0', []],
    ['0', '0', '0', []],
  ])('from %s to %s of %s: %j', (before, after, limit, crossed) => {
    expect(crossings({ before: q(before), after: q(after), limit: limitOf(limit) }, percents)).toEqual(
      crossed,
    );
  });

  it('names a threshold once, and one beyond the limit too', () => {
    expect(crossings({ before: q('0'), after: q('2'), limit: q('1') }, [150, 150])).toEqual([150]);
  });
});

describe('laws of limits', () => {
  const units = fc.bigInt({ min: 0n, max: 10n ** 18n }).map(quantity);
  const steps = fc.array(units, { minLength: 1, maxLength: 20 });

  it('whatever races for it, what is admitted fits, and what is refused would not have', () => {
    fc.assert(
      fc.property(units, units, steps, (limit, reserved, deltas) => {
        fc.pre(reserved <= limit);
        let used = quantity(0n);
        for (const delta of deltas) {
          const fits = used + reserved + delta <= limit;
          expect(admit({ used, reserved, delta, limit })).toBe(fits || delta === 0n);
          if (fits) used = quantity(used + delta);
        }
        expect(used + reserved <= limit).toBe(true);
      }),
    );
  });

  const walk = (path: readonly Quantity[]) =>
    path.map((after, i) => ({ before: path[i - 1] ?? quantity(0n), after }));

  it('the steps of a counter add up to its overage', () => {
    fc.assert(
      fc.property(steps, units, (path, limit) => {
        const sum = walk(path).reduce((total, step) => total + overageDelta({ ...step, limit }), 0n);
        expect(sum).toBe(overage(path.at(-1)!, limit));
      }),
    );
  });

  it('a counter that only grows crosses each threshold once, however it steps', () => {
    const thresholds = [1, 50, 80, 100, 250];
    fc.assert(
      fc.property(steps, units, (deltas, limit) => {
        let total = 0n;
        const path = deltas.map((delta) => quantity((total += delta)));
        const crossed = walk(path).flatMap((step) => crossings({ ...step, limit }, thresholds));
        expect(crossed).toEqual(crossings({ before: quantity(0n), after: path.at(-1)!, limit }, thresholds));
      }),
    );
  });

  it('what is used and what remains make the limit, until it is passed', () => {
    fc.assert(
      fc.property(units, units, (used, limit) => {
        expect(used + remaining(used, limit)! - overage(used, limit)).toBe(limit);
      }),
    );
  });
});
