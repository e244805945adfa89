import { type AccountKey, parseAccountKey } from './account-key';

const SCHEME = 'focus:';
const VALUE_MAX = 200;
/** What an account key cannot hold, and the sign that escapes it. */
const ESCAPED = /[^!-~]|%/gu;
/** Half of a sign, which no encoding can write. */
const BROKEN = /\p{Cs}/u;

/**
 * The account that pays for a sub-account of a FOCUS bill: `focus:` and its id, in which blanks, control characters,
 * everything beyond ASCII and `%` are percent-encoded. Null when that is empty or longer than a key may be.
 */
export function focusAccountKey(subAccountId: string): AccountKey | null {
  if (subAccountId === '' || BROKEN.test(subAccountId)) return null;
  const value = subAccountId.replace(ESCAPED, encoded);
  return value.length > VALUE_MAX ? null : parseAccountKey(SCHEME + value);
}

/** encodeURIComponent leaves some signs alone, but none of those that come here. */
function encoded(sign: string): string {
  return sign === '%' ? '%25' : encodeURIComponent(sign);
}

/** The id a `focus:` account was made from; every other account is its own sub-account. */
export function focusSubAccountId(account: AccountKey): string {
  if (!account.startsWith(SCHEME)) return account;
  return account.slice(SCHEME.length).replace(/(?:%[0-9A-F]{2})+/g, decoded);
}

/** An account somebody else named may hold what is no encoding of ours; it is shown as it is. */
function decoded(escapes: string): string {
  try {
    return decodeURIComponent(escapes);
  } catch {
    return escapes;
  }
}
