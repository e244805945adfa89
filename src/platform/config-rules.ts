import { existsSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { databaseConflicts } from './config-database';
import type { Settings } from './config-variables';

const MS_PER_DAY = 86_400_000;

/** The database refuses to drop what is younger, whatever it is told. */
const SHORTEST_RETENTION = [
  ['RETENTION_EVENTS', 35],
  ['RETENTION_WINDOWS', 35],
  ['RETENTION_OUTBOX', 1],
  ['RETENTION_DELIVERIES', 1],
] as const;

/** What is wrong with variables that are each right but do not go together; every problem begins with a name. */
export function conflicts(s: Settings): string[] {
  return [
    ...[...doorConflicts(s), ...secretConflicts(s), ...storeConflicts(s)],
    ...[...providerConflicts(s), ...documentConflicts(s)],
  ];
}

function doorConflicts(s: Settings): string[] {
  const problems: string[] = [];
  if (s.GRPC_PORT === (s.PORT ?? s.API_PORT)) problems.push('GRPC_PORT: must differ from the port of REST');
  const tls = [s.GRPC_TLS_CERT, s.GRPC_TLS_KEY];
  if (tls.includes(null) && tls.some((path) => path !== null))
    problems.push('GRPC_TLS_CERT: certificate and key are needed together');
  if (s.GRPC_TLS_CA && !s.GRPC_TLS_CERT) problems.push('GRPC_TLS_CA: needs GRPC_TLS_CERT and GRPC_TLS_KEY');
  for (const name of ['GRPC_TLS_CA', 'GRPC_TLS_CERT', 'GRPC_TLS_KEY'] as const) {
    if (s[name] && !existsSync(s[name])) problems.push(`${name}: there is no such file`);
  }
  if (s.GRPC_AUTH === 'network' && !isLoopback(s.GRPC_HOST) && !s.GRPC_TLS_CA && !s.GRPC_AUTH_ACKNOWLEDGED) {
    problems.push(
      'GRPC_AUTH: "network" trusts every caller; listen on a loopback GRPC_HOST, require client certificates by GRPC_TLS_CA, or set GRPC_AUTH_ACKNOWLEDGED=1',
    );
  }
  return problems;
}

function secretConflicts(s: Settings): string[] {
  const problems: string[] = [];
  const external = s.DATABASE_URL ? 'DATABASE_URL' : s.DB_HOST ? 'DB_HOST' : null;
  if (external && !s.ADMIN_API_KEY)
    problems.push(`ADMIN_API_KEY: is required with ${external} (generated only with the embedded Postgres)`);
  if (external && !s.API_KEY_PEPPER)
    problems.push(
      `API_KEY_PEPPER: is required with ${external}, the same for all replicas (generated only with the embedded Postgres)`,
    );
  const names = [
    'ADMIN_API_KEY',
    'INTERNAL_API_KEY',
    'API_KEY_PEPPER',
    'ENCRYPTION_KEY',
    'ENCRYPTION_KEY_BEFORE',
    'JWT_SECRET',
    'METRICS_TOKEN',
    'BUDGET_ALERT_SECRET',
  ] as const;
  names.forEach((name, index) => {
    const twin = names.slice(0, index).find((other) => s[other] !== null && s[other] === s[name]);
    if (twin) problems.push(`${name}: must differ from ${twin}`);
  });
  if (s.ENCRYPTION_KEY_BEFORE && !s.ENCRYPTION_KEY)
    problems.push('ENCRYPTION_KEY_BEFORE: needs ENCRYPTION_KEY, the one that took its place');
  if (s.JWKS_URL && !isSecureOrLoopback(s.JWKS_URL))
    problems.push('JWKS_URL: must begin with https:// unless it is on this machine');
  return problems;
}

function documentConflicts(s: Settings): string[] {
  return s.INVOICE_FONT && !existsSync(s.INVOICE_FONT) ? ['INVOICE_FONT: there is no such file'] : [];
}

function storeConflicts(s: Settings): string[] {
  const problems = databaseConflicts(s);
  if (s.DATABASE_ALLOW_UNSAFE && s.NODE_ENV === 'production')
    problems.push('DATABASE_ALLOW_UNSAFE: is for throw-away tests and refused with NODE_ENV=production');
  if (s.RETENTION_EVENTS < s.EVENT_PAST_TOLERANCE)
    problems.push(
      'RETENTION_EVENTS: must not be shorter than EVENT_PAST_TOLERANCE, or accepted events are dropped at once',
    );
  for (const [name, days] of SHORTEST_RETENTION) {
    if (s[name] < days * MS_PER_DAY && !problems.some((problem) => problem.startsWith(name)))
      problems.push(`${name}: must be at least ${days}d`);
  }
  return problems;
}

function providerConflicts(s: Settings): string[] {
  const problems: string[] = [];
  if (s.STRIPE_SECRET_KEY && !/^[sr]k_/.test(s.STRIPE_SECRET_KEY))
    problems.push('STRIPE_SECRET_KEY: must begin with sk_ or rk_');
  if (s.STRIPE_API_BASE && !isLoopback(new URL(s.STRIPE_API_BASE).hostname))
    problems.push('STRIPE_API_BASE: is for a simulator on this machine and must name a loopback address');
  if (s.BUDGET_ALERT_URL && !s.BUDGET_ALERT_SECRET)
    problems.push('BUDGET_ALERT_SECRET: is required with BUDGET_ALERT_URL, alerts are always signed');
  if (s.BUDGET_ALERT_INTERVAL !== null && !isBetween(s.BUDGET_ALERT_INTERVAL, ALERT_INTERVAL))
    problems.push('BUDGET_ALERT_INTERVAL: must be from 1m to 24h');
  return problems;
}

/** Each turn reads what every budgeted project has spent; a timer of Node does not reach further than 24 days. */
const ALERT_INTERVAL = { min: 60_000, max: 86_400_000 };

function isBetween(value: number, { min, max }: { min: number; max: number }): boolean {
  return value >= min && value <= max;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine can reach a host; names other than localhost are taken for reachable from outside. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  const version = isIP(bare);
  if (version === 0) return bare === 'localhost';
  return LOOPBACK.check(bare, version === 6 ? 'ipv6' : 'ipv4');
}

function isSecureOrLoopback(address: string): boolean {
  const url = new URL(address);
  return url.protocol === 'https:' || isLoopback(url.hostname);
}
