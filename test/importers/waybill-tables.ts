import type { Client } from 'pg';
import { createEmptyDatabase, type TestDatabase, withClient } from '../support/postgres';

/** W1 has no budgets and no keys, W2 brings budgets, W3 keys. */
export type Generation = 'W1' | 'W2' | 'W3';

const W1 = `
  create table projects (id uuid primary key, name text not null);
  create table teams (id uuid primary key, name text not null);
  create table usage_events (
    id uuid primary key default gen_random_uuid(), project_id uuid not null references projects on delete cascade,
    team_id uuid references teams on delete set null, event_type varchar(100) not null,
    resource_type varchar(50) not null, resource_id uuid not null, resource_name varchar(255),
    metrics jsonb not null default '{}', metadata jsonb default '{}', "timestamp" timestamptz not null,
    processed_at timestamptz, created_at timestamptz not null default now());
  create index on usage_events (project_id);
  create table hourly_usage (
    id uuid primary key default gen_random_uuid(), project_id uuid not null references projects on delete cascade,
    metric_type varchar(50) not null, value numeric(20,6) not null default 0, hour timestamptz not null,
    created_at timestamptz not null default now(), unique (project_id, metric_type, hour));
  create table pricing_plans (id varchar(50) primary key, name varchar(100) not null);
  create table subscriptions (
    id uuid primary key default gen_random_uuid(), project_id uuid not null unique references projects on delete cascade,
    team_id uuid references teams on delete set null, plan_id varchar(50) not null references pricing_plans,
    stripe_customer_id varchar(255), stripe_subscription_id varchar(255), status varchar(50) not null default 'active',
    current_period_start timestamptz, current_period_end timestamptz, cancel_at timestamptz, cancelled_at timestamptz,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now());
  create table billing_records (
    id uuid primary key default gen_random_uuid(), project_id uuid not null references projects on delete cascade,
    subscription_id uuid references subscriptions on delete set null, period_start date not null, period_end date not null,
    plan_id varchar(50), plan_amount numeric(10,2) not null default 0, compute_gb_hours numeric(20,6) not null default 0,
    build_minutes numeric(20,6) not null default 0, storage_gb_hours numeric(20,6) not null default 0,
    bandwidth_gb numeric(20,6) not null default 0, custom_domains int not null default 0,
    compute_cost numeric(10,2) not null default 0, build_cost numeric(10,2) not null default 0,
    storage_cost numeric(10,2) not null default 0, bandwidth_cost numeric(10,2) not null default 0,
    subtotal numeric(10,2) not null default 0, credits_applied numeric(10,2) not null default 0,
    total_amount numeric(10,2) not null default 0, currency varchar(3) not null default 'USD',
    stripe_invoice_id varchar(255), status varchar(50) not null default 'draft', paid_at timestamptz,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
    unique (project_id, period_start, period_end));
  create table credits (
    id uuid primary key default gen_random_uuid(), project_id uuid not null references projects on delete cascade,
    amount numeric(10,2) not null, description text, expires_at timestamptz,
    used_amount numeric(10,2) not null default 0, created_at timestamptz not null default now());
  insert into pricing_plans values ('hobby', 'Hobby'), ('pro', 'Pro'), ('team', 'Team'), ('gold', 'Gold');`;

const W2 = `
  create table budgets (
    id uuid primary key default gen_random_uuid(), project_id uuid not null references projects on delete cascade,
    amount_cents bigint not null check (amount_cents > 0), currency varchar(3) not null default 'USD',
    period varchar(16) not null, alert_thresholds int[] not null default '{50,80,100}',
    hard_throttle boolean not null default true, created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(), unique (project_id, period));`;

const W3 = `
  alter table usage_events add column idempotency_key text;
  create unique index on usage_events (idempotency_key) where idempotency_key is not null;`;

/** An event as a test words it; what is left out gets a default. */
export interface StoredEvent {
  readonly at: string;
  readonly type: string;
  readonly metrics?: unknown;
  readonly resource?: string;
  readonly id?: string;
  readonly key?: string;
  readonly metadata?: unknown;
  readonly storedAt?: string;
}

