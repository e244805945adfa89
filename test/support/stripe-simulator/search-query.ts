import type { StripeObject } from './stripe-object';
import { invalidRequest } from './stripe-refusal';

type Term = (object: StripeObject) => boolean;

const TERM =
  /^\s*(-)?([a-z_.]+)(?:\[("[^"]*"|'[^']*')\])?(:|~|>=|<=|>|<)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?[\d.]+|null)\s*/;
const JOIN = /^(AND|OR)\s+/i;

/**
 * Reads a query of Stripe's search: terms joined by AND or by OR, never both.
 * @throws StripeRefusal 400 when it cannot be read
 */
export function parseQuery(query: string): Term {
  const terms: Term[] = [];
  const joins = new Set<string>();
  let rest = query;
  for (;;) {
    const match = TERM.exec(rest);
    if (!match) throw unreadable(query);
    terms.push(termOf(match));
    rest = rest.slice(match[0].length);
    if (rest === '') break;
    const join = JOIN.exec(rest);
    // A space alone joins by AND.
    joins.add(join ? join[1]!.toUpperCase() : 'AND');
    rest = join ? rest.slice(join[0].length) : rest;
  }
  if (joins.size > 1) throw unreadable(query);
  return joins.has('OR')
    ? (object) => terms.some((term) => term(object))
    : (object) => terms.every((term) => term(object));
}

function termOf(match: RegExpExecArray): Term {
  const [, negated, field, key, operator, literal] = match as unknown as string[];
  const wanted = unquoted(literal!);
  const test: Term = (object) => {
    const found = valueAt(object, field!, key ? unquoted(key) : null);
    return compare(operator!, found, wanted);
  };
  return negated ? (object) => !test(object) : test;
}

function valueAt(object: StripeObject, field: string, key: string | null): unknown {
  const value = field.split('.').reduce<unknown>((at, step) => (at as StripeObject | null)?.[step], object);
  return key === null ? value : (value as StripeObject | null)?.[key];
}

function compare(operator: string, found: unknown, wanted: string): boolean {
  if (wanted === 'null' && operator === ':') return found === null || found === undefined;
  if (found === null || found === undefined) return false;
  const text = typeof found === 'string' ? found : JSON.stringify(found);
  switch (operator) {
    case ':':
      return text.toLowerCase() === wanted.toLowerCase();
    case '~':
      return text.toLowerCase().includes(wanted.toLowerCase());
    case '>':
      return Number(text) > Number(wanted);
    case '>=':
      return Number(text) >= Number(wanted);
    case '<':
      return Number(text) < Number(wanted);
    default:
      return Number(text) <= Number(wanted);
  }
}

function unquoted(text: string): string {
  return /^["']/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

function unreadable(query: string): Error {
  return invalidRequest(`The search query cannot be read: ${query}`, { param: 'query' });
}
