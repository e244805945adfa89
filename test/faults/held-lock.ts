import { Client } from 'pg';

/** A transaction of somebody else that holds locks until it is let go. */
export class HeldLock {
  private constructor(readonly client: Client) {}

  /** Opens a transaction and runs the statements in it, each of which must get its lock. */
  static async take(url: string, ...statements: readonly string[]): Promise<HeldLock> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    return new HeldLock(client);
  }

  async release(how: 'commit' | 'rollback' = 'rollback'): Promise<void> {
    await this.client.query(how);
    await this.client.end();
  }
}
