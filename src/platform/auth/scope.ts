/** What a caller may do. A door asks for exactly one of these; a role is nothing but a bundle of them. */
export const SCOPES = [
  'events:write',
  'events:backfill',
  'events:read',
  'meters:read',
  'meters:write',
  'usage:read',
  'accounts:read',
  'accounts:write',
  'prices:read',
  'prices:write',
  'ledger:read',
  'grants:write',
  'catalogue:read',
  'catalogue:write',
  'keys:read',
  'keys:write',
  'jobs:run',
  'clocks:write',
  'audit:read',
  'operations:read',
  'operations:write',
  'billing:read',
  'billing:write',
  'budgets:read',
  'budgets:write',
  'limits:write',
  'webhooks:read',
  'webhooks:write',
  'cost-centers:read',
  'cost-centers:write',
  'payments:read',
  'payments:write',
  'metrics:read',
] as const;

export type Scope = (typeof SCOPES)[number];

const WRITER = [
  'events:write',
  'events:read',
  'usage:read',
  'meters:read',
  'accounts:read',
  'prices:read',
  'ledger:read',
  'catalogue:read',
] as const satisfies readonly Scope[];

/** The reader may see everything but the list of keys, and the audit trail that names them: they tell whom to attack. */
const READER = SCOPES.filter(
  (scope) => scope.endsWith(':read') && scope !== 'keys:read' && scope !== 'audit:read',
);

/** What every token may do for the accounts it names: report usage and see it, with what it is counted by. */
export const MEMBER_SCOPES = [
  'events:write',
  'events:read',
  'usage:read',
  'meters:read',
  'accounts:read',
  'prices:read',
  'catalogue:read',
] as const satisfies readonly Scope[];

/** And that of their administrators: see what is owed, set budgets, change plan and limits. Never what the operator grants. */
export const ACCOUNT_ADMIN_SCOPES = [
  ...MEMBER_SCOPES,
  'ledger:read',
  'billing:read',
  'budgets:read',
  'budgets:write',
  'limits:write',
] as const satisfies readonly Scope[];

/** The bundles a key can be given by name. Scopes are added by hand where none of them fits. */
export const ROLES = {
  admin: SCOPES,
  writer: WRITER,
  reader: READER,
  ingest: ['events:write'],
} as const satisfies Record<string, readonly Scope[]>;

export type Role = keyof typeof ROLES;

export const ROLE_NAMES = ['admin', 'writer', 'reader', 'ingest'] as const satisfies readonly Role[];

/** Everything a role and extra scopes allow together; no role allows nothing by itself. */
export function scopesOf(role: Role | null, extra: readonly Scope[]): ReadonlySet<Scope> {
  return new Set<Scope>([...(role === null ? [] : ROLES[role]), ...extra]);
}
