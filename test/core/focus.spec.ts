import fc from 'fast-check';
import { parseAccountKey } from '../../src/core/account-key';
import { focusDifference, focusReader, type FocusReading } from '../../src/core/focus';
import { focusAccountKey, focusSubAccountId } from '../../src/core/focus-account';
import { FOCUS_COLUMNS, focusLayout, type FocusColumn } from '../../src/core/focus-columns';
import { formatQuantity } from '../../src/core/quantity';

/** A digest that a reader can follow: the length of the text. Distinct enough for these tests. */
const digest = (text: string): string => `len${text.length}`;

const HEADER = ['Id', ...FOCUS_COLUMNS];
const LAYOUT = focusLayout(HEADER, 'Id');

/** One hour of 3 units at 0.40 each. */
const ROW: Readonly<Record<string, string>> = {
  Id: '7',
  BillingAccountId: '1234',
  BillingCurrency: 'USD',
  BillingPeriodStart: '2024-09-01 00:00:00',
  ChargeCategory: 'Usage',
  ChargeDescription: '$0.40 per hour of a server',
  ChargePeriodEnd: '2024-09-18 23:00:00',
  ChargePeriodStart: '2024-09-18 22:00:00',
  ListCost: '1.20000000000',
  ListUnitPrice: '0.40',
  PricingCategory: 'Standard',
  PricingQuantity: '3.00000000000',
  PricingUnit: 'Hours',
  ProviderName: 'AWS',
  PublisherName: 'AWS',
  RegionId: 'us-west-2',
  RegionName: 'US West',
  ResourceId: 'arn:server',
  ServiceCategory: 'Compute',
  ServiceName: 'Servers',
  SkuId: 'SKU1',
  SkuPriceId: 'SKU1.PRICE',
  SubAccountId: '5173',
};

function read(
  changes: Partial<Record<FocusColumn | 'Id', string>> = {},
  source: string | null = null,
): FocusReading {
  const row: Readonly<Record<string, string>> = { ...ROW, ...changes };
  return focusReader(LAYOUT, { digest, source })(HEADER.map((name) => row[name]!));
}

function usage(changes: Partial<Record<FocusColumn | 'Id', string>> = {}) {
  const reading = read(changes);
  if (reading.kind !== 'usage') throw new Error(reading.reason);
  return reading.usage;
}

function reason(changes: Partial<Record<FocusColumn | 'Id', string>>): string {
  const reading = read(changes);
  return reading.kind === 'refused' ? reading.reason : 'it is usage';
}

