import { invalid } from './errors';

/** Who pays, as `scheme:value`: `org:acme`, `project:1f0c…`, `team:<uuid>`, `user:<uuid>`. Always canonical. */
export type AccountKey = string & { readonly accountKey: true };

/** The canonical form: lower-case scheme, then 1–200 printable ASCII characters without blanks. */
export const ACCOUNT_KEY_PATTERN = '^[a-z][a-z0-9_-]{0,31}:[!-~]{1,200}$';
const CANONICAL = new RegExp(ACCOUNT_KEY_PATTERN);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Reads an account key. A uuid value is accepted in any case and kept in lower case, so that one payer has one
 * key; any other value is kept as sent. Throws `invalid-argument` naming `field`.
 */
export function parseAccountKey(text: string, field = 'account'): AccountKey {
  if (!CANONICAL.test(text)) {
    throw invalid(field, 'must be scheme:value, such as org:acme or project:1f0c2d3e');
  }
  const value = text.slice(text.indexOf(':') + 1);
  return (UUID.test(value) ? text.toLowerCase() : text) as AccountKey;
}

/** The part before the colon. */
export function accountScheme(key: AccountKey): string {
  return key.slice(0, key.indexOf(':'));
}

const BUCKETS = 64;

/**
 * The distribution bucket of an account: FNV-1a of its key modulo 64. Every big table carries it, so that the
 * same SQL can be spread over several databases (decision 22). It must never change for an existing account.
 */
export function bucketOf(key: AccountKey): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % BUCKETS;
}
