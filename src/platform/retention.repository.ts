import { Injectable } from '@nestjs/common';
import { Database } from './transaction';

/** Tables without partitions by age that are trimmed row by row; `trim_old_rows` knows what is old in each. */
export type TrimmedTable =
  | 'event_key_default'
  | 'event_key_opaque'
  | 'usage_window'
  | 'usage_day'
  | 'usage_value'
  | 'outbox'
  | 'webhook_delivery';

/** The same conditions as in `trim_old_rows`, which decides. */
const OLD: Readonly<Record<TrimmedTable, string>> = {
  event_key_default: 'recorded_at < $1::timestamptz',
  event_key_opaque: 'recorded_at < $1::timestamptz',
  usage_window: 'to_at <= $1::timestamptz',
  usage_day: 'to_at <= $1::timestamptz',
  usage_value: `grain = 1 and from_at <= $1::timestamptz - interval '1 hour' or grain = 2 and from_at <= $1::timestamptz - interval '1 day'`,
  outbox: `state = 'done' and finished_at < $1::timestamptz`,
  webhook_delivery: 'at < $1::timestamptz',
};

const COUNT_OLD = (table: TrimmedTable): string =>
  `select count(*)::int as rows from ${table} where ${OLD[table]}`;

const READ_PAGES = `
  select (pg_relation_size($1::regclass) / current_setting('block_size')::int)::int as pages`;

const TRIM_PAGES = 'select trim_old_rows($1, $2, $3, $4)::int as rows';

/** What a batch holds at most, some ten thousand rows: as long as other writers may wait for one of them. */
const PAGES = 500;

/** Old rows of tables that are trimmed. */
@Injectable()
export class RetentionRepository {
  constructor(private readonly database: Database) {}

  async countOld(table: TrimmedTable, before: Date): Promise<number> {
    return (await this.database.query<{ rows: number }>(COUNT_OLD(table), [before]))[0]!.rows;
  }

  /** Deletes what is old, some pages in a transaction, and answers how many rows that were. Reads the table once. */
  async trim(table: TrimmedTable, before: Date): Promise<number> {
    const [{ pages } = { pages: 0 }] = await this.database.query<{ pages: number }>(READ_PAGES, [table]);
    let trimmed = 0;
    for (let page = 0; page < pages; page += PAGES) {
      const values = [table, before, page, PAGES];
      trimmed += (await this.database.query<{ rows: number }>(TRIM_PAGES, values))[0]!.rows;
    }
    return trimmed;
  }
}
