import { Injectable } from '@nestjs/common';
import { formatQuantity, parseQuantity } from '../core/quantity';
import { plainArray } from '../platform/array-literal';
import { INSTANT_OF, MS_OF } from '../platform/sql-instant';
import { Database } from '../platform/transaction';
import type { CounterCopy, CounterName } from './counter-copy';

/** Only what a limit can hold for has one number that says how much was used. */
const TOTALS = `
  c.bucket, c.account_id, c.meter_id, ${MS_OF('c.segment_from')} as from_ms, ${MS_OF('c.segment_to')} as to_ms,
  case when m.aggregation = 'unique' then c.count::numeric else c.sum end as used, c.reserved, c.revision`;

const HAS_A_TOTAL = `m.aggregation in ('sum', 'count', 'unique')`;

const READ_TOTALS = `
  select ${TOTALS}
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[]) as s(bucket, account_id, meter_id, from_ms)
  cross join lateral (
    select * from usage_counter c
    where c.bucket = s.bucket and c.account_id = s.account_id and c.meter_id = s.meter_id
      and c.segment_from = ${INSTANT_OF('s.from_ms')} and c.dims = ''
    offset 0) c
  join meter m on m.id = c.meter_id and ${HAS_A_TOTAL}`;

const LIST_RUNNING_TOTALS = `
  select ${TOTALS}
  from usage_counter c join meter m on m.id = c.meter_id and ${HAS_A_TOTAL}
  where c.dims = '' and c.segment_to > $1
    and (c.bucket, c.account_id, c.meter_id, c.segment_from) > ($2::smallint, $3::bigint, $4::int, ${INSTANT_OF('$5::bigint')})
  order by c.bucket, c.account_id, c.meter_id, c.segment_from
  limit $6`;

interface Row {
  bucket: number;
  account_id: string;
  meter_id: number;
  from_ms: string;
  to_ms: string;
  used: string;
  reserved: string;
  revision: string;
}

/** Reads counters to be copied, each with the revision that its numbers belong to. */
@Injectable()
export class CounterMirrorRepository {
  constructor(private readonly database: Database) {}

  async read(names: readonly CounterName[]): Promise<CounterCopy[]> {
    const rows = await this.database.query<Row>(READ_TOTALS, [
      plainArray(names, ({ bucket }) => bucket),
      plainArray(names, ({ accountId }) => accountId),
      plainArray(names, ({ meterId }) => meterId),
      plainArray(names, ({ from }) => from),
    ]);
    return rows.map(fromRow);
  }

  /** Counters of periods that end after `now`, behind `last` in the order of their names; at most `most`. */
  async running(now: Date, last: CounterName, most: number): Promise<CounterCopy[]> {
    const { bucket, accountId, meterId, from } = last;
    const rows = await this.database.query<Row>(LIST_RUNNING_TOTALS, [
      ...[now, bucket, accountId, meterId, from, most],
    ]);
    return rows.map(fromRow);
  }
}

function fromRow(row: Row): CounterCopy {
  return {
    bucket: row.bucket,
    accountId: Number(row.account_id),
    meterId: row.meter_id,
    from: Number(row.from_ms),
    to: Number(row.to_ms),
    used: formatQuantity(parseQuantity(row.used)),
    reserved: formatQuantity(parseQuantity(row.reserved)),
    revision: row.revision,
  };
}
