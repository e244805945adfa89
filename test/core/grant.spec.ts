import fc from 'fast-check';
import { parseAmount, parseAsset } from '../../src/core/asset';
import { type Grant, drawGrants, inDrawingOrder, isAvailable, leftOf } from '../../src/core/grant';
import { type Quantity, ZERO, formatQuantity, quantity } from '../../src/core/quantity';

const USD = parseAsset('USD');
const usd = (text: string): Quantity => (text === '0' ? ZERO : parseAmount(text, USD));
const NOW = new Date('2025-03-15T12:00:00Z');

function grant(id: string, amount: string, rest: Partial<Grant> = {}): Grant {
  return {
    id,
    asset: USD,
    kind: 'promotional',
    amount: usd(amount),
    used: ZERO,
    expired: ZERO,
    priority: 0,
    expiresAt: null,
    description: '',
    createdAt: new Date('2025-01-01T00:00:00Z'),
    ...rest,
  };
}

const ends = (day: string): Partial<Grant> => ({ expiresAt: new Date(`${day}T00:00:00Z`) });
const made = (day: string): Partial<Grant> => ({ createdAt: new Date(`${day}T00:00:00Z`) });
const shown = (grants: readonly Grant[], amount: string): string[] =>
  drawGrants(inDrawingOrder(grants), usd(amount)).map(
    ({ grantId, amount: part }) => `${grantId} ${formatQuantity(part)}`,
  );

describe('grants are used', () => {
  it.each<[string, Grant[], string[]]>([
    [
      'by priority, however soon another ends',
      [grant('soon', '1', { priority: 1, ...ends('2025-03-16') }), grant('first', '1', { priority: 0 })],
      ['first', 'soon'],
    ],
    [
      'then by the earliest end, never last',
      [grant('never', '1'), grant('late', '1', ends('2025-05-01')), grant('soon', '1', ends('2025-04-01'))],
      ['soon', 'late', 'never'],
    ],
    [
      'then the oldest',
      [grant('new', '1', made('2025-02-01')), grant('old', '1', made('2025-01-01'))],
      ['old', 'new'],
    ],
    [
      'then by id, so that the order is one',
      [grant('b', '1', ends('2025-04-01')), grant('a', '1', ends('2025-04-01'))],
      ['a', 'b'],
    ],
  ])('%s', (_, grants, order) => {
    expect(inDrawingOrder(grants).map(({ id }) => id)).toEqual(order);
    expect(inDrawingOrder([...grants].reverse()).map(({ id }) => id)).toEqual(order);
  });
});

describe('a grant', () => {
  it.each<[string, Grant, boolean]>([
    ['that never ends', grant('a', '1'), true],
    ['that ends tomorrow', grant('a', '1', ends('2025-03-16')), true],
    // W-64.
    ['that ended yesterday', grant('a', '1', ends('2025-03-14')), false],
    ['that ends at this instant', grant('a', '1', { expiresAt: NOW }), false],
    ['that is used up', grant('a', '1', { used: usd('1') }), false],
    ['whose rest lapsed', grant('a', '1', { used: usd('0.40'), expired: usd('0.60') }), false],
    ['that is used in part', grant('a', '1', { used: usd('0.99') }), true],
  ])('%s is available: %s', (_, given, expected) => {
    expect(isAvailable(given, NOW)).toBe(expected);
  });
});

describe('a drawing', () => {
  it('takes what ends soonest first, and the rest of the total from the next (W-63, TR-15)', () => {
    const grants = [grant('B', '10'), grant('A', '2', ends('2025-04-01'))];
    expect(shown(grants, '7.85')).toEqual(['A 2', 'B 5.85']);
  });

  it.each<[string, Grant[], string, string[]]>([
    ['of nothing asks nobody', [grant('a', '5')], '0', []],
    ['from nobody gives nothing', [], '5', []],
    ['beyond what there is gives what there is', [grant('a', '2'), grant('b', '3')], '9', ['a 2', 'b 3']],
    ['passes over what is used up', [grant('a', '2', { used: usd('2') }), grant('b', '3')], '1', ['b 1']],
    [
      'takes only what is left',
      [grant('a', '2', { used: usd('1.50') }), grant('b', '3')],
      '1',
      ['a 0.5', 'b 0.5'],
    ],
  ])('%s', (_, grants, amount, expected) => {
    expect(shown(grants, amount)).toEqual(expected);
  });

  it('gives all that is asked or all there is, nobody more than it has, each whole before the next', () => {
    const cents = fc.bigInt({ min: 0n, max: 1_000n }).map((n) => quantity(n * 10n ** 13n));
    const anyGrant = fc
      .tuple(fc.uuid(), cents, cents)
      .map(([id, used, left]) => grant(id, '1', { amount: quantity(used + left), used }));
    fc.assert(
      fc.property(fc.array(anyGrant), cents, (grants, amount) => {
        const order = inDrawingOrder(grants);
        const parts = drawGrants(order, amount);
        const given = parts.reduce((sum, part) => sum + part.amount, 0n);
        const left = grants.reduce((sum, each) => sum + leftOf(each), 0n);
        expect(given).toBe(amount < left ? amount : left);
        const able = order.filter((each) => leftOf(each) > 0n).slice(0, parts.length);
        expect(parts.map(({ grantId }) => grantId)).toEqual(able.map(({ id }) => id));
        able.slice(0, -1).forEach((each, place) => expect(parts[place]!.amount).toBe(leftOf(each)));
        parts.forEach((part, place) => expect(part.amount <= leftOf(able[place]!)).toBe(true));
      }),
    );
  });
});
