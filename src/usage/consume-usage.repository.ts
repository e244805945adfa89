import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Stretch } from '../core/contribution';
import { parseQuantity, ZERO, type Quantity } from '../core/quantity';
import { Database } from '../platform/transaction';

const READ_USED = `
  select sum(sum)::text as used from usage_counter
  where bucket = $1 and account_id = $2 and meter_id = $3 and dims = $4 and segment_from >= $5 and segment_from < $6`;

const KEEP_ANSWER = `
  update event_key set answer = $4 where key = $1 and account_id = $2 and bucket = $3 and answer is null`;

const READ_ANSWER = 'select answer from event_key where key = $1 and account_id = $2 and bucket = $3';

/** Counters as a caller is told them, and what he was told. */
@Injectable()
export class ConsumeUsageRepository {
  constructor(private readonly database: Database) {}

  async used(
    { bucket, id }: AccountRef,
    { meterId, dims, from, to }: Stretch & { readonly meterId: number; readonly dims: string },
  ): Promise<Quantity> {
    const values = [bucket, id, meterId, dims, new Date(from), new Date(to)];
    const [row] = await this.database.query<{ used: string | null }>(READ_USED, values);
    return row?.used ? parseQuantity(row.used) : ZERO;
  }

  async keepAnswer({ bucket, id }: AccountRef, key: string, answer: unknown): Promise<void> {
    await this.database.query(KEEP_ANSWER, [key, id, bucket, JSON.stringify(answer)]);
  }

  async answer({ bucket, id }: AccountRef, key: string): Promise<unknown> {
    return (await this.database.query<{ answer: unknown }>(READ_ANSWER, [key, id, bucket]))[0]?.answer;
  }
}
