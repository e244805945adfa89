import { DomainError, type FieldError } from './errors';
import { formatQuantity, parseQuantity, type Quantity } from './quantity';

/**
 * Reads a JSON value strictly and writes it again. A reader notes every problem it meets and answers undefined for
 * what it refused, so that one answer lists all problems of a request.
 */
export interface Codec<T> {
  readonly read: (json: unknown, place: Place) => T | undefined;
  readonly write: (value: T) => unknown;
}

/** Where a value stands, as a path for the caller, and what was found wrong so far. */
export interface Place {
  readonly field: string;
  readonly problems: FieldError[];
}

/** Beyond so many problems nobody reads on, and an answer must not outgrow its request. */
const PROBLEMS_MAX = 100;
const NAME_SHOWN = 64;

/** Notes a problem and answers undefined, for the reader to pass on. */
export function refuse(place: Place, reason: string): undefined {
  if (place.problems.length < PROBLEMS_MAX) place.problems.push({ field: place.field, reason });
}

/** The place of a member or, with brackets, of an item. */
export function below(place: Place, step: string | number): Place {
  const name = typeof step === 'number' ? `[${step}]` : `.${step.slice(0, NAME_SHOWN)}`;
  return { field: place.field + name, problems: place.problems };
}

/** Reads `json` or throws `invalid-argument` with every problem found. */
export function readOrThrow<T>(codec: Codec<T>, json: unknown, field: string): T {
  const place: Place = { field, problems: [] };
  const value = codec.read(json, place);
  if (value !== undefined && place.problems.length === 0) return value;
  const [first] = place.problems;
  throw new DomainError('invalid-argument', `${first?.field}: ${first?.reason}`, place.problems);
}

/** A decimal string at the common scale, between bounds. */
export function decimal(bounds: { atLeast?: bigint; above?: bigint; atMost?: bigint } = {}): Codec<Quantity> {
  const { atLeast, above, atMost } = bounds;
  const read = (json: unknown, place: Place) => {
    if (typeof json !== 'string') return refuse(place, 'must be a decimal string, such as "0.10"');
    const value = quantityOrReason(json);
    if (typeof value === 'string') return refuse(place, value);
    if (atLeast !== undefined && value < atLeast)
      return refuse(place, `must be at least ${formatQuantity(atLeast)}`);
    if (above !== undefined && value <= above)
      return refuse(place, `must be more than ${formatQuantity(above)}`);
    if (atMost !== undefined && value > atMost)
      return refuse(place, `must be at most ${formatQuantity(atMost)}`);
    return value;
  };
  return { read, write: formatQuantity };
}

function quantityOrReason(text: string): Quantity | string {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof DomainError && error.fields[0]) return error.fields[0].reason;
    throw error;
  }
}

/** A JSON number without fraction, between bounds. */
export function integer(atLeast: number, atMost: number): Codec<number> {
  const read = (json: unknown, place: Place) =>
    typeof json === 'number' && Number.isInteger(json) && json >= atLeast && json <= atMost
      ? json
      : refuse(place, `must be a whole number from ${atLeast} to ${atMost}`);
  return { read, write: (value) => value };
}

export function boolean(): Codec<boolean> {
  const read = (json: unknown, place: Place) =>
    typeof json === 'boolean' ? json : refuse(place, 'must be true or false');
  return { read, write: (value) => value };
}

/** A text of 1 to `longest` characters. */
export function text(longest: number): Codec<string> {
  const read = (json: unknown, place: Place) =>
    typeof json === 'string' && json.length >= 1 && json.length <= longest
      ? json
      : refuse(place, `must be a text of 1 to ${longest} characters`);
  return { read, write: (value) => value };
}

/** One of a few words. */
export function oneOf<W extends string>(...words: readonly W[]): Codec<W> {
  const read = (json: unknown, place: Place) =>
    words.find((word) => word === json) ?? refuse(place, `must be one of ${words.join(', ')}`);
  return { read, write: (value) => value };
}

/** `null` on the wire is null here: no bound. */
export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    read: (json, place) => (json === null ? null : codec.read(json, place)),
    write: (value) => (value === null ? null : codec.write(value)),
  };
}

/** A list within bounds; `check` sees every item, undefined where it was refused. */
export function list<T>(
  codec: Codec<T>,
  size: { atLeast: number; atMost: number },
  check: (items: readonly (T | undefined)[], place: Place) => void = () => undefined,
): Codec<readonly T[]> {
  const read = (json: unknown, place: Place) => {
    if (!Array.isArray(json) || json.length < size.atLeast || json.length > size.atMost) {
      return refuse(place, `must be a list of ${size.atLeast} to ${size.atMost} items`);
    }
    const items = json.map((item: unknown, index) => codec.read(item, below(place, index)));
    check(items, place);
    const good = items.filter((item) => item !== undefined);
    return good.length === items.length ? good : undefined;
  };
  return { read, write: (items) => items.map((item) => codec.write(item)) };
}
