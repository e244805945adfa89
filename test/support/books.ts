import { withClient } from './postgres';

/** Everything derived from events, as plain rows that two databases can be compared by. */
export interface Books {
  readonly events: number;
  readonly keys: number;
  readonly counters: Record<string, string>;
  readonly windows: Record<string, string>;
  readonly days: Record<string, string>;
  readonly gauges: Record<string, string>;
}

const COUNTERS = `
  select a.key || ' ' || m.key || ' ' || c.segment_from || ' ' || c.dims as name,
    concat_ws(' ', trim_scale(c.sum), c.count, trim_scale(c.min), trim_scale(c.max), c.last_at, trim_scale(c.last_value),
      trim_scale(c.delta)) as value
  from usage_counter c join account a on a.id = c.account_id join meter m on m.id = c.meter_id
  where (c.sum, c.count, c.delta) is distinct from (0, 0, 0)`;

const ROLLUPS = (table: string): string => `
  select a.key || ' ' || m.key || ' ' || w.from_at || ' ' || w.dims as name,
    concat_ws(' ', w.to_at, trim_scale(w.sum), w.count, trim_scale(w.min), trim_scale(w.max), trim_scale(w.last_value)) as value
  from ${table} w join account a on a.id = w.account_id join meter m on m.id = w.meter_id`;

const GAUGES = `
  select a.key || ' ' || m.key || ' ' || g.from_at || ' ' || g.dims as name,
    concat_ws(' ', g.to_at, trim_scale(g.delta), trim_scale(g.moment), trim_scale(g.highest)) as value
  from gauge_window g join account a on a.id = g.account_id join meter m on m.id = g.meter_id
  where (g.delta, g.moment, g.highest) is distinct from (0, 0, 0)`;

/**
 * Reads the books of a database, leaving out rows of zeros: they mean what no row means, and whether one was ever
 * touched depends on the order of arrival. Call it when no rollup work is left.
 */
export async function readBooks(url: string): Promise<Books> {
  return withClient(url, async (client) => {
    const read = async (sql: string): Promise<Record<string, string>> => {
      const { rows } = await client.query<{ name: string; value: string }>(sql);
      return Object.fromEntries(rows.map(({ name, value }) => [name, value]).sort());
    };
    const count = async (table: string): Promise<number> => {
      const { rows } = await client.query<{ n: string }>(`select count(*) as n from ${table}`);
      return Number(rows[0]!.n);
    };
    return {
      events: await count('usage_event'),
      keys: await count('event_key'),
      counters: await read(COUNTERS),
      windows: await read(ROLLUPS('usage_window')),
      days: await read(ROLLUPS('usage_day')),
      gauges: await read(GAUGES),
    };
  });
}
