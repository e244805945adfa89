import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../transaction';
import type { ApiKey } from './api-key.entity';
import type { Principal } from './principal';

/** What a list shows: everything but the hash. */
export type ListedApiKey = Omit<ApiKey, 'hash'>;
export type NewApiKey = Omit<ApiKey, 'revoked_at' | 'last_used_at' | 'created_at'>;

const LISTED =
  'id, prefix, name, role, scopes, accounts, expires_at, revoked_at, last_used_at, created_at, created_by';

/** Served by the unique index on prefix; named, because it is the one statement behind every cache miss. */
const FIND_BY_PREFIX = {
  name: 'api-key-by-prefix',
  text: 'select * from api_key where prefix = any($1::text[])',
};

const INSERT_KEY = `
  insert into api_key (id, prefix, hash, name, role, scopes, accounts, expires_at, created_by)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  returning ${LISTED}`;

/** A key is within reach of a caller when each of its accounts is: `$n` are the caller's patterns, null for all. */
const WITHIN_REACH = (parameter: string): string => `(${parameter}::text[] is null or not exists (
  select from unnest(accounts) account
  where account <> all (${parameter}) and split_part(account, ':', 1) || ':*' <> all (${parameter})))`;

/** Newest first by id (a UUIDv7, so by time), from where the last page ended. */
const LIST_KEYS = `
  select ${LISTED} from api_key
  where ($2::uuid is null or id < $2) and ${WITHIN_REACH('$3')}
  order by id desc limit $1`;

const FIND_WITHIN_REACH = `select ${LISTED} from api_key where id = $1 and ${WITHIN_REACH('$2')}`;

/** The first revocation counts; repeating it changes nothing and answers nothing. */
const REVOKE_ONCE = `
  update api_key set revoked_at = now() where id = $1 and revoked_at is null returning ${LISTED}`;

const TOUCH_AT_MOST_ONCE_A_MINUTE = `
  update api_key set last_used_at = now()
  where id = any($1::uuid[]) and (last_used_at is null or last_used_at < now() - interval '1 minute')`;

/** The rows of `api_key`. */
@Injectable()
export class ApiKeyRepository {
  constructor(private readonly database: Database) {}

  /** The keys of these prefixes, in no order; unknown prefixes are missing. */
  findByPrefix(prefixes: string[]): Promise<ApiKey[]> {
    return this.database.query<ApiKey>(FIND_BY_PREFIX, [prefixes]);
  }

  async insert(key: NewApiKey, sql: Sql = this.database): Promise<ListedApiKey> {
    const { id, prefix, hash, name, role, scopes, accounts, expires_at, created_by } = key;
    const values = [id, prefix, hash, name, role, scopes, accounts, expires_at, created_by];
    return (await sql.query<ListedApiKey>(INSERT_KEY, values))[0]!;
  }

  /** One page, newest first, of the keys whose accounts the caller may act for. */
  list(limit: number, before: string | null, reach: Principal['accounts']): Promise<ListedApiKey[]> {
    return this.database.query<ListedApiKey>(LIST_KEYS, [limit, before, patternsOf(reach)]);
  }

  async find(id: string, reach: Principal['accounts']): Promise<ListedApiKey | null> {
    return (await this.database.query<ListedApiKey>(FIND_WITHIN_REACH, [id, patternsOf(reach)]))[0] ?? null;
  }

  /** The key as it is now; null when it was revoked before. */
  async revoke(id: string, sql: Sql = this.database): Promise<ListedApiKey | null> {
    return (await sql.query<ListedApiKey>(REVOKE_ONCE, [id]))[0] ?? null;
  }

  /** Remembers that the keys were used about now. */
  async touch(ids: readonly string[]): Promise<void> {
    await this.database.query(TOUCH_AT_MOST_ONCE_A_MINUTE, [ids]);
  }
}

function patternsOf(reach: Principal['accounts']): string[] | null {
  return reach === '*' ? null : [...reach];
}
