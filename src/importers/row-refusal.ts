import { toProblem } from '../platform/doors/problem';

/** A failure of the way there, not of the row: the import cannot go on, or not yet. */
const STOPPING: ReadonlySet<string> = new Set([
  'unavailable',
  'unauthenticated',
  'forbidden',
  'rate-limited',
  'internal',
]);

/** Why a row was not taken. Throws what it is given where that is no refusal of a row. */
export function refusalOf(error: unknown): { readonly code: string; readonly detail: string } {
  const { code, detail } = toProblem(error);
  if (STOPPING.has(code)) throw error;
  return { code, detail };
}
