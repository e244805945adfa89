import fc from 'fast-check';
import {
  type BillingStrategy,
  type CostCenterTerms,
  advanced,
  changedCostCenter,
  cycleAt,
  forgiven,
  isExpired,
  newCycle,
} from '../../src/core/cost-center';
import { type Quantity, ZERO, formatQuantity, parseQuantity } from '../../src/core/quantity';

const credits = (text: string): Quantity => parseQuantity(text);
const at = (text: string): Date => new Date(text);
const terms = (strategy: BillingStrategy, limit: number, began: string): CostCenterTerms => ({
  ...{ strategy, spendingLimit: limit, cycle: newCycle(at(began)) },
});

describe('a month of a cost centre', () => {
  // Design 10 row 4: months are counted from the anchor and end with their month; Go’s AddDate runs over into the next one.
  it.each([
    ['TM-7 (row 4: not 3 March)', '2022-01-31T00:00:00.000Z', '2022-02-28T00:00:00.000Z'],
    ['TM-8', '2022-12-15T12:34:56.789Z', '2023-01-15T12:34:56.789Z'],
    ['TM-9 (row 4: not 1 December)', '2022-10-31T00:00:00.000Z', '2022-11-30T00:00:00.000Z'],
    ['TM-10 (row 4: not 1 March)', '2024-01-30T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
    ['TM-11', '2022-12-31T00:00:00.000Z', '2023-01-31T00:00:00.000Z'],
    ['TM-12 (row 4: not 1 March)', '2023-01-29T00:00:00.000Z', '2023-02-28T00:00:00.000Z'],
    ['TM-13', '2024-02-29T00:00:00.000Z', '2024-03-29T00:00:00.000Z'],
  ])('%s: begins %s and ends %s', (_vector, from, to) => {
    expect(newCycle(at(from))).toEqual({ anchor: at(from), from: at(from), to: at(to) });
  });

  it('comes back to the 31st after February', () => {
    const january = at('2022-01-31T10:00:00Z');
    const cycles = ['2022-02-10', '2022-03-01', '2022-04-01'].map((day) => cycleAt(january, at(day)));
    expect(cycles.map(({ to }) => to.toISOString())).toEqual([
      '2022-02-28T10:00:00.000Z',
      '2022-03-31T10:00:00.000Z',
      '2022-04-30T10:00:00.000Z',
    ]);
  });

  const anyAnchor = fc.date({ min: at('2000-01-01'), max: at('2040-01-01'), noInvalidDate: true });
  const anyAge = fc.integer({ min: 0, max: 5_000 * 86_400_000 });

  it('holds the instant it is asked for, and the next one begins where it ends', () => {
    fc.assert(
      fc.property(anyAnchor, anyAge, (anchor, age) => {
        const now = new Date(anchor.getTime() + age);
        const cycle = cycleAt(anchor, now);
        expect(cycle.from <= now && now < cycle.to).toBe(true);
        const next = cycleAt(anchor, cycle.to);
        expect(next.from).toEqual(cycle.to);
        const before = cycleAt(anchor, new Date(cycle.from.getTime() - 1));
        expect(before.to).toEqual(cycle.from > anchor ? cycle.from : before.to);
      }),
    );
  });

  it('is 28 to 31 days long', () => {
    fc.assert(
      fc.property(anyAnchor, anyAge, (anchor, age) => {
        const { from, to } = cycleAt(anchor, new Date(anchor.getTime() + age));
        expect([28, 29, 30, 31]).toContain((to.getTime() - from.getTime()) / 86_400_000);
      }),
    );
  });
});

describe('a cycle', () => {
  const free = terms('other', 500, '2022-06-01T00:00:00Z');

  it('is over after its last instant, not at it', () => {
    expect(isExpired(free, at('2022-07-01T00:00:00.000Z'))).toBe(false);
    expect(isExpired(free, at('2022-07-01T00:00:00.001Z'))).toBe(true);
  });

  it('is never over for who pays: Stripe ends it', () => {
    expect(isExpired({ ...free, strategy: 'stripe' }, at('2030-01-01T00:00:00Z'))).toBe(false);
  });

  it('CO-7: two months late it goes on to the one that holds now', () => {
    const { cycle } = advanced(free, at('2022-09-01T12:00:00Z'));
    expect(cycle).toMatchObject({ from: at('2022-09-01T00:00:00Z'), to: at('2022-10-01T00:00:00Z') });
  });

  it('is left as it is while it goes on', () => {
    expect(advanced(free, at('2022-06-30T00:00:00Z'))).toBe(free);
  });
});

describe('what a reset forgives', () => {
  it.each([
    ['CO-16', '87.22', 500, '87.22'],
    ['CO-17', '600.50', 500, '500'],
    // Design 10 row 12: a limit of 0 forgives 0; the original forgives all of it.
    ['CO-18 (row 12: 0, not 12.34)', '12.34', 0, '0'],
    ['CO-19', '0', 500, '0'],
    ['CO-24', '500.00', 500, '500'],
    ['what the account has to its credit stays', '-7.00', 500, '0'],
  ])('%s: owing %s with a limit of %d: %s', (_vector, balance, limit, expected) => {
    expect(formatQuantity(forgiven(credits(balance), limit))).toBe(expected);
  });

  it('is at most the limit, at most the debt, and never makes the debt a credit', () => {
    const anyBalance = fc.bigInt({ min: -(10n ** 23n), max: 10n ** 23n });
    fc.assert(
      fc.property(anyBalance, fc.nat(2_147_483_647), (balance, limit) => {
        const amount = forgiven(balance as Quantity, limit);
        expect(amount >= ZERO && amount <= credits(String(limit))).toBe(true);
        expect(balance > 0n ? balance - amount >= 0n : amount === ZERO).toBe(true);
      }),
    );
  });
});

describe('what follows from a wish', () => {
  const now = at('2022-06-10T00:00:00Z');
  const change = (current: CostCenterTerms, strategy: BillingStrategy, limit: number, balance = '0') =>
    changedCostCenter(
      current,
      { strategy, spendingLimit: limit },
      { now, balance: credits(balance), limitBefore: 10 },
    );

  it('within one strategy: the limit, and nothing else', () => {
    const free = terms('other', 500, '2022-06-01T00:00:00Z');
    expect(change(free, 'other', 7, '3')).toEqual({ terms: { ...free, spendingLimit: 7 }, settled: ZERO });
  });

  it('CO-20: whoever begins to pay is free of all his debt, whatever his limit was, and begins a cycle', () => {
    const free = terms('other', 100, '2022-06-01T00:00:00Z');
    const { terms: paid, settled } = change(free, 'stripe', 3_000, '153.37');
    expect(formatQuantity(settled)).toBe('153.37');
    expect(paid).toEqual({ strategy: 'stripe', spendingLimit: 3_000, cycle: newCycle(now) });
  });

  it('whoever begins to pay with something to his credit keeps it', () => {
    expect(change(terms('other', 100, '2022-06-01T00:00:00Z'), 'stripe', 1, '-5').settled).toBe(ZERO);
  });

  it('CO-12: whoever ends paying gets the limit of before, and keeps his debt', () => {
    const paid = terms('stripe', 20, '2022-06-01T00:00:00Z');
    expect(change(paid, 'other', 9_999, '50')).toEqual({
      terms: { strategy: 'other', spendingLimit: 10, cycle: newCycle(now) },
      settled: ZERO,
    });
  });
});
