/** Numbers as bills of others write them: `12`, `-0.50`, `3.000E-8`. No blanks, grouping, NaN or hexadecimal. */
const NUMERIC = /^([+-]?)(\d{1,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,2}))?$/;

/**
 * Reads a decimal, with or without an exponent, as an integer count of 10^-places. Exact or not at all: null when the
 * text is no such number or has digits below the last place.
 */
export function readDecimal(text: string, places: number): bigint | null {
  const match = NUMERIC.exec(text);
  if (!match) return null;
  const fraction = match[3] ?? '';
  const shift = places - fraction.length + parseInt(match[4] ?? '0', 10);
  const digits = match[2]! + fraction;
  const magnitude = shift >= 0 ? BigInt(digits + '0'.repeat(shift)) : shortened(digits, -shift);
  if (magnitude === null) return null;
  return match[1] === '-' ? -magnitude : magnitude;
}

/** The integer without its last digits, which must be zeros. */
function shortened(digits: string, count: number): bigint | null {
  const padded = digits.padStart(count + 1, '0');
  return /^0*$/.test(padded.slice(-count)) ? BigInt(padded.slice(0, -count)) : null;
}

/** A count of 10^-places as the shortest plain decimal: no trailing zeros, no exponent, `-0` never. */
export function writeDecimal(units: bigint, places: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, -places);
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return (units < 0n ? '-' : '') + (fraction ? `${whole}.${fraction}` : whole);
}
