import fc from 'fast-check';
import {
  amountOfMoney,
  formatAmount,
  isWholeAmount,
  moneyOfAmount,
  parseAmount,
  parseAsset,
} from '../../src/core/asset';
import { money, parseCurrency } from '../../src/core/money';
import { parseQuantity, quantity } from '../../src/core/quantity';
import { anyAmount, anyAsset } from './any-posting';

describe('an asset', () => {
  it.each(['CREDIT', 'USD', 'JPY'])('may be %s', (text) => {
    expect(parseAsset(text)).toBe(text);
  });

  it.each(['credit', 'usd', 'XXX', '', 'GOLD'])('may not be %j', (text) => {
    expect(() => parseAsset(text)).toThrow('asset: must be an ISO 4217 code');
  });
});

describe('an amount', () => {
  it.each([
    ['USD', '12.3', '12.30'],
    ['USD', '0.01', '0.01'],
    ['JPY', '1200', '1200'],
    ['JPY', '1200.00', '1200'],
    ['BHD', '1.005', '1.005'],
    ['CREDIT', '0.17', '0.17'],
  ])('of %s %s reads %s', (asset, text, shown) => {
    expect(formatAmount(parseAmount(text, parseAsset(asset)), parseAsset(asset))).toBe(shown);
  });

  it.each([
    ['USD', '0.001', 'must have at most 2 decimal places in USD'],
    ['JPY', '0.5', 'must have at most 0 decimal places in JPY'],
    ['CREDIT', '0.005', 'must have at most 2 decimal places in CREDIT'],
    ['USD', '0', 'must be above zero'],
    ['USD', '-1', 'must be above zero'],
    ['USD', '1e3', 'must be a plain decimal'],
  ])('of %s may not be %s', (asset, text, reason) => {
    expect(() => parseAmount(text, parseAsset(asset))).toThrow(`amount: ${reason}`);
  });

  it('below zero keeps its sign, and nothing has none', () => {
    const usd = parseAsset('USD');
    expect(formatAmount(parseQuantity('-0.05'), usd)).toBe('-0.05');
    expect(formatAmount(quantity(0n), usd)).toBe('0.00');
    expect(formatAmount(quantity(0n), parseAsset('JPY'))).toBe('0');
  });

  it('reads back as it was written', () => {
    fc.assert(
      fc.property(
        anyAsset.chain((asset) => fc.tuple(fc.constant(asset), anyAmount(asset))),
        ([asset, amount]) => {
          expect(isWholeAmount(amount, asset)).toBe(true);
          expect(parseAmount(formatAmount(amount, asset), asset)).toBe(amount);
        },
      ),
    );
  });

  it('of money is the same in minor units', () => {
    const usd = parseCurrency('USD');
    expect(amountOfMoney(money(1234n, usd))).toBe(parseQuantity('12.34'));
    expect(moneyOfAmount(parseQuantity('12.34'), usd)).toEqual(money(1234n, usd));
  });
});
