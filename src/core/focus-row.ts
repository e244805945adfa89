import { readDecimal } from './decimal';
import { DomainError } from './errors';
import type { FocusColumn, FocusLayout } from './focus-columns';
import { parseInstant } from './instant';

/** Why a row is no usage, in words for whoever reads the report. */
export class FocusRefusal extends Error {
  constructor(column: string, reason: string) {
    super(`${column}: ${reason}`);
    this.name = 'FocusRefusal';
  }
}

/** The text of a column in one row; null where there is none, written as nothing or as NULL. */
export type FocusRow = (column: FocusColumn) => string | null;

export function focusRow(layout: FocusLayout, cells: readonly string[]): FocusRow {
  return (column) => textAt(cells, layout.at[column]);
}

/** The text at a place of a row, -1 for a column that the file lacks. */
export function textAt(cells: readonly string[], place: number): string | null {
  const text = place === -1 ? undefined : cells[place];
  return text === undefined || text === '' || text === 'NULL' ? null : text;
}

/** A number at a scale of 10^-places, exact. Throws FocusRefusal when it is no number or finer than that. */
export function focusDecimal(text: string, column: FocusColumn, places: number): bigint {
  const value = readDecimal(text, places);
  if (value === null)
    throw new FocusRefusal(column, `${shown(text)} is not a decimal with at most ${places} places`);
  return value;
}

/** Times are UTC, in the form of the specification or, as databases print them, with a blank and no zone. */
export function focusInstant(text: string, column: FocusColumn): number {
  try {
    return parseInstant(text.length === 19 ? `${text.slice(0, 10)}T${text.slice(11)}Z` : text, column);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new FocusRefusal(column, `${shown(text)} is not an instant`);
  }
}

const SHOWN_MAX = 40;

/** A piece of the file inside of a sentence. */
export function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}

const CONTROL = /\p{Cc}+/gu;

/** A text of the file as a label: one line, at most so long. */
export function label(text: string, longest: number): string {
  const line = hasControl(text) ? text.replace(CONTROL, ' ') : text;
  return line.length <= longest ? line : line.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '');
}

/**
 * The same text with memory of its own. The engine keeps a piece of a text as a view of the whole: whoever remembers a
 * cell for the length of an import would otherwise hold the part of the file that it came from.
 */
export function detached(text: string): string {
  return Array.from(text).join('');
}

/** Looked at sign by sign, because a pattern with the class of Unicode costs ten times as much, in every row. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}
