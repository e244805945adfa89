import { Client } from 'pg';

/** The original's database cannot be read: it does not answer, or has no events. */
export class UnreadableSource extends Error {}

/** A row with every column it has as text; a column that its generation of the schema lacks is undefined. */
export type TextRow = Readonly<Record<string, string | null | undefined>>;

/** One month of one metric as the original added it up. */
export interface HourlySum {
  /** `2026-04`. */
  readonly month: string;
  readonly metric: string;
  /** In units of the metric, a decimal. */
  readonly sum: string;
  /** Rows that were added up, each of them rounded to six places. */
  readonly hours: number;
}

/** What belongs to one project and is no event. */
export type Table = 'subscriptions' | 'credits' | 'budgets' | 'billing_records';

const ALL = ['usage_events', 'hourly_usage', 'subscriptions', 'credits', 'budgets', 'billing_records'];
const PAGE = 2_000;

/** One state of the whole database, however long the import takes, and nothing that could be written by mistake. */
const BEGIN = 'begin isolation level repeatable read read only';
const SETTINGS = `
  select set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true)`;

const TABLES = 'select name from unnest($1::text[]) as name where to_regclass(name) is not null';

const NOW = `
  select (extract(epoch from now()) * 1000)::bigint as now,
    (extract(epoch from date_trunc('hour', now())) * 1000)::bigint as hour`;

/** What the planner believes, which is all that a progress bar needs. */
const ROUGH_COUNT = `
  select greatest(reltuples, 0)::bigint as events from pg_class where oid = to_regclass('usage_events')`;

const PROJECTS_OF = (tables: readonly string[]): string =>
  `${tables.map((table) => `select project_id::text from ${table}`).join(' union ')} order by 1`;

/**
 * Whole rows as JSON, so that columns that came with a later generation may be missing. In the order in which changes of a
 * level take effect here: by millisecond, then by id (core/span.ts).
 */
const EVENTS = `
  select to_jsonb(e)::text as row from usage_events e
  where e.project_id = $1 and ($2::timestamptz is null or e.created_at >= $2)
  order by date_trunc('milliseconds', e."timestamp"),
    coalesce(nullif(to_jsonb(e) ->> 'idempotency_key', ''), e.id::text) collate "C"`;

const ROWS_OF = (table: Table): string => `
  select (select jsonb_object_agg(key, value) from jsonb_each_text(to_jsonb(t)))::text as row
  from ${table} t order by t.created_at, t.id`;

const BILLING_RECORDS_OF_PROJECT = `
  select (select jsonb_object_agg(key, value) from jsonb_each_text(to_jsonb(t)))::text as row
  from billing_records t where t.project_id = $1 order by t.period_start, t.id`;

const HOURLY_SUMS = `
  select to_char(hour, 'YYYY-MM') as month, metric_type as metric, sum(value)::text as sum, count(*)::int as hours
  from hourly_usage where project_id = $1 and hour < to_timestamp($2::double precision / 1000)
  group by 1, 2 order by 1, 2`;

/**
 * The tables of the original Waybill, of any of its generations, read in one read-only transaction: pages of a cursor, so
 * that memory does not grow with them.
 */
export class WaybillSource {
  private constructor(
    private readonly client: Client,
    private readonly tables: ReadonlySet<string>,
    /** The original's clock when the transaction began, in milliseconds since 1970. */
    readonly now: number,
    /** The hour that was running then: what the original adds up ends here. */
    readonly hour: number,
  ) {}

  /** Throws UnreadableSource. */
  static async open(url: string): Promise<WaybillSource> {
    const client = new Client({ connectionString: url, application_name: 'tallyhouse import' });
    // A connection that breaks fails the query that waits for it; this only keeps it from ending the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(BEGIN);
      await client.query(SETTINGS);
      const { rows } = await client.query<{ name: string }>(TABLES, [ALL]);
      const tables = new Set(rows.map(({ name }) => name));
      if (!tables.has('usage_events')) throw new UnreadableSource('there is no table usage_events');
      const [at] = (await client.query<{ now: string; hour: string }>(NOW)).rows;
      return new WaybillSource(client, tables, parseInt(at!.now, 10), parseInt(at!.hour, 10));
    } catch (error) {
      await client.end().catch(() => undefined);
      if (error instanceof UnreadableSource) throw error;
      throw new UnreadableSource(error instanceof Error ? error.message || error.name : String(error));
    }
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  /** Roughly how many events there are; zero when nobody counted. */
  async roughCount(): Promise<number> {
    const { rows } = await this.client.query<{ events: string }>(ROUGH_COUNT);
    return parseInt(rows[0]?.events ?? '0', 10);
  }

  /** Every project that anything is known of, by its uuid. */
  async *projects(): AsyncGenerator<string> {
    const tables = ['usage_events', 'hourly_usage', 'billing_records'].filter((name) =>
      this.tables.has(name),
    );
    const pages = this.#pages<{ project_id: string }>('waybill_projects', PROJECTS_OF(tables));
    for await (const rows of pages) for (const { project_id } of rows) yield project_id;
  }

  /** The events of a project in pages, as the JSON of their rows; with `since`, those that were stored from then on. */
  async *events(project: string, since: Date | null): AsyncGenerator<readonly string[]> {
    const pages = this.#pages<{ row: string }>('waybill_events', EVENTS, [project, since]);
    for await (const rows of pages) yield rows.map(({ row }) => row);
  }

  /** What the original added up for a project in hours that are over. */
  async hourlySums(project: string): Promise<readonly HourlySum[]> {
    if (!this.tables.has('hourly_usage')) return [];
    return (await this.client.query<HourlySum>(HOURLY_SUMS, [project, this.hour])).rows;
  }

  async billingRecords(project: string): Promise<readonly TextRow[]> {
    if (!this.tables.has('billing_records')) return [];
    const { rows } = await this.client.query<{ row: string }>(BILLING_RECORDS_OF_PROJECT, [project]);
    return rows.map(({ row }) => JSON.parse(row) as TextRow);
  }

  /** The rows of a table, the oldest first; none of a table that this generation lacks. */
  async *rows(table: Table): AsyncGenerator<TextRow> {
    if (!this.tables.has(table)) return;
    for await (const rows of this.#pages<{ row: string }>('waybill_rows', ROWS_OF(table))) {
      for (const { row } of rows) yield JSON.parse(row) as TextRow;
    }
  }

  async *#pages<Row extends object>(
    name: string,
    sql: string,
    values: readonly unknown[] = [],
  ): AsyncGenerator<readonly Row[]> {
    await this.client.query(`declare ${name} no scroll cursor for ${sql}`, [...values]);
    try {
      for (;;) {
        const { rows } = await this.client.query<Row>(`fetch ${PAGE} from ${name}`);
        if (rows.length > 0) yield rows;
        if (rows.length < PAGE) break;
      }
    } finally {
      // A transaction that failed has no cursors to close.
      await this.client.query(`close ${name}`).catch(() => undefined);
    }
  }
}
