import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../../core/account-key';
import type { AuditedAccount } from '../audit/audit.service';
import { Database, type Sql } from '../transaction';
import type { RateLimit } from './rate-limit';

/** An account, with its own limit if it has one. */
export interface LimitedAccount extends AuditedAccount {
  readonly limit: RateLimit | null;
}

interface Row {
  readonly id: string;
  readonly bucket: number;
  readonly requests: number | null;
  readonly window_ms: number | null;
}

/** Every limit of an account there is: they are few, and each process keeps them all. */
const READ_ALL = `
  select a.key, r.requests, r.window_ms as "windowMs"
  from rate_limit r join account a on a.id = r.account_id`;

const FIND = `
  select a.id, a.bucket, r.requests, r.window_ms
  from account a left join rate_limit r on r.bucket = a.bucket and r.account_id = a.id
  where a.key = $1`;

/** Two who change the limit of one account do so one after the other, or one entry of the audit trail would be wrong. */
const LOCK_ACCOUNT = `select id, bucket from account where key = $1 for no key update`;

const PUT = `
  insert into rate_limit (bucket, account_id, requests, window_ms) values ($1, $2, $3, $4)
  on conflict (bucket, account_id) do update set requests = excluded.requests, window_ms = excluded.window_ms`;

const REMOVE = `delete from rate_limit where bucket = $1 and account_id = $2`;

/** The rows of `rate_limit`. */
@Injectable()
export class RateLimitRepository {
  constructor(private readonly database: Database) {}

  /** By account key. */
  async all(): Promise<Map<string, RateLimit>> {
    const rows = await this.database.query<RateLimit & { key: string }>(READ_ALL);
    return new Map(rows.map(({ key, requests, windowMs }) => [key, { requests, windowMs }]));
  }

  /** Null = there is no such account. */
  async find(key: AccountKey, sql: Sql = this.database): Promise<LimitedAccount | null> {
    const row = (await sql.query<Row>(FIND, [key]))[0];
    return row === undefined ? null : fromRow(row);
  }

  /** The same, and nobody else changes it until the transaction ends. */
  async lock(sql: Sql, key: AccountKey): Promise<LimitedAccount | null> {
    await sql.query(LOCK_ACCOUNT, [key]);
    return this.find(key, sql);
  }

  async put(sql: Sql, { bucket, id }: AuditedAccount, { requests, windowMs }: RateLimit): Promise<void> {
    await sql.query(PUT, [bucket, id, requests, windowMs]);
  }

  async remove(sql: Sql, { bucket, id }: AuditedAccount): Promise<void> {
    await sql.query(REMOVE, [bucket, id]);
  }
}

function fromRow({ id, bucket, requests, window_ms: windowMs }: Row): LimitedAccount {
  const limit = requests === null || windowMs === null ? null : { requests, windowMs };
  return { id: Number(id), bucket, limit };
}
