import { checkBooks, countEvents } from './books.mjs';
import { untilIdle } from './cpu.mjs';
import { fixture } from './paths.mjs';
import { freePort } from './ports.mjs';
import { BenchPostgres } from './postgres.mjs';
import { NodeProcess } from './process.mjs';
import { Service, serviceSettings } from './service.mjs';
import { TEMPLATE, buildTemplate } from './template.mjs';
import { NAIVE_BOOKS } from '../fixtures/naive-tables.mjs';

/**
 * What a measurement says: events a second, latencies in milliseconds, processor time per event in microseconds.
 * @typedef {{ rate: number, p50?: number, p95?: number, p99?: number, nodeUs?: number, postgresUs?: number }} Measurement
 */

/** What every workload works with: options, one Postgres, the processes under test, and the failures so far. */
export class Bench {
  failures = [];

  constructor(options, postgres, key) {
    this.options = options;
    this.postgres = postgres;
    /** An API key of the template, with the role `writer`. */
    this.key = key;
  }

  static async start(options) {
    const postgres = await BenchPostgres.start(options);
    const { key } = await buildTemplate(postgres);
    return new Bench(options, postgres, key);
  }

  stop() {
    return this.postgres.stop();
  }

  /** Remembers what must not happen; the run goes on and ends with exit code 1. */
  fail(what) {
    this.failures.push(what.split('\n')[0].slice(0, 300));
    console.error(`FAILED  ${what}`);
  }

  /**
   * Warms up and measures a load. `events` are those of one request; errors of the load fail the run.
   * @returns {Promise<Measurement & { acknowledged: number }>} acknowledged counts the events of the warm-up too
   */
  async measure({ name, load, node, events = 1 }) {
    const warm = await load(this.options.warmup);
    await this.postgres.query('postgres', 'checkpoint');
    await untilIdle(this.options.wait);
    const before = { node: node.cpu(), postgres: this.postgres.cpu() };
    const result = await load(this.options.seconds);
    const total = result.requests * events;
    const errors = warm.errors + result.errors;
    if (errors > 0) {
      this.fail(`${name}: ${errors} of ${warm.requests + result.requests} requests failed`);
      console.error(node.output.slice(-1000));
    }
    if (result.requests === 0) throw new Error(`${name}: no request was answered`);
    return {
      rate: total / result.seconds,
      p50: result.p50,
      p95: result.p95,
      p99: result.p99,
      nodeUs: ((node.cpu() - before.node) * 1000) / total,
      postgresUs: ((this.postgres.cpu() - before.postgres) * 1000) / total,
      acknowledged: total + warm.requests * events,
    };
  }

  /** A server of `fixtures/`, listening on PORT. */
  async withFixture(file, env, work) {
    const port = await freePort();
    const server = new NodeProcess({ file: fixture(file), env: { ...env, PORT: String(port) } });
    try {
      await server.ready(() => server.output.includes('READY'));
      return await work(server, `127.0.0.1:${port}`);
    } finally {
      await server.stop();
    }
  }

  /** A fixture that is our own service with something added; `work` gets the addresses of both doors. */
  async withOwnFixture(file, work) {
    return this.withDatabase(TEMPLATE, async (database) => {
      const settings = await serviceSettings(this.postgres.url(database));
      const grpc = `127.0.0.1:${settings.GRPC_PORT}`;
      return this.withFixture(file, settings, (server, rest) => work(server, { rest, grpc }));
    });
  }

  async withDatabase(template, work) {
    const database = await this.postgres.clone(template);
    try {
      return await work(database);
    } finally {
      await this.postgres.drop(database);
    }
  }

  /**
   * The service on a fresh copy of the template; `work` answers with what it acknowledged, and the books are checked
   * when the service has stopped. `settle` = SQL texts that are run first. `underWay` = events that may have been stored without their answer being counted.
   */
  async withService({ name, underWay, settle = [] }, work) {
    const { role } = this.options;
    return this.withDatabase(TEMPLATE, async (database) => {
      for (const statements of settle) await this.postgres.query(database, statements);
      return this.withServiceOn({ name, underWay, database, role }, work);
    });
  }

  async withServiceOn({ name, underWay, database, role }, work) {
    const { postgres } = this;
    const service = await Service.start(postgres.url(database), role);
    let result;
    let before;
    try {
      await service.meetAccounts();
      before = await countEvents(postgres, database);
      result = await work(service);
    } finally {
      await service.stop();
    }
    const { acknowledged } = result;
    const problems = await checkBooks({ postgres, database, before, acknowledged, underWay });
    for (const problem of problems) this.fail(`${name}: not exact: ${problem}`);
    return result;
  }

  /** The naive server on a fresh copy of the template, checked like the service. */
  async withNaive({ name, mode, underWay }, work) {
    const { postgres } = this;
    return this.withDatabase(TEMPLATE, async (database) => {
      const env = { MODE: mode, DATABASE_URL: postgres.url(database) };
      const result = await this.withFixture('naive.mjs', env, work);
      const { acknowledged } = result;
      const problems = await checkBooks({
        postgres,
        database,
        books: NAIVE_BOOKS,
        before: 0,
        acknowledged,
        underWay,
      });
      for (const problem of problems) this.fail(`${name}: not exact: ${problem}`);
      return result;
    });
  }
}