export const RESOURCE = '7c9e6679-7425-40de-944b-e07fc1f90ae7';

/** The database of an original Waybill, made as its generation has it. */
export class WaybillTables {
  #projects = 0;

  private constructor(
    private readonly database: TestDatabase,
    readonly generation: Generation,
    private readonly first: string,
  ) {}

  /** `first` are the first eight digits of its projects, so that several can move into one service. */
  static async make(generation: Generation, first = '0f8fad5b'): Promise<WaybillTables> {
    const tables = new WaybillTables(await createEmptyDatabase(), generation, first);
    await tables.query(W1);
    if (generation !== 'W1') await tables.query(W2);
    if (generation === 'W3') await tables.query(W3);
    return tables;
  }

  get url(): string {
    return this.database.url;
  }

  async project(): Promise<string> {
    const id = `${this.first}-d9cb-469f-a165-${String(++this.#projects).padStart(12, '0')}`;
    await this.query('insert into projects values ($1, $2)', [id, `project ${this.#projects}`]);
    return id;
  }

  async events(project: string, events: readonly StoredEvent[]): Promise<void> {
    await withClient(this.url, async (client) => {
      for (const event of events) await this.#insert(client, project, event);
    });
  }

  async #insert(client: Client, project: string, event: StoredEvent): Promise<void> {
    const { at, type, metrics = {}, resource = RESOURCE, id, key, metadata = null, storedAt = at } = event;
    const hasKeys = this.generation === 'W3';
    await client.query(
      `insert into usage_events (id, project_id, event_type, resource_type, resource_id, resource_name, metrics, metadata,
         "timestamp", created_at${hasKeys ? ', idempotency_key' : ''})
       values (coalesce($1, gen_random_uuid()), $2, $3, 'thing', $4, 'web', $5, $6, $7, $8${hasKeys ? ', $9' : ''})`,
      [
        ...[id ?? null, project, type, resource, JSON.stringify(metrics), JSON.stringify(metadata), at],
        ...[storedAt === 'infinity' ? 'now' : storedAt, ...(hasKeys ? [key ?? null] : [])],
      ],
    );
  }

  /** One hour of one metric as the aggregator left it. */
  async hour(project: string, metric: string, at: string, value: string): Promise<void> {
    const sql = 'insert into hourly_usage (project_id, metric_type, hour, value) values ($1, $2, $3, $4)';
    await this.query(sql, [project, metric, at, value]);
  }

  /** A row of any table; columns by name. */
  async row(table: string, columns: Readonly<Record<string, unknown>>): Promise<void> {
    const names = Object.keys(columns);
    const places = names.map((_, i) => `$${i + 1}`).join(', ');
    await this.query(`insert into ${table} (${names.join(', ')}) values (${places})`, Object.values(columns));
  }

  async query(sql: string, values: readonly unknown[] = []): Promise<void> {
    await withClient(this.url, (client) => client.query(sql, values.length > 0 ? [...values] : undefined));
  }

  drop(): Promise<void> {
    return this.database.drop();
  }
}

const R2_2GB = { replicas: 2, cpu_millicores: 1000, memory_mb: 2048 };

/** The projects of a small Waybill, by the vectors of the fact file that they are made of. */
export interface SmallWaybill {
  readonly w12: string;
  readonly w20: string;
  readonly w22: string;
  readonly w61: string;
  readonly w62: string;
}

