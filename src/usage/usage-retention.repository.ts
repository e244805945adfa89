import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../platform/transaction';

/** From when on there is something left; null = since ever. Milliseconds. */
export interface Horizon {
  readonly eventsFrom: number | null;
  readonly windowsFrom: number | null;
}

/** A partition by the recording of its events, or by the time in its ids. */
export interface Partition {
  readonly name: string;
  readonly from: Date;
  readonly to: Date;
}

const BOUNDS = `regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)$')`;

const LIST_EVENT_PARTITIONS = `
  select c.relname::text as name, b[1]::timestamptz as from_at, b[2]::timestamptz as to_at
  from pg_inherits i join pg_class c on c.oid = i.inhrelid cross join lateral ${BOUNDS} b
  where i.inhparent = 'usage_event'::regclass and b is not null order by 2`;

const INSTANT_OF = (bound: string): string =>
  `to_timestamp(('x' || replace(left(${bound}, 13), '-', ''))::bit(48)::bigint / 1000.0)`;

/** Months of time-ordered ids; the default partition and the one of other ids have no such bounds. */
const LIST_KEY_PARTITIONS = `
  select c.relname::text as name, ${INSTANT_OF('b[1]')} as from_at, ${INSTANT_OF('b[2]')} as to_at
  from pg_inherits i join pg_class c on c.oid = i.inhrelid cross join lateral ${BOUNDS} b
  where i.inhparent = 'event_key'::regclass and b is not null order by 2`;

const DROP_EVENT_PARTITION = 'select drop_event_partition($1) as dropped';

const DROP_KEY_PARTITION = 'select drop_key_partition($1, $2) as dropped';

const READ_HORIZON = `
  select (extract(epoch from events_before) * 1000)::bigint as events,
    (extract(epoch from windows_before) * 1000)::bigint as windows
  from retention_horizon`;

/** Windows that a rollup will fold anew out of their events; the fifth member of such a mark is where it begins. */
const READ_OLDEST_REFOLD = `
  select to_timestamp(min((m.mark ->> 4)::bigint) / 1000.0) as oldest
  from work_mark w cross join lateral json_array_elements(w.marks::json) m(mark) where w.marks is not null`;

/** What retention asks of events and their keys. */
@Injectable()
export class UsageRetentionRepository {
  constructor(private readonly database: Database) {}

  /** Ends of events in a row, oldest first. */
  eventPartitions(): Promise<Partition[]> {
    return this.#partitions(LIST_EVENT_PARTITIONS);
  }

  keyPartitions(): Promise<Partition[]> {
    return this.#partitions(LIST_KEY_PARTITIONS);
  }

  /** Each says whether there was something to drop; they refuse what is young. */
  async dropEvents(sql: Sql, partition: string): Promise<boolean> {
    return (await sql.query<{ dropped: boolean }>(DROP_EVENT_PARTITION, [partition]))[0]!.dropped;
  }

  async dropKeys(sql: Sql, partition: string, before: Date): Promise<boolean> {
    return (await sql.query<{ dropped: boolean }>(DROP_KEY_PARTITION, [partition, before]))[0]!.dropped;
  }

  async horizon(sql: Sql): Promise<Horizon> {
    const [row] = await sql.query<{ events: string | null; windows: string | null }>(READ_HORIZON);
    const { events, windows } = row!;
    return {
      eventsFrom: events === null ? null : Number(events),
      windowsFrom: windows === null ? null : Number(windows),
    };
  }

  async oldestRefold(sql: Sql): Promise<Date | null> {
    return (await sql.query<{ oldest: Date | null }>(READ_OLDEST_REFOLD))[0]!.oldest;
  }

  async #partitions(statement: string): Promise<Partition[]> {
    const rows = await this.database.query<{ name: string; from_at: Date; to_at: Date }>(statement);
    return rows.map(({ name, from_at: from, to_at: to }) => ({ name, from, to }));
  }
}
