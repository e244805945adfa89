import { formatQuantity, ONE, parseQuantity, quantity, quantityRatio } from './quantity';
import { ratio, reduced, type Ratio } from './ratio';

/** An exact ratio as text: a plain decimal where it ends within 15 places, else a fraction in lowest terms (`1/3`). */
export function ratioText(value: Ratio): string {
  const { numerator, denominator } = reduced(value);
  if (ONE % denominator === 0n) return formatQuantity(quantity(numerator * (ONE / denominator)));
  return `${numerator}/${denominator}`;
}

/** Reads what `ratioText` wrote. Throws `invalid-argument` or a SyntaxError for anything else. */
export function parseRatioText(text: string): Ratio {
  const slash = text.indexOf('/');
  if (slash === -1) return quantityRatio(parseQuantity(text));
  return ratio(BigInt(text.slice(0, slash)), BigInt(text.slice(slash + 1)));
}