/** Four gigabytes for half an hour (W-12), through hours without an event (W-20), a month (W-22), and two bills. */
export async function fillSmall(tables: WaybillTables): Promise<SmallWaybill> {
  const w12 = await tables.project();
  await tables.events(w12, [
    { at: '2026-04-15T10:10:00Z', type: 'deployment.started', metrics: R2_2GB },
    { at: '2026-04-15T10:40:00Z', type: 'deployment.stopped' },
  ]);
  await tables.hour(w12, 'compute_gb_hours', '2026-04-15T10:00:00Z', '2.000000');
  const w20 = await tables.project();
  await tables.events(w20, [
    { at: '2026-04-15T10:10:00Z', type: 'deployment.started', metrics: R2_2GB },
    { at: '2026-04-15T12:40:00Z', type: 'deployment.stopped' },
  ]);
  await tables.hour(w20, 'compute_gb_hours', '2026-04-15T10:00:00Z', '3.333333');
  const w22 = await tables.project();
  await tables.events(w22, [
    {
      ...{ at: '2026-01-01T00:00:00Z', type: 'deployment.started' },
      metrics: { replicas: 1, cpu_millicores: 250, memory_mb: 512 },
    },
    { at: '2026-02-01T00:00:00Z', type: 'deployment.stopped' },
  ]);
  await tables.hour(w22, 'compute_gb_hours', '2026-01-01T00:00:00Z', '0.500000');
  await tables.row('billing_records', {
    ...{ project_id: w22, period_start: '2026-01-01', period_end: '2026-01-31' },
  });
  return { w12, w20, w22, w61: await fillW61(tables), w62: await fillW62(tables) };
}

/** Hobby: 600 GB-hours, 530 minutes, 3.6 GB for 600 hours, 120 GB out; two credits (W-63). */
async function fillW61(tables: WaybillTables): Promise<string> {
  const project = await tables.project();
  await tables.events(
    project,
    bill({ gb: 1, hours: '2026-04-26T00:00:00Z', seconds: 31_800, sizeGb: 3.6, out: 120 }),
  );
  await tables.hour(project, 'compute_gb_hours', '2026-04-01T00:00:00Z', '1');
  await tables.hour(project, 'storage_gb_hours', '2026-04-01T00:00:00Z', '3.6');
  await tables.hour(project, 'build_minutes', '2026-04-02T10:00:00Z', '530');
  await tables.hour(project, 'bandwidth_gb', '2026-04-03T10:00:00Z', '120');
  await tables.row('subscriptions', {
    ...{ project_id: project, plan_id: 'hobby', current_period_start: '2026-04-01T00:00:00Z' },
  });
  const credit = { project_id: project, created_at: '2026-01-01T00:00:00Z' };
  await tables.row('credits', { ...credit, amount: '10.00', description: 'B' });
  await tables.row('credits', {
    ...{ ...credit, amount: '3.00', used_amount: '1.00', expires_at: '2099-01-01T00:00:00Z' },
    description: 'A',
  });
  await tables.row('billing_records', {
    ...{ project_id: project, period_start: '2026-04-01', period_end: '2026-05-01', plan_id: 'hobby' },
    ...{ plan_amount: '5.00', compute_cost: '0.00', build_cost: '5.30', storage_cost: '0.90' },
    ...{ bandwidth_cost: '12.00', subtotal: '23.20' },
  });
  return project;
}

/** Pro: 2600 GB-hours, 2100 minutes, 14.4 GB for 600 hours, 510 GB out. */
async function fillW62(tables: WaybillTables): Promise<string> {
  const project = await tables.project();
  await tables.events(
    project,
    bill({ gb: 5, hours: '2026-04-22T16:00:00Z', seconds: 126_000, sizeGb: 14.4, out: 510 }),
  );
  await tables.row('subscriptions', {
    ...{ project_id: project, plan_id: 'pro', created_at: '2025-11-17T09:12:33.5Z' },
  });
  return project;
}

function bill(month: {
  gb: number;
  hours: string;
  seconds: number;
  sizeGb: number;
  out: number;
}): StoredEvent[] {
  const metrics = { replicas: 1, cpu_millicores: 250, memory_mb: month.gb * 1024 };
  return [
    { at: '2026-04-01T00:00:00Z', type: 'deployment.started', metrics },
    { at: month.hours, type: 'deployment.stopped' },
    { at: '2026-04-01T00:00:00Z', type: 'volume.created', metrics: { size_gb: month.sizeGb } },
    { at: '2026-04-26T00:00:00Z', type: 'volume.deleted' },
    { at: '2026-04-02T10:00:00Z', type: 'build.completed', metrics: { duration_seconds: month.seconds } },
    { at: '2026-04-03T10:00:00Z', type: 'bandwidth.usage', metrics: { egress_gb: month.out } },
  ];
}
