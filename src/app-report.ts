import type { Running } from './app-boot';
import type { Config } from './platform/config';
import { secretsFile } from './platform/secrets';

/** What an operator wants to know of a start, a line each: which piece runs in which mode, and where the doors are. */
export function whatIsOn(running: Running): string[] {
  const { config, doors, database, migrations } = running;
  return [
    `REST       ${doors.rest}`,
    `gRPC       ${doors.grpc} (${grpcMode(config)})`,
    `database   ${databaseMode(running)}`,
    `migrations ${migrations.length === 0 ? 'up to date' : `ran ${migrations.length}`}`,
    `facts      append-only by ${database.guardedByRole ? 'privilege and trigger' : 'trigger alone: the login may not take the role tallyhouse_app'}`,
    `locks      ${config.redisUrl ? 'in Redis' : 'in Postgres; limits of requests are per process (no REDIS_URL)'}`,
    `Stripe     ${config.stripeSecretKey ? 'on' : 'off (no STRIPE_SECRET_KEY)'}`,
    `role       ${config.role}`,
    ...(config.withoutEffect.length === 0
      ? []
      : [`no effect  ${config.withoutEffect.join(', ')} (of CONFIG_FILE)`]),
    adminKeyLine(running),
  ];
}

/**
 * Three commands that work as pasted: the key, one event in, its usage out. `adminKey` is shell text: the key itself in
 * the one start that shows it, later a command that reads it.
 */
export function tryThis(config: Config, adminKey: string): string[] {
  const api = `http://${config.apiHost === '0.0.0.0' ? '127.0.0.1' : config.apiHost}:${config.apiPort}/api/v1`;
  return [
    `KEY=${adminKey}`,
    `curl -s ${api}/events -H "x-api-key: $KEY" -H 'content-type: application/json' -d '{"id":"try-1","source":"try","type":"api_requests","account":"org:demo","quantity":"3"}'`,
    `curl -s "${api}/meters/api_requests/usage?account=org:demo" -H "x-api-key: $KEY"`,
  ];
}

/** The admin key as shell text; only the start that made it shows it. */
export function adminKeyForShell({ config, isEmbedded, adminKeyIsNew }: Running): string {
  if (adminKeyIsNew) return `'${config.adminApiKey}'`;
  if (!isEmbedded) return '"$ADMIN_API_KEY"';
  return `$(node -p "require('${secretsFile(config.dataDir)}').adminApiKey")`;
}

function adminKeyLine({ config, isEmbedded, adminKeyIsNew }: Running): string {
  if (adminKeyIsNew) return `admin key  ${config.adminApiKey} (shown this once)`;
  return `admin key  ${isEmbedded ? `in ${secretsFile(config.dataDir)}` : 'as in ADMIN_API_KEY'}`;
}

function databaseMode({ isEmbedded, database, config }: Running): string {
  const { hostname, port } = new URL(config.databaseUrl!);
  const unsafe = database.problems.length > 0 ? ` UNSAFE: ${database.problems.join('; ')}` : '';
  return `Postgres ${database.version}, ${isEmbedded ? 'embedded' : 'external'}, ${hostname}:${port || 5432}${unsafe}`;
}

function grpcMode(config: Config): string {
  const transport = config.grpcTlsCert ? (config.grpcTlsCa ? 'mutual TLS' : 'TLS') : 'plain';
  return `${transport}, callers known by ${config.grpcAuth}`;
}
