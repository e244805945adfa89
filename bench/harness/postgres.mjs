import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { cpuOfFamily } from './cpu.mjs';
import { DIST } from './paths.mjs';

const { EmbeddedPostgres } = await import(pathToFileURL(join(DIST, 'platform', 'embedded-postgres.js')));
const { runMigrations } = await import(pathToFileURL(join(DIST, 'platform', 'migrate.js')));

/** The Postgres that the service brings along, with the settings it brings along, in a throw-away folder. */
export class BenchPostgres {
  #server;
  #clones = 0;

  static async start({ sharedBuffers }) {
    const server = await EmbeddedPostgres.start({
      dataDir: 'unused',
      ephemeral: true,
      sharedBuffers,
      maxConnections: 300,
    });
    return new BenchPostgres(server);
  }

  constructor(server) {
    this.#server = server;
  }

  /** Milliseconds of processor time of all of its processes so far. */
  cpu() {
    return cpuOfFamily(this.#server.pid);
  }

  url(database) {
    return this.#server.url(database);
  }

  async createMigrated(name) {
    await this.query('postgres', `create database ${name}`);
    await runMigrations(this.url(name));
  }

  /** A copy of a database nobody is connected to. */
  async clone(template) {
    const name = `bench_${++this.#clones}`;
    await this.query('postgres', `create database ${name} template ${template} strategy file_copy`);
    return name;
  }

  async drop(name) {
    await this.query('postgres', `drop database if exists ${name} with (force)`);
  }

  /** Rows of one statement on a connection of its own; numbers of Postgres come as text. */
  async query(database, text, values) {
    return this.connected(database, async (client) => (await client.query(text, values)).rows);
  }

  async connected(database, work) {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Such as `18.4, shared_buffers 512MB, fsync on`. */
  async description() {
    const names = [
      'server_version',
      'shared_buffers',
      'fsync',
      'synchronous_commit',
      'full_page_writes',
      'wal_compression',
    ];
    const columns = names.map((name) => `current_setting('${name}') as ${name}`).join(', ');
    const [row] = await this.query('postgres', `select ${columns}`);
    return names.map((name) => `${name} ${row[name]}`).join(', ');
  }

  stop() {
    return this.#server.stop();
  }
}
