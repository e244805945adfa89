/**
 * The dedupe key of an event, 16 bytes as a uuid text, from its id and the SHA-256 of (source, id) alone (decision C).
 * A UUIDv7 or ULID keeps its 48-bit time in front of 80 bits of the digest, so that new keys land beside each other
 * and old ones can be dropped by month; any other id is 0xff and 120 bits of the digest.
 */
export function eventKey(id: string, digestHex: string): string {
  const at = timeOfId(id);
  const hex =
    at === null ? `ff${digestHex.slice(0, 30)}` : at.toString(16).padStart(12, '0') + digestHex.slice(0, 20);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Only times that a clock of ours could have made count as time: 26 letters that merely look like a ULID mostly
 * decode to another millennium. The range is fixed for ever, because a key must never depend on when it is made.
 */
const EARLIEST = Date.UTC(2010, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/** Milliseconds since 1970 inside a UUIDv7 or ULID; null for every other id. */
export function timeOfId(id: string): number | null {
  const at = id.length === 36 ? timeOfUuid(id) : id.length === 26 ? timeOfUlid(id) : null;
  return at !== null && at >= EARLIEST && at < LATEST ? at : null;
}

function timeOfUuid(id: string): number | null {
  return UUID_V7.test(id) ? parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}

function timeOfUlid(id: string): number | null {
  if (!ULID.test(id)) return null;
  let at = 0;
  for (const letter of id.slice(0, 10).toUpperCase()) at = at * 32 + CROCKFORD.indexOf(letter);
  return at;
}
