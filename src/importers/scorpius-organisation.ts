import { type AccountKey, parseAccountKey } from '../core/account-key';
import { DomainError, invalid } from '../core/errors';
import { readScorpiusTime } from './scorpius-time';
import type { Hash } from './scorpius-source';

/** An organisation of the original, in words of ours. */
export interface Organisation {
  readonly account: AccountKey;
  readonly plan: string;
  /** Null = it does not say. */
  readonly overdue: boolean | null;
  /** Null = it has none. */
  readonly customerId: string | null;
  /** In milliseconds since 1970; null = it does not say. */
  readonly createdAt: number | null;
}

/** What a hash of organisations may say. */
const FIELDS: ReadonlySet<string> = new Set([
  'plan',
  'created_at',
  'updated_at',
  'payment_overdue',
  'stripe_customer_id',
]);

/** The plan of an organisation that names none. */
const DEFAULT_PLAN = 'free';
const INTEGER = /^-?\d+$/;
const CUSTOMER_ID = /^[!-~]{1,255}$/;

/**
 * What stands under `org:limits:…`: the limits of a plan, or an organisation whose id begins with `limits:`. A hash that has
 * fields of both, or numbers where an organisation has words, could be either.
 */
export function kindUnderLimits(hash: Hash): 'limits' | 'organisation' | 'ambiguous' {
  const own = Object.keys(hash).filter((field) => FIELDS.has(field));
  if (own.length === 0) return 'limits';
  const isAlone = own.length === Object.keys(hash).length;
  return isAlone && own.some((field) => !INTEGER.test(hash[field]!)) ? 'organisation' : 'ambiguous';
}

/** Whether a hash is one of an organisation with this id. */
export function isOrganisation(id: string, hash: Hash): boolean {
  if (id.startsWith('limits:')) return kindUnderLimits(hash) === 'organisation';
  return Object.keys(hash).some((field) => FIELDS.has(field));
}

/** Throws `invalid-argument` for an id that no account can have. */
export function accountOfOrganisation(id: string): AccountKey {
  try {
    return parseAccountKey(`org:${id}`);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw invalid('org_id', 'must be 1 to 200 printable ASCII characters without blanks');
  }
}

/**
 * Reads the hash of an organisation. What of it cannot be read is left out and told. Throws `invalid-argument` when there is
 * no organisation in it.
 */
export function organisationOf(
  id: string,
  hash: Hash,
): { organisation: Organisation; problems: readonly string[] } {
  if (!isOrganisation(id, hash)) throw invalid('fields', 'none is of an organisation');
  const account = accountOfOrganisation(id);
  const problems: string[] = [];
  const read = <T>(field: string, reader: (text: string) => T): T | null => {
    const text = hash[field];
    if (text === undefined || text === '') return null;
    try {
      return reader(text);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      problems.push(error.message);
      return null;
    }
  };
  const organisation = {
    ...{ account, plan: hash['plan'] ?? DEFAULT_PLAN },
    overdue: read('payment_overdue', overdueOf),
    customerId: read('stripe_customer_id', customerIdOf),
    createdAt: read('created_at', (text) => readScorpiusTime(text, 'created_at')),
  };
  return { organisation, problems };
}

/** The original took every text for yes, also its own `false`. */
function overdueOf(text: string): boolean {
  const word = text.toLowerCase();
  if (word !== 'true' && word !== 'false') throw invalid('payment_overdue', 'must be true or false');
  return word === 'true';
}

function customerIdOf(text: string): string {
  if (!CUSTOMER_ID.test(text)) throw invalid('stripe_customer_id', 'must be a text without blanks');
  return text;
}
