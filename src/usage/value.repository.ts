import { Injectable } from '@nestjs/common';
import type { Sum } from '../core/contribution';
import { plainArray, textArray } from '../platform/array-literal';
import type { Sql } from '../platform/transaction';

/** Over what stretch distinct values are kept: a counter's segment, a rollup window, a day. */
export const GRAIN = { segment: 0, window: 1, day: 2 } as const;
export type Grain = (typeof GRAIN)[keyof typeof GRAIN];

interface ValueRow {
  readonly sum: Sum;
  readonly value: string;
  readonly refs: number;
}

/**
 * Adds references to values and says by how much the number of distinct values changed, per row of the input.
 * A value whose references are used up is deleted by the statement after it.
 */
const ADD_VALUE_REFERENCES = `
  insert into usage_value as v (bucket, account_id, meter_id, grain, from_at, dims, value, refs)
  select s.bucket, s.account_id, s.meter_id, $8::smallint, timestamptz 'epoch' + s.from_ms * interval '1 millisecond',
    s.dims, s.value, s.refs
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::text[], $6::text[], $7::bigint[])
    as s(bucket, account_id, meter_id, from_ms, dims, value, refs)
  order by 1, 2, 3, 5, 6, 7
  on conflict (bucket, account_id, meter_id, grain, from_at, dims, value) do update set refs = v.refs + excluded.refs
  returning account_id, meter_id, (extract(epoch from from_at) * 1000)::bigint as from_ms, dims, value, refs`;

const FORGET_UNREFERENCED_VALUES = `
  delete from usage_value v
  using unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::text[]) as s(bucket, account_id, meter_id, from_ms, dims)
  where v.bucket = s.bucket and v.account_id = s.account_id and v.meter_id = s.meter_id and v.grain = $6::smallint
    and v.from_at = timestamptz 'epoch' + s.from_ms * interval '1 millisecond' and v.dims = s.dims and v.refs <= 0`;

const CLEAR_VALUES = `
  delete from usage_value
  where bucket = $1 and account_id = $2 and meter_id = $3 and grain = $4 and from_at = $5 and dims = $6`;

/** The values of unique meters. */
@Injectable()
export class ValueRepository {
  /** Adds the values of `sums`; answers how many values became known (or, negative, unknown) per sum, in their order. */
  async add(sql: Sql, grain: Grain, sums: readonly Sum[]): Promise<number[]> {
    const rows = sums.flatMap((sum) => [...sum.values!].map(([value, refs]) => ({ sum, value, refs })));
    if (rows.length === 0) return sums.map(() => 0);
    const stored = await sql.query<{
      account_id: string;
      meter_id: number;
      from_ms: string;
      dims: string;
      value: string;
      refs: string;
    }>(ADD_VALUE_REFERENCES, [
      ...keyArrays(rows),
      textArray(rows, (row) => row.value),
      plainArray(rows, (row) => row.refs),
      grain,
    ]);
    const now = new Map(
      stored.map((row) => [
        `${row.account_id} ${row.meter_id} ${row.from_ms} ${row.dims} ${row.value}`,
        BigInt(row.refs),
      ]),
    );
    const changes = sums.map((sum) => distinctChange(sum, now));
    if (rows.some((row) => row.refs < 0)) {
      await sql.query(FORGET_UNREFERENCED_VALUES, [...keyArrays(rows), grain]);
    }
    return changes;
  }

  /** Forgets all values of one row, before they are folded again from events. */
  async clear(sql: Sql, grain: Grain, sum: Sum): Promise<void> {
    const { bucket, accountId, meterId, from, dims } = sum;
    await sql.query(CLEAR_VALUES, [bucket, accountId, meterId, grain, new Date(from), dims]);
  }
}

function distinctChange(sum: Sum, refsNow: ReadonlyMap<string, bigint>): number {
  let change = 0;
  for (const [value, added] of sum.values!) {
    const now = refsNow.get(`${sum.accountId} ${sum.meterId} ${sum.from} ${sum.dims} ${value}`)!;
    const before = now - BigInt(added);
    if (before <= 0n && now > 0n) change++;
    if (before > 0n && now <= 0n) change--;
  }
  return change;
}

function keyArrays(rows: readonly ValueRow[]): string[] {
  return [
    plainArray(rows, (row) => row.sum.bucket),
    plainArray(rows, (row) => row.sum.accountId),
    plainArray(rows, (row) => row.sum.meterId),
    plainArray(rows, (row) => row.sum.from),
    textArray(rows, (row) => row.sum.dims),
  ];
}
