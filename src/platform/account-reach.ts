import type { Principal } from './auth/principal';

/** The accounts a caller may see, for SQL: null = all of them, and what belongs to none. */
export type Reach = readonly string[] | null;

/** The account patterns of a caller as a parameter of `accountsWithin`. */
export function reachOf({ accounts }: Pick<Principal, 'accounts'>): Reach {
  return accounts === '*' ? null : accounts;
}

/**
 * The condition that an account key lies within the reach given as parameter `$n`. A row without an account is within the
 * reach of those only who may see everything.
 */
export function accountsWithin(key: string, n: number): string {
  const reach = `$${n}::text[]`;
  return `(${reach} is null or ${key} = any(${reach}) or split_part(${key}, ':', 1) || ':*' = any(${reach}))`;
}
