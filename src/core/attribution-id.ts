import type { AccountKey } from './account-key';
import { invalid } from './errors';
import { plainUuid } from './uuid';

const SCHEMES: readonly string[] = ['team', 'user'];

/**
 * Reads an attribution id of the `usage.v1` contract: `team:<uuid>` or `user:<uuid>`, the uuid in any case and with or
 * without hyphens. The account key it answers is canonical, so that every spelling of one organisation is one account.
 * Throws `invalid-argument` naming `field`.
 */
export function parseAttributionId(text: string, field = 'attribution_id'): AccountKey {
  const [scheme, value, ...more] = text.split(':');
  const uuid = value === undefined ? null : plainUuid(value);
  if (more.length > 0 || uuid === null || !SCHEMES.includes(scheme!)) {
    throw invalid(field, 'must be team:<uuid> or user:<uuid>');
  }
  return `${scheme}:${uuid}` as AccountKey;
}
