import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { own, type PostgresHome } from './embedded-postgres-home';

/** The login every connection of ours uses, and the database of the same name. */
export const LOGIN = 'tallyhouse';

/** Makes the cluster under another name and renames it, so that an interrupted start leaves nothing half made. */
export function createCluster(home: PostgresHome, password: string): void {
  const unfinished = mkdtempSync(join(home.dir, 'new-'));
  own(unfinished, home.user);
  const passwordFile = join(unfinished, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  own(passwordFile, home.user);
  const cluster = join(unfinished, 'data');
  const args = ['--pgdata', cluster, '--username', LOGIN, '--pwfile', passwordFile, '--auth=scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const made = spawnSync(home.binaries.initdb, [...args, ...locale], {
    ...home.user,
    cwd: home.dir,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
    encoding: 'utf8',
  });
  if (made.status === 0) renameSync(cluster, join(home.dir, 'data'));
  rmSync(unfinished, { recursive: true, force: true });
  if (made.status !== 0)
    throw new Error(`Postgres could not make its data folder: ${made.error?.message ?? made.stderr}`);
}

export interface ClusterSizes {
  /** Size text of Postgres, such as 512MB. */
  readonly sharedBuffers?: string;
  readonly maxConnections?: number;
}

/** Durable first (no acknowledged commit may be lost), then what suits one machine; given as arguments so that nothing overrides it. */
export function clusterSettings(home: PostgresHome, port: number, sizes: ClusterSizes): string[] {
  const values: Record<string, string> = {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(sizes.maxConnections ?? 100),
    shared_buffers: sizes.sharedBuffers ?? '512MB',
    max_wal_size: '4GB',
    jit: 'off',
    random_page_cost: '1.1',
    timezone: 'UTC',
    // The client gets its own errors; writing them down once more would fill the disk of a busy installation.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
  };
  return [
    ...Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ...cheapCompression(home),
  ];
}

/** lz4 halves the WAL after a checkpoint for next to no time; the built-in method costs too much, so without lz4 there is none. */
function cheapCompression(home: PostgresHome): string[] {
  const choice = ['-c', 'wal_compression=lz4'];
  const args = ['-D', join(home.dir, 'data'), ...choice, '-C', 'wal_compression'];
  const { status } = spawnSync(home.binaries.postgres, args, { ...home.user, cwd: home.dir, env: {} });
  return status === 0 ? choice : [];
}
