import type { AccountRef } from '../../src/core/account';
import { bucketOf, parseAccountKey } from '../../src/core/account-key';
import { type Asset, formatAmount, parseAmount, parseAsset } from '../../src/core/asset';
import { charge } from '../../src/core/posting';
import type { Quantity } from '../../src/core/quantity';
import type { Posting } from '../../src/core/transfer';
import { GRANT_CHECKS } from '../../src/ledger/grant-checks';
import { GrantRepository } from '../../src/ledger/grant.repository';
import { GrantService } from '../../src/ledger/grant.service';
import { LEDGER_CHECKS } from '../../src/ledger/ledger-checks';
import { LedgerRepository } from '../../src/ledger/ledger.repository';
import { LedgerService } from '../../src/ledger/ledger.service';
import type { NewGrant } from '../../src/ledger/stored';
import { BillingEventRepository } from '../../src/platform/billing-events/billing-event.repository';
import { BillingEvents } from '../../src/platform/billing-events/billing-events.service';
import { Checks } from '../../src/platform/checks';
import { Clock } from '../../src/platform/clock';
import { Ids } from '../../src/platform/ids';
import { Database, type Sql } from '../../src/platform/transaction';
import { type TestDatabase, createTestDatabase } from '../support/postgres';

export const USD = parseAsset('USD');
export const CREDIT = parseAsset('CREDIT');
export const NOW = new Date('2025-03-15T12:00:00Z');
export const usd = (text: string): Quantity => parseAmount(text, USD);

/** A charge of so many dollars for a cause. */
export const owed = (source: string, amount: string): Posting =>
  charge({ asset: USD, amount: usd(amount), source, at: NOW });

/** A database with accounts, and the services of the ledger on it. */
export class LedgerWorld {
  readonly ledger: LedgerService;
  readonly grants: GrantService;
  #accounts = 0;
  #grants = 0;

  private constructor(
    readonly stored: TestDatabase,
    readonly database: Database,
  ) {
    const transfers = new LedgerRepository();
    const events = new BillingEvents(new BillingEventRepository(database), new Ids(new Clock()));
    this.ledger = new LedgerService(database, transfers);
    this.grants = new GrantService(database, new GrantRepository(), this.ledger, transfers, events);
  }

  static async withConnections(count: number): Promise<LedgerWorld> {
    const stored = await createTestDatabase();
    return new LedgerWorld(stored, new Database({ databaseUrl: stored.url, databasePoolSize: count }));
  }

  async account(): Promise<AccountRef> {
    const key = parseAccountKey(`org:ledger-${++this.#accounts}`);
    const [row] = await this.database.query<{ id: string }>(
      'insert into account (bucket, key) values ($1, $2) returning id',
      [bucketOf(key), key],
    );
    return { id: Number(row!.id), bucket: bucketOf(key) };
  }

  /** Runs in a transaction of its own. */
  tx<R>(work: (tx: Sql) => Promise<R>): Promise<R> {
    return this.database.transaction(work);
  }

  /** How many of the postings were new. */
  async post(account: AccountRef, ...postings: Posting[]): Promise<number> {
    return (await this.tx((tx) => this.ledger.post(tx, account, postings))).length;
  }

  /** A grant of so many dollars; answers its id. */
  async give(account: AccountRef, amount: string, rest: Partial<NewGrant> = {}): Promise<string> {
    const id = `00000000-0000-4000-8000-${String(++this.#grants).padStart(12, '0')}`;
    const grant = { id, asset: USD, amount: usd(amount), kind: 'promotional', priority: 0 } as const;
    const given = { ...grant, expiresAt: null, description: '', at: NOW, ...rest };
    await this.tx((tx) => this.grants.issue(tx, account, given));
    return given.id;
  }

  /** `name amount` of each balance that is not zero. */
  async balances(account: AccountRef, asset: Asset = USD): Promise<string[]> {
    const found = await this.ledger.balances(account);
    return found
      .filter((balance) => balance.asset === asset && balance.posted !== 0n)
      .map(({ name, posted }) => `${name} ${formatAmount(posted, asset)}`);
  }

  /** The names of the checks that do not hold. */
  async broken(): Promise<string[]> {
    const checks = new Checks();
    checks.add([...LEDGER_CHECKS, ...GRANT_CHECKS]);
    const names: string[] = [];
    for await (const { name, examples } of checks.run(this.database)) {
      if (examples.length > 0) names.push(`${name} ${JSON.stringify(examples)}`);
    }
    return names;
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.stored.drop();
  }
}
