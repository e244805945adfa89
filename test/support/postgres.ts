import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** Set by the global setup for every test file: the address of the migrated template database. */
export const TEMPLATE_URL_VARIABLE = 'TEST_TEMPLATE_DATABASE_URL';

/** A database of one test file (or one test), migrated and otherwise empty. */
export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * Clones the migrated template, or another database that nobody is connected to, which takes some 60 ms; call `drop` when
 * done. A missing Postgres is a failure, never a skip.
 */
export async function createTestDatabase(of = templateUrl()): Promise<TestDatabase> {
  const template = new URL(of);
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onMaintenance((client) =>
    client.query(`create database ${name} template ${template.pathname.slice(1)}`),
  );
  return {
    url: databaseUrl(name),
    drop: () => onMaintenance((client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

/** A database without any table of ours, for tests of migrations. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onMaintenance((client) => client.query(`create database ${name}`));
  return {
    url: databaseUrl(name),
    drop: () => onMaintenance((client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

/** Runs `work` on one connection of the test database and closes it. */
export async function withClient<R>(url: string, work: (client: Client) => Promise<R>): Promise<R> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function onMaintenance(work: (client: Client) => Promise<unknown>): Promise<void> {
  await withClient(databaseUrl('postgres'), work);
}

function databaseUrl(name: string): string {
  const url = new URL(templateUrl());
  url.pathname = `/${name}`;
  return url.toString();
}

function templateUrl(): string {
  const url = process.env[TEMPLATE_URL_VARIABLE];
  if (!url) throw new Error('No test database: run this file in the jest project `integration`');
  return url;
}
