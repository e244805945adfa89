import { Injectable } from '@nestjs/common';
import { plainArray, textArray } from '../platform/array-literal';
import { Database, type Sql } from '../platform/transaction';

/** One resource of one meter of an account of a bucket. */
export interface MarkedResource {
  readonly accountId: number;
  readonly meterId: number;
  readonly resource: string;
}

/** Appended, never upserted: a mark that is being taken must not swallow one that is being made (decision A4). */
const APPEND_SPAN_MARKS = `
  insert into span_mark (bucket, account_id, meter_id, resource)
  select distinct * from unnest($1::smallint[], $2::bigint[], $3::int[], $4::text[]) order by 1, 2, 3, 4`;

const FIND_MARKED_BUCKETS = `
  select b.bucket from generate_series(0, 63) as b(bucket)
  where exists (select from span_mark m where m.bucket = b.bucket) order by b.bucket`;

/** The next resources after a position, in the order of the key: a run passes every mark once. */
const FIND_MARKED_RESOURCES = `
  select distinct account_id, meter_id, resource from span_mark
  where bucket = $1 and (account_id, meter_id, resource) > ($2, $3, $4)
  order by account_id, meter_id, resource limit $5`;

/** Only marks that are seen: one under way is left for the next run, which then sees its levels. */
const TAKE_MARKS = `
  delete from span_mark m using unnest($2::bigint[], $3::int[], $4::text[]) as r(account_id, meter_id, resource)
  where m.bucket = $1 and m.account_id = r.account_id and m.meter_id = r.meter_id and m.resource = r.resource`;

/** Spans that ended within a stretch are marked again, account by account, as nobody lists them by time alone. */
const MARK_ENDED_SPANS = `
  insert into span_mark (bucket, account_id, meter_id, resource)
  select s.bucket, s.account_id, s.meter_id, s.resource
  from account a
  join span s on s.account_id = a.id and s.ended_at >= $1 and s.ended_at < $2 and not s.is_void
  group by 1, 2, 3, 4 order by 1, 2, 3, 4`;

/** What still runs of accounts. */
const MARK_OPEN_SPANS = `
  insert into span_mark (bucket, account_id, meter_id, resource)
  select bucket, account_id, meter_id, resource from span
  where bucket = $1 and account_id = any($2::bigint[]) and ended_at is null and not is_void
  order by 1, 2, 3, 4`;

/** Whoever watches wants to know that it is too many, not how many too many. */
const COUNT_MARKS = 'select count(*)::int as marks from (select from span_mark limit 100000) m';

/** The rows of `span_mark`: which resources have to be folded again. */
@Injectable()
export class SpanMarkRepository {
  constructor(private readonly database: Database) {}

  /** In the transaction that changes their levels. */
  async append(sql: Sql, resources: readonly (MarkedResource & { bucket: number })[]): Promise<void> {
    if (resources.length === 0) return;
    await sql.query(APPEND_SPAN_MARKS, [
      plainArray(resources, ({ bucket }) => bucket),
      ...resourceArrays(resources),
    ]);
  }

  /** Marks all that runs of accounts of a bucket. */
  async appendOpen(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<void> {
    if (accountIds.length > 0) await sql.query(MARK_OPEN_SPANS, [bucket, accountIds]);
  }

  async markedBuckets(): Promise<number[]> {
    const rows = await this.database.query<{ bucket: number }>(FIND_MARKED_BUCKETS);
    return rows.map(({ bucket }) => bucket);
  }

  async markedAfter(bucket: number, after: MarkedResource | null, limit: number): Promise<MarkedResource[]> {
    const { accountId, meterId, resource } = after ?? BEFORE_ALL;
    const values = [bucket, accountId, meterId, resource, limit];
    const rows = await this.database.query<ResourceRow>(FIND_MARKED_RESOURCES, values);
    return rows.map((row) => ({
      accountId: Number(row.account_id),
      meterId: row.meter_id,
      resource: row.resource,
    }));
  }

  async take(sql: Sql, bucket: number, resources: readonly MarkedResource[]): Promise<void> {
    await sql.query(TAKE_MARKS, [bucket, ...resourceArrays(resources)]);
  }

  /** How many marks wait, up to a hundred thousand. */
  async count(): Promise<number> {
    return (await this.database.query<{ marks: number }>(COUNT_MARKS))[0]!.marks;
  }

  /** Marks what ended in `[from, to)`, to have it folded and priced again. */
  async markEnded(from: Date, to: Date): Promise<void> {
    await this.database.query(MARK_ENDED_SPANS, [from, to]);
  }
}

const BEFORE_ALL: MarkedResource = { accountId: 0, meterId: 0, resource: '' };

interface ResourceRow {
  account_id: string;
  meter_id: number;
  resource: string;
}

/** Account, meter and resource of each, as the three arrays of a statement. */
export function resourceArrays(resources: readonly MarkedResource[]): string[] {
  return [
    plainArray(resources, ({ accountId }) => accountId),
    plainArray(resources, ({ meterId }) => meterId),
    textArray(resources, ({ resource }) => resource),
  ];
}
