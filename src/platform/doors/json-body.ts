import { isUtf8 } from 'node:buffer';
import { invalid } from '../../core/errors';

/** Deeper than any body of ours and far from what a recursive reader can take. */
export const MAX_JSON_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

/** A shorter text that nests deeper closes too few brackets to be JSON at all. */
const SHORTEST_DEEP_TEXT = 2 * (MAX_JSON_DEPTH + 1);

/**
 * The text of a JSON body, fit to be parsed. Throws `invalid-argument` on `body` for bytes that are not UTF-8 and for more than
 * 64 levels, which a parser takes and whoever walks the value may not.
 */
export function jsonText(body: Buffer): string {
  if (!isUtf8(body)) throw invalid('body', 'is not valid UTF-8');
  const text = body.toString('utf8');
  if (text.length >= SHORTEST_DEEP_TEXT && isTooDeep(text)) {
    throw invalid('body', `is nested deeper than ${MAX_JSON_DEPTH} levels`);
  }
  return text;
}

/** Counts open brackets outside of strings, which are skipped as a whole: most of a body is strings. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at);
    } else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      depth -= 1;
    }
  }
  return false;
}

/** The index of the quote that ends the string begun at `start`, or the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end === -1 ? text.length : end;
}

/** An odd number of backslashes before a quote makes it part of the string. */
function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}
