import { decimal, type Variable } from './config-values';

const RATE = decimal('0');

/** Rates by name, such as `default=0.1666666667,g1-large=0.3333333333`; each stays the decimal that was written. */
export function rates(): Variable<ReadonlyMap<string, string>> {
  return { fallback: new Map<string, string>(), parse: parseRates };
}

function parseRates(value: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pair of value.split(',')) {
    const [name, rate, ...more] = pair.split('=').map((part) => part.trim());
    if (!name || !rate || more.length > 0)
      throw new Error('must be pairs such as default=0.1666666667, separated by commas');
    if (found.has(name)) throw new Error('must not name a class twice');
    found.set(name, parseRate(rate));
  }
  return found;
}

function parseRate(rate: string): string {
  try {
    return RATE.parse(rate);
  } catch {
    throw new Error('must have a plain decimal such as 0.25, with at most 15 places, for each class');
  }
}