describe('a row of a FOCUS bill', () => {
  it('is usage of a price by a sub-account', () => {
    expect(usage()).toMatchObject({
      account: 'focus:5173',
      source: 'focus:AWS:1234:2024-09-01',
      id: '7',
      occurredAt: Date.UTC(2024, 8, 18, 22),
      resource: 'arn:server',
      properties: {
        service: 'Servers',
        region: 'us-west-2',
        charge_category: 'Usage',
        charge_period_end: '2024-09-18 23:00:00',
        unit: 'Hours',
        list_cost: '1.2',
      },
      rated: 12n * 10n ** 29n,
      listCost: 12n * 10n ** 29n,
    });
    expect(formatQuantity(usage().quantity)).toBe('3');
    expect(usage().price).toMatchObject({
      name: '$0.40 per hour of a server',
      unit: 'Hours',
      currency: 'USD',
      sku: {
        provider: 'AWS',
        service: 'Servers',
        serviceCategory: 'Compute',
        skuId: 'SKU1',
        skuPriceId: 'SKU1.PRICE',
      },
    });
    expect(usage().price.meter).toMatch(/^focus\.sku1\.price-len\d+$/);
  });

  it('keeps every digit of a quantity', () => {
    expect(formatQuantity(usage({ PricingQuantity: '3.000E-8' }).quantity)).toBe('0.00000003');
    expect(formatQuantity(usage({ PricingQuantity: '0.000000000000001' }).quantity)).toBe(
      '0.000000000000001',
    );
  });

  it('takes times with and without a zone, in UTC', () => {
    expect(usage({ ChargePeriodStart: '2024-09-18T22:00:00Z' }).occurredAt).toBe(Date.UTC(2024, 8, 18, 22));
    expect(usage({ ChargePeriodStart: '2024-09-19T00:00:00+02:00' }).occurredAt).toBe(
      Date.UTC(2024, 8, 18, 22),
    );
  });

  it.each([['NULL'], ['']])('without a sub-account (%s) is paid by the billing account', (none) => {
    expect(usage({ SubAccountId: none }).account).toBe('focus:1234');
  });

  it('takes what is rightly zero', () => {
    expect(usage({ PricingQuantity: '0', ListCost: '0' }).rated).toBe(0n);
    expect(usage({ ListUnitPrice: '0', ListCost: '0' }).rated).toBe(0n);
  });

  it('may leave its cost to others', () => {
    expect(usage({ ListCost: 'NULL' })).toMatchObject({ listCost: null, rated: 12n * 10n ** 29n });
    expect(focusDifference(usage({ ListCost: 'NULL' }))).toBeNull();
  });

  it('agrees with its cost up to the rounding of the file, 10^-9, and differs beyond', () => {
    expect(focusDifference(usage({ ListCost: '1.200000001' }))).toBeNull();
    expect(focusDifference(usage({ ListCost: '1.2000000011' }))).toBe(-11n * 10n ** 20n);
    expect(focusDifference(usage({ ListCost: '1.1' }))).toBe(10n ** 29n);
  });

  it.each<[Partial<Record<FocusColumn | 'Id', string>>, string]>([
    [
      { PricingQuantity: '-0.5' },
      'PricingQuantity: "-0.5" is negative: correct usage by voiding or amending its event',
    ],
    [
      { PricingQuantity: 'NULL', ChargeCategory: 'Credit' },
      'PricingQuantity: is missing: a charge of category "Credit" has no quantity',
    ],
    [
      { ListUnitPrice: 'NULL', ChargeCategory: 'Credit' },
      'ListUnitPrice: is missing: a charge of category "Credit" has no price per unit',
    ],
    [{ PricingQuantity: '3,5' }, 'PricingQuantity: "3,5" is not a decimal with at most 15 places'],
    [{ PricingQuantity: '1E-16' }, 'PricingQuantity: "1E-16" is not a decimal with at most 15 places'],
    [{ PricingQuantity: '1000000000000000.1' }, 'PricingQuantity: "1000000000000000.1" is more than 10^15'],
    [{ ListUnitPrice: '-1' }, 'ListUnitPrice: "-1" is negative'],
    [{ ListUnitPrice: 'free' }, 'ListUnitPrice: "free" is not a decimal with at most 15 places'],
    [{ ListCost: 'n/a' }, 'ListCost: "n/a" is not a decimal with at most 30 places'],
    [{ BillingCurrency: 'XYZ' }, 'BillingCurrency: "XYZ" is no currency of ISO 4217'],
    [{ BillingCurrency: 'NULL' }, 'BillingCurrency: is missing'],
    [{ ChargePeriodStart: 'NULL' }, 'ChargePeriodStart: is missing'],
    [{ ChargePeriodStart: '18.09.2024' }, 'ChargePeriodStart: "18.09.2024" is not an instant'],
    [
      { ChargePeriodStart: '2024-02-30 00:00:00' },
      'ChargePeriodStart: "2024-02-30 00:00:00" is not an instant',
    ],
    [{ Id: 'NULL' }, 'id: is missing, so that a second import could not know the row'],
    [{ Id: 'a\nb' }, 'id: "a\\nb" cannot be an id'],
    [{ SubAccountId: 'NULL', BillingAccountId: '' }, 'SubAccountId: is missing, and so is BillingAccountId'],
    [
      { SubAccountId: 'x'.repeat(201) },
      `SubAccountId: "${'x'.repeat(40)}…" cannot be part of an account key`,
    ],
  ])('%j is refused: %s', (changes, expected) => {
    expect(reason(changes)).toBe(expected);
  });

  it('is refused when it has more or fewer cells than the header', () => {
    const reader = focusReader(LAYOUT, { digest, source: null });
    expect(reader(['7', 'x'])).toEqual({
      kind: 'refused',
      id: '7',
      reason: `row: has 2 cells where the header has ${HEADER.length}`,
    });
  });

  it('carries no tags and no names of people', () => {
    const header = [...HEADER, 'Tags', 'SubAccountName', 'ResourceName'];
    const reader = focusReader(focusLayout(header, 'Id'), { digest, source: null });
    const reading = reader([
      ...HEADER.map((name) => ROW[name]!),
      '{"owner":"jane"}',
      "Jane's account",
      "jane's laptop",
    ]);
    expect(
      JSON.stringify(reading, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
    ).not.toMatch(/jane/i);
  });

  it('keeps a long resource apart from every other by its digest', () => {
    expect(usage({ ResourceId: 'r'.repeat(255) }).resource).toBe('r'.repeat(255));
    expect(usage({ ResourceId: 'r'.repeat(256) }).resource).toBe(`${'r'.repeat(215)}~len256`);
  });

  it('takes the source it is told', () => {
    const reading = read({}, 'file of september');
    expect(reading.kind === 'usage' && reading.usage.source).toBe('file of september');
  });
});

describe('the price of a row', () => {
  const meter = (changes: Partial<Record<FocusColumn, string>>): string => usage(changes).price.meter;

  it('is the same however its amount is written', () => {
    expect(meter({ ListUnitPrice: '0.4' })).toBe(meter({ ListUnitPrice: '0.400000000000' }));
    expect(meter({ ListUnitPrice: '4E-1' })).toBe(meter({}));
  });

  it.each<[string, Partial<Record<FocusColumn, string>>]>([
    ['amount', { ListUnitPrice: '0.41' }],
    ['SKU', { SkuId: 'SKU22' }],
    ['price id', { SkuPriceId: '' }],
    ['unit', { PricingUnit: 'Seconds' }],
    ['provider', { ProviderName: 'Oracle' }],
  ])('is another one with another %s', (_, changes) => {
    const plain = focusReader(LAYOUT, { digest: (text) => text, source: null });
    const keys = [ROW, { ...ROW, ...changes }].map((row: Readonly<Record<string, string>>) => {
      const reading = plain(HEADER.map((name) => row[name]!));
      return reading.kind === 'usage' && reading.usage.price.meter;
    });
    expect(keys[0]).not.toBe(keys[1]);
  });

  it('has labels of one line and bounded length', () => {
    const { name, unit } = usage({
      ChargeDescription: `two\nlines ${'x'.repeat(300)}`,
      PricingUnit: 'u'.repeat(60),
    }).price;
    expect(name).toMatch(/^two lines x{190}$/);
    expect(unit).toBe('u'.repeat(50));
  });
});

describe('the header', () => {
  it('is refused with every column that is missing', () => {
    expect(() => focusLayout(['Id', 'PricingQuantity'], 'Id')).toThrow(
      'The header lacks BillingCurrency, ChargePeriodStart, ListUnitPrice, SubAccountId',
    );
    expect(() => focusLayout(FOCUS_COLUMNS, 'x_RowId')).toThrow('The header lacks x_RowId');
  });
});

describe('the account of a sub-account', () => {
  it.each([
    ['51738928782', 'focus:51738928782'],
    ['/subscriptions/64e355d7', 'focus:/subscriptions/64e355d7'],
    ['64E355D7-997C-491D-B0C1-8414DCCFCF42', 'focus:64e355d7-997c-491d-b0c1-8414dccfcf42'],
    ['my project', 'focus:my%20project'],
    ['100%', 'focus:100%25'],
    ['größe', 'focus:gr%C3%B6%C3%9Fe'],
  ])('%s is %s', (id, key) => {
    expect(focusAccountKey(id)).toBe(key);
  });

  it('can be told again from its key, and no two are one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (id) => {
        const key = focusAccountKey(id);
        fc.pre(key !== null && !/^[0-9a-f]{8}-/i.test(id));
        expect(focusSubAccountId(key)).toBe(id);
      }),
    );
  });

  it('is the account itself where nobody imported it', () => {
    expect(focusSubAccountId(parseAccountKey('org:acme'))).toBe('org:acme');
    expect(focusSubAccountId(parseAccountKey('focus:%FF'))).toBe('%FF');
  });
});
