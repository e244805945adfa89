import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { InvoiceRun } from '../../src/billing/invoice-run.service';
import { Checks } from '../../src/platform/checks';
import { Clock } from '../../src/platform/clock';
import { Database } from '../../src/platform/transaction';
import { withClient } from '../support/postgres';
import { startClosedApp } from './closed-app';

const CONNECTIONS = 3;

/** The service without doors and jobs, which can be pointed at one database after the other: starting it takes longer than a close. */
export class Closer {
  private constructor(
    readonly app: NestFastifyApplication,
    private readonly own: Database,
  ) {}

  static async start(databaseUrl: string, now: string): Promise<Closer> {
    const app = await startClosedApp(databaseUrl, now);
    return new Closer(app, app.get(Database));
  }

  /** Does all that is due in a database, on connections of its own; answers why it failed, null when it did not. */
  async close(databaseUrl: string): Promise<unknown> {
    const database = new Database({ databaseUrl, databasePoolSize: CONNECTIONS });
    for (const way of ['query', 'transaction', 'connect'] as const) {
      jest.spyOn(this.own, way).mockImplementation(database[way].bind(database) as never);
    }
    try {
      const now = this.app.get(Clock).now();
      await this.app.get(InvoiceRun, { strict: false }).runDue({ now, testClock: null });
      return null;
    } catch (error) {
      return error;
    } finally {
      await database.close();
    }
  }

  /** The checks of `tallyhouse verify` that do not hold of a database. */
  async broken(databaseUrl: string): Promise<string[]> {
    const database = new Database({ databaseUrl, databasePoolSize: 1 });
    const names: string[] = [];
    for await (const { name, examples } of this.app.get(Checks).run(database)) {
      if (examples.length > 0) names.push(`${name} ${JSON.stringify(examples)}`);
    }
    await database.close();
    return names;
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}

/** Postgres notices a moment later that a connection is gone, and only then gives up its locks. */
export async function nobodyIsLeft(url: string): Promise<void> {
  const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
  await withClient(url, async (client) => {
    while (((await client.query(others)).rowCount ?? 0) > 0) await client.query('select pg_sleep(0.002)');
  });
}
