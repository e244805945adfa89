import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Stretch } from '../core/contribution';
import { parseQuantity, type Quantity } from '../core/quantity';
import { Database } from '../platform/transaction';

/** What was used of a meter in a period, of all of it (`dims` is empty) or of one value of its dimensions. */
export interface CountedUsage {
  readonly meterId: number;
  readonly dims: string;
  readonly used: Quantity;
}

/** One look into the primary key per meter; a counter whose events were all voided was not used. */
const READ_COUNTED = `
  select meter_id, dims, sum(sum)::text as used from usage_counter
  where bucket = $1 and account_id = $2 and meter_id = any ($3::int[]) and segment_from >= $4 and segment_from < $5
  group by meter_id, dims having sum(count) > 0 order by meter_id, dims`;

/** What an account used, meter by meter. */
@Injectable()
export class FeatureUsageRepository {
  constructor(private readonly database: Database) {}

  async counted(
    { bucket, id }: AccountRef,
    meterIds: readonly number[],
    { from, to }: Stretch,
  ): Promise<CountedUsage[]> {
    const values = [bucket, id, meterIds, new Date(from), new Date(to)];
    const rows = await this.database.query<{ meter_id: number; dims: string; used: string }>(
      READ_COUNTED,
      values,
    );
    return rows.map((row) => ({ meterId: row.meter_id, dims: row.dims, used: parseQuantity(row.used) }));
  }
}
