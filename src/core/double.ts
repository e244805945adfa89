import { writeDecimal } from './decimal';
import { roundRatio, type Ratio } from './ratio';

/** More places than a double can tell apart, for amounts down to a billionth of a billionth. */
const PLACES = 36;

/**
 * The double next to an exact amount, for the doors of originals, whose wire has numbers. It is the last step before the
 * wire: nothing is computed with it.
 */
export function doubleOfRatio(value: Ratio): number {
  return JSON.parse(writeDecimal(roundRatio(value, 10n ** BigInt(PLACES)), PLACES)) as number;
}
