import type { StripeObject } from './stripe-object';

const FIELDS = ['customer', 'invoice', 'subscription', 'charge', '_customer'] as const;
/** A field by which objects belong to another. */
export type OwnerField = (typeof FIELDS)[number];

/** Finds what belongs to an invoice without reading every line there is: a month end has thousands. */
export class OwnerIndex {
  readonly #sets = new Map<string, Set<StripeObject>>();
  readonly #under = new WeakMap<StripeObject, string[]>();

  put(object: StripeObject): void {
    const before = this.#under.get(object) ?? [];
    const now = FIELDS.filter((field) => typeof object[field] === 'string').map((field) =>
      key(object.object as string, field, object[field] as string),
    );
    for (const old of before) if (!now.includes(old)) this.#sets.get(old)?.delete(object);
    for (const fresh of now) {
      const set = this.#sets.get(fresh) ?? new Set();
      this.#sets.set(fresh, set.add(object));
    }
    this.#under.set(object, now);
  }

  drop(object: StripeObject): void {
    for (const old of this.#under.get(object) ?? []) this.#sets.get(old)?.delete(object);
  }

  of(kind: string, field: OwnerField, id: string): StripeObject[] {
    return [...(this.#sets.get(key(kind, field, id)) ?? [])];
  }
}

function key(kind: string, field: OwnerField, id: string): string {
  return `${kind} ${field} ${id}`;
}
