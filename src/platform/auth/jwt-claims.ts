import { parseAccountKey } from '../../core/account-key';
import { DomainError } from '../../core/errors';
import type { Principal } from './principal';
import { RefusedToken } from './refused-token';
import { ACCOUNT_ADMIN_SCOPES, MEMBER_SCOPES, type Scope } from './scope';

type Claims = Readonly<Record<string, unknown>>;

/** What a token is held against. */
export interface ClaimRules {
  readonly nowMs: number;
  /** Null = not checked. */
  readonly issuer: string | null;
  readonly audience: string | null;
}

/** Between the clocks of whoever makes tokens and ours. */
const LEEWAY_MS = 30_000;
const MAX_ACCOUNTS = 100;
const MAX_SUBJECT_LENGTH = 255;
const ADMIN_ROLES: readonly unknown[] = ['admin', 'billing_admin'];
const OF_MEMBERS: ReadonlySet<Scope> = new Set(MEMBER_SCOPES);
const OF_ADMINS: ReadonlySet<Scope> = new Set(ACCOUNT_ADMIN_SCOPES);

/**
 * When a token ends. Throws `RefusedToken` for one that has ended, has not begun, never ends, or was made by or for somebody
 * else than the rules say.
 */
export function endOf(claims: Claims, { nowMs, issuer, audience }: ClaimRules): Date {
  const endMs = instantMs(claims, 'exp');
  if (endMs === null) throw new RefusedToken('it has no exp');
  if (endMs + LEEWAY_MS <= nowMs) throw new RefusedToken('it has expired');
  const beginMs = instantMs(claims, 'nbf');
  if (beginMs !== null && beginMs - LEEWAY_MS > nowMs) throw new RefusedToken('it is not valid yet');
  if (issuer !== null && claims['iss'] !== issuer) throw new RefusedToken('it is of another issuer');
  if (audience !== null && ![claims['aud']].flat().includes(audience))
    throw new RefusedToken('it is for another audience');
  return new Date(endMs);
}

/** Whom the claims of a proved token speak of, with the accounts they name and no others. Throws `RefusedToken`. */
export function principalOf(claims: Claims): Principal {
  const accounts = accountsOf(claims);
  const isAdmin = rolesOf(claims).some((role) => ADMIN_ROLES.includes(role));
  return {
    id: subjectOf(claims) ?? accounts[0]!,
    kind: 'jwt',
    name: 'token',
    scopes: isAdmin ? OF_ADMINS : OF_MEMBERS,
    accounts,
  };
}

/** The longest time a Date can say. */
const MAX_MS = 8.64e15;

/** Seconds, with or without a fraction, as milliseconds. */
function instantMs(claims: Claims, name: string): number | null {
  const value = claims[name];
  if (value === undefined) return null;
  if (typeof value !== 'number' || !(value >= 0)) throw new RefusedToken(`its ${name} is not a time`);
  return Math.min(Math.floor(value * 1_000), MAX_MS);
}

function accountsOf(claims: Claims): readonly string[] {
  const { org_id } = claims;
  const texts = [
    ...(org_id === undefined || org_id === null ? [] : [`org:${text(org_id, 'org_id')}`]),
    ...textsOf(claims, 'projects').map((project) => `project:${project}`),
    ...textsOf(claims, 'accounts'),
  ];
  if (texts.length === 0) throw new RefusedToken('it names no account');
  if (texts.length > MAX_ACCOUNTS) throw new RefusedToken(`it names more than ${MAX_ACCOUNTS} accounts`);
  return [...new Set(texts.map(accountOf))];
}

/** One account and never a pattern: `org:*` is an account key by its letters, and every organisation as a right. */
function accountOf(key: string): string {
  if (key.endsWith(':*')) throw new RefusedToken('it names a pattern of accounts');
  try {
    return parseAccountKey(key);
  } catch (error) {
    if (error instanceof DomainError) throw new RefusedToken('it names something that is no account');
    throw error;
  }
}

function textsOf(claims: Claims, name: string): readonly string[] {
  const value = claims[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new RefusedToken(`its ${name} is not a list`);
  return value.map((item) => text(item, name));
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new RefusedToken(`its ${name} is not a text`);
  return value;
}

/** Both spellings in use: one word, or a list. What is neither gives no right. */
function rolesOf({ role, roles }: Claims): readonly unknown[] {
  return [role, ...(Array.isArray(roles) ? (roles as unknown[]) : [])];
}

/** Who presents it, for logs and the audit trail. */
function subjectOf({ sub, user_id }: Claims): string | null {
  const value = sub ?? user_id ?? null;
  if (value === null) return null;
  const subject = typeof value === 'number' && Number.isSafeInteger(value) ? value.toString() : value;
  if (
    typeof subject !== 'string' ||
    !/^[^\p{Cc}\p{Cs}]+$/u.test(subject) ||
    subject.length > MAX_SUBJECT_LENGTH
  )
    throw new RefusedToken('its subject is not a short text');
  return subject;
}
