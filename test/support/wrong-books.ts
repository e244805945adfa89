import { Checks } from '../../src/platform/checks';
import { Database } from '../../src/platform/transaction';
import type { TestApp } from './app';
import { withClient } from './postgres';

const ACCOUNTS_THAT_DO_NOT_ADD_UP = `
  select account_id, asset, sum(debits - credits) as off from balance group by 1, 2 having sum(debits - credits) <> 0`;

/** Whatever does not hold of the books: every check of `tallyhouse verify`, and accounts whose transfers do not add up to nothing. */
export async function wrongBooksOf({ app, databaseUrl }: TestApp): Promise<unknown[]> {
  const wrong: unknown[] = await withClient(
    databaseUrl,
    async (client) => (await client.query(ACCOUNTS_THAT_DO_NOT_ADD_UP)).rows,
  );
  const checks = app.get(Checks, { strict: false });
  for await (const verdict of checks.run(app.get(Database, { strict: false }))) {
    if (verdict.examples.length > 0) wrong.push(verdict);
  }
  return wrong;
}
