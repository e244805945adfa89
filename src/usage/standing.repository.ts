import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Meter } from '../core/meter';
import { ONE, parseQuantity, quantity, type Quantity } from '../core/quantity';
import type { Sql } from '../platform/transaction';

/** How a counter stands. */
export interface CounterStanding {
  readonly used: Quantity;
  /** Without what has expired, swept or not. */
  readonly reserved: Quantity;
}

interface Row {
  meter_id: number;
  sum: string;
  count: string;
  reserved: string;
}

/** One snapshot: what is held and what of it has lapsed agree with each other. */
const READ_COUNTERS_WITHOUT_LAPSED_HOLDS = `
  select c.meter_id, c.sum::text, c.count::text, (c.reserved - case when c.reserved = 0 then 0 else coalesce((
    select sum(h.quantity) from reservation r cross join json_to_recordset(r.holds) as h(meter_id int, quantity numeric)
    where r.bucket = c.bucket and r.account_id = c.account_id and r.state = 'open' and r.expires_at <= $5
      and r.segment_from = c.segment_from and h.meter_id = c.meter_id), 0) end)::text as reserved
  from usage_counter c
  where c.bucket = $1 and c.account_id = $2 and c.segment_from = $3 and c.meter_id = any($4::int[]) and c.dims = ''`;

const IS_KEY_TAKEN = `select from event_key where bucket = $1 and account_id = $2 and key = $3`;

/** Reads how counters stand, without a lock. */
@Injectable()
export class StandingRepository {
  /** By the id of the meter; what nobody has used is left out. */
  async read(
    sql: Sql,
    account: AccountRef,
    { meters, from, now }: { meters: readonly Meter[]; from: number; now: Date },
  ): Promise<Map<number, CounterStanding>> {
    const byId = new Map(meters.map((meter) => [meter.id, meter]));
    const values = [account.bucket, account.id, new Date(from), [...byId.keys()], now];
    const rows = await sql.query<Row>(READ_COUNTERS_WITHOUT_LAPSED_HOLDS, values);
    return new Map(
      rows.map(({ meter_id: id, sum, count, reserved }) => {
        const isDistinct = byId.get(id)!.aggregation === 'unique';
        const used = isDistinct ? quantity(BigInt(count) * ONE) : parseQuantity(sum);
        return [id, { used, reserved: parseQuantity(reserved) }];
      }),
    );
  }

  /** Whether an event of the account has this key. */
  async isTaken(sql: Sql, account: AccountRef, key: string): Promise<boolean> {
    return (await sql.query(IS_KEY_TAKEN, [account.bucket, account.id, key])).length > 0;
  }
}
