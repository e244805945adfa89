import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './config-variables';

/** The parts an address is put together from when there is no DATABASE_URL: names the original's pods have. */
type Parts = Pick<
  Settings,
  'DATABASE_URL' | 'DB_HOST' | 'DB_PORT' | 'DB_USERNAME' | 'DB_PASSWORD' | 'DB_CA_CERT'
>;

/** The original's database has always this name. */
const DATABASE = 'gitpod';

/** What is wrong with the parts of an address. With DATABASE_URL they mean nothing. */
export function databaseConflicts(s: Parts): string[] {
  if (s.DATABASE_URL) return [];
  if (s.DB_HOST) return s.DB_USERNAME ? [] : ['DB_USERNAME: is needed with DB_HOST'];
  const parts = ['DB_PORT', 'DB_USERNAME', 'DB_PASSWORD', 'DB_CA_CERT'] as const;
  const alone = parts.find((name) => s[name] !== null);
  return alone ? [`DB_HOST: is needed with ${alone}`] : [];
}

/**
 * The address of Postgres, or null for the embedded one. A certificate is kept as a file in `dataDir`, because addresses name
 * files; with it, TLS is required and the server's name is checked.
 */
export function databaseUrlOf(s: Parts, dataDir: string): string | null {
  if (s.DATABASE_URL || !s.DB_HOST) return s.DATABASE_URL;
  const user = encodeURIComponent(s.DB_USERNAME ?? '');
  const password = s.DB_PASSWORD === null ? '' : `:${encodeURIComponent(s.DB_PASSWORD)}`;
  const host = s.DB_HOST.includes(':') ? `[${s.DB_HOST}]` : s.DB_HOST;
  const tls = s.DB_CA_CERT === null ? '' : tlsOptions(s.DB_CA_CERT, join(dataDir, 'database-ca.pem'));
  return `postgres://${user}${password}@${host}:${s.DB_PORT ?? 5432}/${DATABASE}${tls}`;
}

function tlsOptions(pem: string, path: string): string {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== pem) {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o711 });
    writeFileSync(path, pem);
  }
  return `?sslmode=verify-full&sslrootcert=${encodeURIComponent(path)}`;
}
