import type { StripeObject } from './stripe-object';
import { invalidRequest } from './stripe-refusal';

/**
 * Metadata after a change: named keys are set, those set to an empty text disappear, an empty text for the whole clears all.
 * @throws StripeRefusal above 50 keys, 40 characters a key or 500 a value
 */
export function mergedMetadata(before: StripeObject | null, change: unknown): StripeObject {
  if (change === undefined) return before ?? {};
  if (change === null || change === '') return {};
  const merged: StripeObject = { ...before };
  for (const [key, value] of Object.entries(change as StripeObject)) {
    if (value === '' || value === null) delete merged[key];
    else merged[key] = String(value);
    const long = key.length > 40 || String(value).length > 500;
    if (long) throw invalidRequest('A metadata key or value is too long.', { param: `metadata[${key}]` });
  }
  if (Object.keys(merged).length > 50)
    throw invalidRequest('At most 50 metadata keys.', { param: 'metadata' });
  return merged;
}

/** The named parameters that were sent, an empty text as null. */
export function sent(params: StripeObject, names: readonly string[]): StripeObject {
  const found = names.filter((name) => params[name] !== undefined);
  return Object.fromEntries(
    found.map((name) => [name, params[name] === '' ? null : (params[name] as unknown)]),
  );
}
