import { parseAccountKey } from '../../src/core/account-key';
import { textCell } from '../../src/core/csv-cell';
import { focusHeader, focusLine, type FocusCharge } from '../../src/core/focus-charge';
import type { Currency } from '../../src/core/money';
import { parsePrice } from '../../src/core/price-shape';
import { ratio } from '../../src/core/ratio';

/** The columns that every FOCUS 1.2 data set must have. */
const MANDATORY = [
  'BilledCost',
  'BillingAccountId',
  'BillingAccountName',
  'BillingCurrency',
  'BillingPeriodEnd',
  'BillingPeriodStart',
  'ChargeCategory',
  'ChargeClass',
  'ChargeDescription',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'ContractedCost',
  'EffectiveCost',
  'InvoiceIssuerName',
  'ListCost',
  'PricingQuantity',
  'PricingUnit',
  'ProviderName',
  'PublisherName',
  'ServiceCategory',
  'ServiceName',
];

const CHARGE: FocusCharge = {
  account: parseAccountKey('focus:my%20project'),
  accountName: 'Project X',
  period: { from: Date.UTC(2024, 8, 1), to: Date.UTC(2024, 9, 1) },
  from: Date.UTC(2024, 8, 18),
  to: Date.UTC(2024, 8, 19),
  meter: { key: 'focus.s1', name: 'Servers, large', unit: 'Hours' },
  price: {
    currency: 'USD' as Currency,
    validFrom: 0,
    price: parsePrice({ model: 'per_unit', unit_amount: '0.40' }),
    sku: {
      provider: 'AWS',
      publisher: null,
      service: 'Servers',
      serviceCategory: 'Compute',
      skuId: 'S1',
      skuPriceId: 'S1.A',
      pricingCategory: null,
    },
  },
  quantity: ratio(3n),
  amount: ratio(12n, 10n),
  id: 'abc',
};

function cells(charge: FocusCharge): Record<string, string> {
  const values = focusLine(charge, { issuer: 'Tallyhouse' }).match(/("([^"]|"")*"|[^,]*)(,|$)/g)!;
  return Object.fromEntries(
    focusHeader()
      .split(',')
      .map((name, place) => [name, values[place]!.replace(/,$/, '')]),
  );
}

describe('a charge in the columns of FOCUS 1.2', () => {
  it('has every mandatory column, and custom ones only with their prefix', () => {
    const header = focusHeader().split(',');
    expect(header).toEqual(expect.arrayContaining(MANDATORY));
    expect(new Set(header).size).toBe(header.length);
    expect(header.filter((name) => !/^[A-Z][A-Za-z]+$/.test(name))).toEqual(['x_RowId']);
  });

  it('says what was used, what a unit costs and what that comes to', () => {
    expect(cells(CHARGE)).toEqual({
      BilledCost: '1.2',
      BillingAccountId: 'focus:my%20project',
      BillingAccountName: 'Project X',
      BillingCurrency: 'USD',
      BillingPeriodEnd: '2024-10-01T00:00:00Z',
      BillingPeriodStart: '2024-09-01T00:00:00Z',
      ChargeCategory: 'Usage',
      ChargeClass: '',
      ChargeDescription: '"Servers, large"',
      ChargeFrequency: 'Usage-Based',
      ChargePeriodEnd: '2024-09-19T00:00:00Z',
      ChargePeriodStart: '2024-09-18T00:00:00Z',
      ConsumedQuantity: '3',
      ConsumedUnit: 'Hours',
      ContractedCost: '1.2',
      ContractedUnitPrice: '0.4',
      EffectiveCost: '1.2',
      InvoiceIssuerName: 'Tallyhouse',
      ListCost: '1.2',
      ListUnitPrice: '0.4',
      PricingCategory: 'Standard',
      PricingQuantity: '3',
      PricingUnit: 'Hours',
      ProviderName: 'AWS',
      PublisherName: 'AWS',
      ServiceCategory: 'Compute',
      ServiceName: 'Servers',
      SkuId: 'S1',
      SkuMeter: 'focus.s1',
      SkuPriceId: 'S1.A',
      SubAccountId: 'my project',
      SubAccountName: 'Project X',
      x_RowId: 'abc',
    });
  });

  it('writes an amount to its last digit', () => {
    const amount = ratio(1n, 10n ** 30n);
    expect(cells({ ...CHARGE, amount }).ListCost).toBe('0.000000000000000000000000000001');
    expect(cells({ ...CHARGE, amount: ratio(1n, 3n) }).ListCost).toBe(`0.${'3'.repeat(30)}`);
  });

  it('names the meter and the issuer where nobody else is known', () => {
    const price = {
      ...CHARGE.price,
      price: parsePrice({ model: 'package', package_size: '10', amount: '5' }),
      sku: null,
    };
    expect(
      cells({ ...CHARGE, account: parseAccountKey('org:acme'), accountName: null, price }),
    ).toMatchObject({
      SubAccountId: 'org:acme',
      SubAccountName: '',
      ProviderName: 'Tallyhouse',
      PublisherName: 'Tallyhouse',
      ServiceCategory: 'Other',
      ServiceName: '"Servers, large"',
      SkuId: 'focus.s1',
      SkuPriceId: 'focus.s1',
      ListUnitPrice: '',
    });
  });
});

describe('a text cell', () => {
  it.each<[string | null, string]>([
    ['plain', 'plain'],
    [null, ''],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['-5', "'-5"],
    ['@sum(a1)', "'@sum(a1)"],
    ['\t=1', "'\t=1"],
    ['=cmd("x")', '"\'=cmd(""x"")"'],
    ['a=b', 'a=b'],
  ])('%j is written %s', (text, cell) => {
    expect(textCell(text)).toBe(cell);
  });
});
