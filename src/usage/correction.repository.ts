import { Injectable } from '@nestjs/common';
import type { Sum } from '../core/contribution';
import type { Properties } from '../core/event';
import { formatQuantity } from '../core/quantity';
import type { Sql } from '../platform/transaction';
import type { StoredKey } from './ingest.repository';

export interface StoredCorrection {
  readonly revision: number;
  readonly kind: 'void' | 'amend';
  readonly quantity: string | null;
  readonly properties: Properties | null;
}

export interface NewCorrection {
  readonly bucket: number;
  readonly accountId: number;
  readonly target: string;
  readonly revision: number;
  readonly key: string;
  readonly kind: 'void' | 'amend';
  readonly source: string;
  readonly eventId: string;
  readonly quantity: string | null;
  readonly properties: Properties | null;
  readonly reason: string;
}

/** A correction's own id is taken once, like that of an event. */
const INSERT_CORRECTION_KEY_ONCE = `
  insert into event_key (key, account_id, bucket, content, occurred_at) values ($1, $2, $3, $4, now())
  on conflict do nothing returning key`;

const LOCK_TARGET = `
  select key, account_id, content, occurred_at, recorded_at::text, revision from event_key
  where key = $1 and account_id = $2 and bucket = $3 for update`;

const READ_LATEST_CORRECTION = `
  select revision, kind, quantity, properties from event_correction
  where bucket = $1 and account_id = $2 and target = $3 order by revision desc limit 1`;

const INSERT_CORRECTION = `
  with raised as (update event_key set revision = $4 where key = $3 and account_id = $2 and bucket = $1)
  insert into event_correction (bucket, account_id, target, revision, key, kind, source, event_id, quantity, properties, reason)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;

const ADD_TO_COUNTER = `
  insert into usage_counter as c (bucket, account_id, meter_id, segment_from, segment_to, dims, sum, count)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (bucket, account_id, meter_id, segment_from, dims) do update
    set sum = c.sum + excluded.sum, count = c.count + excluded.count, revision = c.revision + 1`;

/** Held while the events are read again: whoever adds at the same moment merges into what is set here. */
const LOCK_COUNTERS = `
  select dims from usage_counter
  where bucket = $1 and account_id = $2 and meter_id = $3 and segment_from = $4 order by dims for no key update`;

const SET_COUNTER = `
  update usage_counter set sum = $6, count = $7, min = $8, max = $9, last_at = $10, last_key = $11, last_value = $12,
    revision = revision + 1
  where bucket = $1 and account_id = $2 and meter_id = $3 and segment_from = $4 and dims = $5`;

const INSERT_MARK = `insert into work_mark (bucket, marks) values ($1, $2)`;

/** SQL of voids and amends; every method runs inside the caller's transaction. */
@Injectable()
export class CorrectionRepository {
  async insertKey(
    sql: Sql,
    correction: Pick<NewCorrection, 'key' | 'accountId' | 'bucket'>,
    content: string,
  ): Promise<boolean> {
    const values = [correction.key, correction.accountId, correction.bucket, content];
    return (await sql.query(INSERT_CORRECTION_KEY_ONCE, values)).length > 0;
  }

  async lockTarget(
    sql: Sql,
    target: { key: string; accountId: number; bucket: number },
  ): Promise<StoredKey | undefined> {
    return (await sql.query<StoredKey>(LOCK_TARGET, [target.key, target.accountId, target.bucket]))[0];
  }

  async readLatest(
    sql: Sql,
    bucket: number,
    accountId: number,
    target: string,
  ): Promise<StoredCorrection | undefined> {
    return (await sql.query<StoredCorrection>(READ_LATEST_CORRECTION, [bucket, accountId, target]))[0];
  }

  async insert(sql: Sql, correction: NewCorrection): Promise<void> {
    await sql.query(INSERT_CORRECTION, [
      correction.bucket,
      correction.accountId,
      correction.target,
      correction.revision,
      correction.key,
      correction.kind,
      correction.source,
      correction.eventId,
      correction.quantity,
      correction.properties === null ? null : JSON.stringify(correction.properties),
      correction.reason,
    ]);
  }

  async addToCounter(sql: Sql, sum: Sum): Promise<void> {
    await sql.query(ADD_TO_COUNTER, [
      sum.bucket,
      sum.accountId,
      sum.meterId,
      new Date(sum.from),
      new Date(sum.to),
      sum.dims,
      formatQuantity(sum.state.sum),
      sum.state.count.toString(),
    ]);
  }

  /** The dimensions that have a counter in the segment; their rows stay locked until the transaction ends. */
  async lockCounters(
    sql: Sql,
    sum: Pick<Sum, 'bucket' | 'accountId' | 'meterId' | 'from'>,
  ): Promise<string[]> {
    const values = [sum.bucket, sum.accountId, sum.meterId, new Date(sum.from)];
    return (await sql.query<{ dims: string }>(LOCK_COUNTERS, values)).map((row) => row.dims);
  }

  async setCounter(sql: Sql, sum: Sum): Promise<void> {
    const { state } = sum;
    await sql.query(SET_COUNTER, [
      sum.bucket,
      sum.accountId,
      sum.meterId,
      new Date(sum.from),
      sum.dims,
      formatQuantity(state.sum),
      state.count.toString(),
      state.min === null ? null : formatQuantity(state.min),
      state.max === null ? null : formatQuantity(state.max),
      state.last === null ? null : new Date(state.last.at),
      state.last?.key ?? null,
      state.last === null ? null : formatQuantity(state.last.value),
    ]);
  }

  async insertMark(sql: Sql, bucket: number, marks: string): Promise<void> {
    await sql.query(INSERT_MARK, [bucket, marks]);
  }
}
