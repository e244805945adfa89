const NEEDS_QUOTES = /[",\r\n]/;
/** Spreadsheets take a cell that begins so for a formula and run it. */
const FORMULA = /^[=+\-@\t\r]/;

/** A text as a cell of CSV, never a formula: what a spreadsheet would run gets an apostrophe in front. Null is an empty cell. */
export function textCell(text: string | null): string {
  if (text === null) return '';
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
