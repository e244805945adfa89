import { invalid } from '../core/errors';
import { parseInstant } from '../core/instant';

const OFFSET = /(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads an instant as the original writes it, in UTC without saying so, as milliseconds since 1970; one with an offset too.
 * Throws `invalid-argument` naming the field.
 */
export function readScorpiusTime(text: string, field: string): number {
  return parseInstant(OFFSET.test(text) ? text : `${text}Z`, field);
}

/**
 * The month that ends with a reset marker, in milliseconds since 1970: the original resets at the first instant of each month
 * (UTC) and nowhere else. Throws `invalid-argument` for any other marker.
 */
export function periodOfMarker(text: string): { readonly from: number; readonly to: number } {
  const to = readScorpiusTime(text, 'reset marker');
  const end = new Date(to);
  const [year, month] = [end.getUTCFullYear(), end.getUTCMonth()];
  if (Date.UTC(year, month) !== to) throw invalid('reset marker', 'is not the first instant of a month');
  return { from: Date.UTC(year, month - 1), to };
}
