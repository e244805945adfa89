import { below, refuse, type Codec, type Place } from './json-codec';

/** A member of an object: its name on the wire and, where it may be missing, what its absence means. */
export interface Member<T> extends Codec<T> {
  readonly wire: string;
  readonly absent?: { readonly means: T };
}

export type Members<T> = { readonly [K in keyof T]-?: Member<T[K]> };

/** A rule over several members; those that were refused are missing. It notes what it finds. */
export type Check<T> = (value: Partial<T>, place: Place) => void;

export function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/**
 * An object with exactly these members: whatever else it carries is refused by name. What is absent means is not
 * written again.
 */
export function object<T extends object>(members: Members<T>, ...checks: readonly Check<T>[]): Codec<T> {
  const table = Object.entries(members) as [string, Member<unknown>][];
  const known = new Set(table.map(([, member]) => member.wire));
  const read = (json: unknown, place: Place) => {
    if (!isObject(json)) return refuse(place, 'must be an object');
    for (const name of Object.keys(json))
      if (!known.has(name)) refuse(below(place, name), 'is not a known field');
    const values = table.map(([key, member]) => [key, readMember(member, json, place)] as const);
    const good = values.filter(([, value]) => value !== undefined);
    const partial = Object.fromEntries(good) as Partial<T>;
    for (const check of checks) check(partial, place);
    return good.length === values.length ? (partial as T) : undefined;
  };
  const write = (value: T) => {
    const written = table.map(([key, member]) => [member.wire, member.write(value[key as keyof T])] as const);
    return Object.fromEntries(written.filter(([, json]) => json !== undefined));
  };
  return { read, write };
}

function readMember(member: Member<unknown>, json: Readonly<Record<string, unknown>>, place: Place): unknown {
  const at = below(place, member.wire);
  if (Object.hasOwn(json, member.wire)) return member.read(json[member.wire], at);
  return member.absent ? member.absent.means : refuse(at, 'is required');
}

export function required<T>(wire: string, codec: Codec<T>): Member<T> {
  return { wire, ...codec };
}

/** May be missing and then means `means`; null says the same where that is null. */
export function optional<T, D>(wire: string, codec: Codec<T>, means: D): Member<T | D> {
  return {
    wire,
    read: (json, place) => (means === null && json === null ? means : codec.read(json, place)),
    write: (value) => (value === means ? undefined : codec.write(value as T)),
    absent: { means },
  };
}
