import fc from 'fast-check';
import { formatAmount, parseAmount, parseAsset } from '../../src/core/asset';
import {
  charge,
  creditNote,
  grantExpired,
  grantIssued,
  grantUsed,
  invoiceFinalised,
  invoiceVoided,
  payment,
  uncollectible,
} from '../../src/core/posting';
import { type Quantity, ZERO, parseQuantity, quantity } from '../../src/core/quantity';
import {
  type Posting,
  type Transfer,
  balancesOf,
  checkMove,
  isSamePosting,
  reversalOf,
} from '../../src/core/transfer';
import { anyPosting } from './any-posting';

const USD = parseAsset('USD');
const AT = new Date('2025-03-01T00:00:00Z');
const usd = (text: string): Quantity => parseAmount(text, USD);
const cause = { asset: USD, source: 'invoice:1', at: AT };
const ten = { ...cause, amount: usd('10') };
/** 100 and 19 per cent of it. */
const taxed = { ...cause, net: usd('100'), tax: usd('19') };

const legs = (...postings: Posting[]): string[] =>
  postings.map(({ debit, credit, amount }) => `${debit} / ${credit} ${formatAmount(amount, USD)}`);
const balances = (...postings: Posting[]): string[] =>
  balancesOf(postings)
    .filter(({ debits, credits }) => debits !== credits)
    .map(({ name, debits, credits }) => `${name} ${formatAmount(quantity(debits - credits), USD)}`);

describe('a fact moves', () => {
  it.each<[string, Posting | Posting[], string[]]>([
    ['a charge', charge(ten), ['receivable / usage 10.00']],
    ['an invoice', invoiceFinalised(taxed), ['settlement / receivable 100.00', 'settlement / tax 19.00']],
    ['an invoice without tax', invoiceFinalised({ ...taxed, tax: ZERO }), ['settlement / receivable 100.00']],
    ['a void', invoiceVoided(taxed), ['receivable / settlement 100.00', 'tax / settlement 19.00']],
    ['a payment', payment(ten), ['payments / settlement 10.00']],
    ['a note', creditNote(taxed, 'unpaid'), ['adjustments / settlement 100.00', 'tax / settlement 19.00']],
    ['a refund', creditNote(taxed, 'paid'), ['adjustments / payments 100.00', 'tax / payments 19.00']],
    ['a loss', uncollectible(ten), ['adjustments / settlement 10.00']],
    ['a present', grantIssued('promotional', ten), ['adjustments / grants 10.00']],
    ['money paid ahead', grantIssued('prepaid', ten), ['payments / grants 10.00']],
    ['a difference carried over', grantIssued('carried', ten), ['receivable / grants 10.00']],
    ['a grant used on an invoice', grantUsed('settlement', ten), ['grants / settlement 10.00']],
    ['a grant used before one', grantUsed('receivable', ten), ['grants / receivable 10.00']],
    ['a grant that lapses', grantExpired(ten), ['grants / adjustments 10.00']],
  ])('%s', (_, postings, expected) => {
    const all = [postings].flat();
    all.forEach(checkMove);
    expect(legs(...all)).toEqual(expected);
  });
});

describe('the books of one invoice', () => {
  const usage = charge({ ...ten, amount: usd('100') });

  it('owe nothing when it is paid', () => {
    expect(balances(usage)).toEqual(['receivable 100.00', 'usage -100.00']);
    expect(balances(usage, ...invoiceFinalised(taxed))).toEqual([
      'settlement 119.00',
      'tax -19.00',
      'usage -100.00',
    ]);
    const paid = payment({ ...ten, amount: usd('119') });
    expect(balances(usage, ...invoiceFinalised(taxed), paid)).toEqual([
      'payments 119.00',
      'tax -19.00',
      'usage -100.00',
    ]);
  });

  it('are as before the invoice when it is void', () => {
    expect(balances(usage, ...invoiceFinalised(taxed), ...invoiceVoided(taxed))).toEqual(balances(usage));
  });

  it('take a credit note’s tax back from the tax', () => {
    const note = creditNote({ ...taxed, net: usd('10'), tax: usd('1.90') }, 'unpaid');
    expect(balances(usage, ...invoiceFinalised(taxed), ...note)).toEqual([
      'adjustments 10.00',
      'settlement 107.10',
      'tax -17.10',
      'usage -100.00',
    ]);
  });
});

describe('a posting', () => {
  it.each<[string, Partial<Posting>, string]>([
    ['nothing', { amount: ZERO }, 'amount: must be above zero'],
    ['less than nothing', { amount: quantity(-1n) }, 'amount: must be above zero'],
    ['more than there is', { amount: parseQuantity('1000000000000001') }, 'at most 10^15'],
    ['half a cent', { amount: parseQuantity('0.005') }, 'amount: must have at most 2 decimal places in USD'],
    [
      'half a yen',
      { asset: parseAsset('JPY'), amount: parseQuantity('0.5') },
      'at most 0 decimal places in JPY',
    ],
    ['a thousandth of a credit', { asset: 'CREDIT', amount: parseQuantity('0.001') }, 'in CREDIT'],
    ['from a name to itself', { credit: 'receivable' }, 'credit: must be another name than debit'],
    ['for no cause', { source: '' }, 'source: must be 1 to 200'],
    ['for a cause with a blank', { source: 'invoice 1' }, 'source: must be 1 to 200'],
  ])('may not move %s', (_, change, reason) => {
    expect(() => checkMove({ ...charge(ten), ...change })).toThrow(reason);
  });

  it('is the same at another time, and another one with another amount', () => {
    const posting = charge(ten);
    expect(isSamePosting(posting, { ...posting, effectiveAt: new Date(0) })).toBe(true);
    expect(isSamePosting(posting, { ...posting, amount: usd('11') })).toBe(false);
    expect(isSamePosting(posting, { ...posting, kind: 'adjustment' })).toBe(false);
  });
});

describe('any postings', () => {
  it('add up to zero, by asset', () => {
    fc.assert(
      fc.property(fc.array(anyPosting), (postings) => {
        const sums = new Map<string, bigint>();
        for (const { asset, debits, credits } of balancesOf(postings)) {
          sums.set(asset, (sums.get(asset) ?? 0n) + debits - credits);
        }
        expect([...sums.values()].every((sum) => sum === 0n)).toBe(true);
      }),
    );
  });

  it('pass the checks, and leave nothing behind once all of them are reversed', () => {
    const reversed = (posting: Posting): Posting => {
      checkMove(posting);
      const transfer: Transfer = { ...posting, id: posting.source };
      const reversal = reversalOf(transfer, { source: 'mistake:1', at: AT });
      expect([reversal.reverses, reversal.kind, reversal.amount]).toEqual([
        transfer.id,
        'reversal',
        posting.amount,
      ]);
      checkMove(reversal);
      return reversal;
    };
    fc.assert(
      fc.property(fc.array(anyPosting), fc.array(anyPosting), (before, taken) => {
        const net = (postings: readonly Posting[]) =>
          balancesOf(postings)
            .map(({ name, asset, debits, credits }) => [name, asset, debits - credits] as const)
            .filter(([, , sum]) => sum !== 0n);
        expect(net([...before, ...taken, ...taken.map(reversed)])).toEqual(net(before));
      }),
    );
  });
});
