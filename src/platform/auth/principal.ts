import { DomainError } from '../../core/errors';
import { SCOPES, scopesOf, type Scope } from './scope';

/** Who calls: what it may do (`scopes`) and for whom (`accounts`, exact keys and `scheme:*` patterns). */
export interface Principal {
  /** The id of an API key, the subject of a token, or the kind itself for the principals of which there is only one. */
  readonly id: string;
  readonly kind: 'api-key' | 'jwt' | 'internal' | 'admin' | 'network' | 'metrics';
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly accounts: '*' | readonly string[];
}

/** Whoever holds the bootstrap key: every right, so that the first API key can be made. */
export const ADMIN: Principal = {
  id: 'admin',
  kind: 'admin',
  name: 'bootstrap admin key',
  scopes: new Set(SCOPES),
  accounts: '*',
};

/** The platform's own services, which share one key and report usage for every account. */
export const INTERNAL: Principal = {
  id: 'internal',
  kind: 'internal',
  name: 'internal key',
  scopes: new Set<Scope>(['events:write']),
  accounts: '*',
};

/** Whoever holds `METRICS_TOKEN`: a scraper, which sees figures of every account and nothing else. */
export const METRICS: Principal = {
  id: 'metrics',
  kind: 'metrics',
  name: 'metrics token',
  scopes: new Set<Scope>(['metrics:read']),
  accounts: '*',
};

/**
 * A gRPC caller without credentials where the network itself is trusted (`GRPC_AUTH=network`): it records usage and may call
 * every rpc of usage.v1, as Gitpod's own services do, which send no metadata.
 */
export const NETWORK: Principal = {
  id: 'network',
  kind: 'network',
  name: 'trusted network',
  scopes: scopesOf('writer', [
    'cost-centers:read',
    'cost-centers:write',
    'usage:read',
    'ledger:read',
    'grants:write',
    'jobs:run',
    'payments:read',
    'payments:write',
  ]),
  accounts: '*',
};

/** The principal as one word for logs and for `created_by`. */
export function principalRef(principal: Principal): string {
  const { kind, id } = principal;
  return kind === 'api-key' || kind === 'jwt' ? `${kind}:${id}` : kind;
}

/** Whether a pattern (`*`, `scheme:*` or an exact key) admits `key`, which may itself be a pattern. */
function admits(pattern: string, key: string): boolean {
  if (pattern === key) return true;
  return pattern.endsWith(':*') && key.startsWith(pattern.slice(0, -1));
}

/** Whether the principal may act for the account (a canonical key) or for every account of a pattern. */
export function mayUseAccount(principal: Principal, accountKey: string): boolean {
  if (principal.accounts === '*') return true;
  for (const pattern of principal.accounts) {
    if (admits(pattern, accountKey)) return true;
  }
  return false;
}

/** Throws `forbidden` in the same words for an account that exists and one that does not. */
export function requireAccount(principal: Principal, accountKey: string): void {
  if (!mayUseAccount(principal, accountKey)) {
    throw new DomainError('forbidden', 'This credential may not act for the account');
  }
}

/** Throws `forbidden` unless the principal may act for all accounts, as who changes what concerns all of them must. */
export function requireEveryAccount(principal: Principal): void {
  if (principal.accounts !== '*') {
    throw new DomainError('forbidden', 'This credential does not act for all accounts');
  }
}

/** Throws `forbidden` naming the scope; the door's own scope has been checked by the guard already. */
export function requireScope(principal: Principal, scope: Scope): void {
  if (!principal.scopes.has(scope)) {
    throw new DomainError('forbidden', `The scope ${scope} is needed`);
  }
}
