import { invalid } from './errors';
import { roundRatio, type Ratio } from './ratio';

/** An ISO 4217 alphabetic code that has an exponent. */
export type Currency = string & { readonly currency: true };

/** An amount in the minor unit of its currency: cents, yen, fils. */
export interface Money {
  readonly currency: Currency;
  readonly minor: bigint;
}

/**
 * ISO 4217 list one by exponent (the number of decimal places of the minor unit). The last line holds codes withdrawn
 * since 2021: a bill of the past stays in the money of its time. Codes without a minor unit (gold, test codes) are
 * not here, because nothing can be billed in them.
 */
const CODES_BY_EXPONENT: readonly (readonly [exponent: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF',
  ],
  [
    2,
    'CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL',
  ],
  [
    2,
    'HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU',
  ],
  [
    2,
    'MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR',
  ],
  [
    2,
    'SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED',
  ],
  [2, 'VES WST XAD XCD XCG YER ZAR ZMW ZWG'],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
  [2, 'ANG BGN CUC HRK SLL ZWL'],
];

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  CODES_BY_EXPONENT.flatMap(([exponent, codes]) => codes.split(' ').map((code) => [code, exponent] as const)),
);

/** Every code that `parseCurrency` accepts. */
export const CURRENCIES: readonly Currency[] = [...EXPONENTS.keys()] as Currency[];

/** Reads an upper-case ISO 4217 code. Throws `invalid-argument` naming `field`. */
export function parseCurrency(text: string, field = 'currency'): Currency {
  if (!EXPONENTS.has(text)) throw invalid(field, 'must be an ISO 4217 code, such as USD');
  return text as Currency;
}

/** Decimal places of the minor unit: 2 for USD, 0 for JPY, 3 for BHD. */
export function currencyExponent(currency: Currency): number {
  return EXPONENTS.get(currency)!;
}

/** Minor units in one major unit: 100 for USD, 1 for JPY. */
export function minorPerMajor(currency: Currency): bigint {
  return 10n ** BigInt(currencyExponent(currency));
}

export function money(minor: bigint, currency: Currency): Money {
  return { currency, minor };
}

/** Two currencies are never added; that anybody tries is a mistake of ours, so it throws a RangeError. */
function sameCurrency(a: Money, b: Money): Currency {
  if (a.currency !== b.currency) throw new RangeError(`${a.currency} and ${b.currency} cannot be added`);
  return a.currency;
}

/** Throws a RangeError when the currencies differ. */
export function addMoney(a: Money, b: Money): Money {
  return money(a.minor + b.minor, sameCurrency(a, b));
}

/** Throws a RangeError when the currencies differ. */
export function subtractMoney(a: Money, b: Money): Money {
  return money(a.minor - b.minor, sameCurrency(a, b));
}

const DECIMAL = /^(-?)(\d{1,23})(?:\.(\d+))?$/;

/**
 * Reads an amount in major units, such as `12.34` USD. Nothing is rounded: more decimals than the currency has are
 * refused, fewer are padded. Throws `invalid-argument` naming `field`.
 */
export function parseMoney(text: string, currency: Currency, field = 'amount'): Money {
  const places = currencyExponent(currency);
  const match = DECIMAL.exec(text);
  const fraction = match?.[3] ?? '';
  if (!match || fraction.length > places) {
    throw invalid(field, `must be a plain decimal with at most ${places} places in ${currency}`);
  }
  const magnitude = BigInt(match[2]! + fraction.padEnd(places, '0'));
  return money(match[1] ? -magnitude : magnitude, currency);
}

/** The amount in major units with all the decimals of its currency: `12.30`, `-0.05`, `1200` (JPY). */
export function formatMoney({ minor, currency }: Money): string {
  const places = currencyExponent(currency);
  const digits = (minor < 0n ? -minor : minor).toString().padStart(places + 1, '0');
  const sign = minor < 0n ? '-' : '';
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Rounds an exact amount of major units to minor units, half away from zero (pricing rule 16). */
export function roundToMinor(amount: Ratio, currency: Currency): bigint {
  return roundRatio(amount, minorPerMajor(currency));
}
