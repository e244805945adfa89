import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectWaybillTarget } from '../../src/importers/waybill-direct';
import { importWaybill } from '../../src/importers/waybill-import';
import { waybillCards } from '../../src/importers/waybill-cards';
import { WaybillJournal } from '../../src/importers/waybill-journal';
import { ReportFile } from '../../src/importers/report-file';
import { RestWaybillTarget } from '../../src/importers/waybill-rest';
import { WaybillSource } from '../../src/importers/waybill-source.repository';
import type { WaybillTarget } from '../../src/importers/waybill-target';
import { loadConfig } from '../../src/platform/config';
import { RollupService } from '../../src/usage/rollup.service';
import { BillingWorld } from '../support/billing-world';
import { readBooks } from '../support/books';
import { withClient } from '../support/postgres';
import { fillSmall, type SmallWaybill, type StoredEvent, WaybillTables } from './waybill-tables';

const config = loadConfig({});
const THEN = '2026-04-28T12:00:00Z';

async function move(
  tables: WaybillTables,
  target: WaybillTarget | null,
  options: { since?: string; file?: ReportFile } = {},
): Promise<WaybillJournal> {
  const journal = new WaybillJournal(options.file ?? null, target === null);
  const source = await WaybillSource.open(tables.url);
  try {
    const parts = { source, target, journal, cards: waybillCards(config), onProgress: () => undefined };
    const since = options.since === undefined ? null : new Date(options.since);
    await importWaybill({ ...parts, futureToleranceMs: 300_000 }, { since });
  } finally {
    await source.close();
    options.file?.close(journal.summary());
  }
  return journal;
}

/** Every row of every table of ours, as one text each. */
async function digest(url: string): Promise<Record<string, string>> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname = 'public' order by 1`,
    );
    const digests: Record<string, string> = {};
    for (const { name } of rows) {
      const sql = `select coalesce(md5(string_agg(t::text, e'\\n' order by t::text)), '') as md5 from ${name} t`;
      digests[name] = (await client.query<{ md5: string }>(sql)).rows[0]!.md5;
    }
    return digests;
  });
}

const directTo = (world: BillingWorld): WaybillTarget => new DirectWaybillTarget(world.usage.app.app);
const restTo = ({ usage: { app } }: BillingWorld): WaybillTarget =>
  new RestWaybillTarget(app.rest, app.adminKey);

const total = (
  world: BillingWorld,
  project: string,
  meter: string,
  month = '2026-04',
): Promise<string | null> => {
  const [year, number] = month.split('-').map(Number) as [number, number];
  const [from, to] = [Date.UTC(year, number - 1), Date.UTC(year, number)].map((at) =>
    new Date(at).toISOString(),
  );
  return world.usage.total(meter, { account: `project:${project}`, from: from!, to: to! });
};

describe.each([
  ['W1', 'directly', directTo],
  ['W3', 'through the doors', restTo],
] as const)('a Waybill of generation %s, moved %s', (generation, _, targetOf) => {
  let tables: WaybillTables;
  let world: BillingWorld;
  let small: SmallWaybill;
  let first: WaybillJournal;

  beforeAll(async () => {
    tables = await WaybillTables.make(generation);
    small = await fillSmall(tables);
    world = await BillingWorld.at(THEN);
    first = await move(tables, targetOf(world));
  });
  afterAll(async () => {
    await world.close();
    await tables.drop();
  });

  it('is accounted for row by row', () => {
    expect(first.summary()).toMatchObject({
      events: { read: 18, recorded: 18, duplicate: 0, conflict: 0, refused: 0 },
      agreements: { subscription: { stands: 2, refused: 0 }, credit: { stands: 2, refused: 0 } },
    });
  });

  it('W-12, W-20, W-22: deployments count in every hour in which they ran', async () => {
    expect(await total(world, small.w12, 'compute_gb_hours')).toBe('2');
    expect(await total(world, small.w20, 'compute_gb_hours')).toBe('10');
    expect(await total(world, small.w22, 'compute_gb_hours', '2026-01')).toBe('372');
  });

  it('keeps resource names, and the account is that of the door', async () => {
    const { body } = await world.admin.get<{ items: { source: string; properties: object }[] }>(
      `/api/v1/events?account=project:${small.w12}`,
    );
    expect(body.items).toHaveLength(2);
    expect(body.items[0]).toMatchObject({
      source: 'waybill',
      properties: { resource_type: 'thing', resource_name: 'web' },
    });
  });

  it('begins to bill with the running period', async () => {
    const { body } = await world.admin.get(`/api/v1/accounts/project:${small.w62}/subscription`);
    expect(body).toMatchObject({
      status: 'active',
      plan: 'pro',
      since: '2026-04-01T00:00:00.000Z',
      next: null,
    });
  });

  it('twice is once', async () => {
    const before = await digest(world.usage.app.databaseUrl);
    const again = await move(tables, targetOf(world));
    expect(again.summary()).toMatchObject({
      events: { read: 18, recorded: 0, duplicate: 18, conflict: 0, refused: 0 },
      agreements: { subscription: { stands: 2 }, credit: { stands: 2 } },
    });
    expect(await digest(world.usage.app.databaseUrl)).toEqual(before);
  });

  it('W-61, W-62, W-63: the month it moved in is billed whole, and credits pay', async () => {
    await world.runAt('2026-05-05T00:00:00Z');
    const [w61, ...others] = await world.invoices(`project:${small.w61}`);
    expect(others).toEqual([]);
    expect(w61!.lines.map(({ meter, amount }) => `${meter} ${amount}`).sort()).toEqual([
      'bandwidth_gb 2.00',
      'build_minutes 0.30',
      'compute_gb_hours 0.05',
      'null 5.00',
      'storage_gb_hours 0.50',
    ]);
    expect(w61).toMatchObject({ subtotal: '7.85', paid_by_grants: '7.85', amount_due: '0.00' });
    const grants = await world.admin.get<{ items: { description: string; left: string }[] }>(
      `/api/v1/accounts/project:${small.w61}/grants`,
    );
    expect(grants.body.items.map(({ description, left }) => `${description} ${left}`).sort()).toEqual([
      'A 0.00',
      'B 4.15',
    ]);
    expect(await world.invoices(`project:${small.w62}`)).toMatchObject([{ subtotal: '22.48' }]);
    expect(await world.invoices(`project:${small.w22}`)).toEqual([]);
  });
});

describe('a dry run', () => {
  let tables: WaybillTables;
  let world: BillingWorld;

  beforeAll(async () => {
    tables = await WaybillTables.make('W1');
    await fillSmall(tables);
    world = await BillingWorld.at(THEN);
  });
  afterAll(async () => {
    await world.close();
    await tables.drop();
  });

  it('tells what would be, and the sums of both sides', async () => {
    const before = await digest(world.usage.app.databaseUrl);
    const { usage, billing_records, ...counts } = (await move(tables, null)).summary();
    expect(counts).toMatchObject({
      dry_run: true,
      events: {
        ...{ read: 18, recorded: 18, duplicate: 0, refused: 0 },
        by_type: {
          'deployment.started': 5,
          'deployment.stopped': 5,
          'volume.created': 2,
          'build.completed': 2,
        },
      },
      agreements: { subscription: { stands: 2 }, credit: { stands: 2 } },
    });
    expect(
      Object.fromEntries(usage.map(({ metric, ...figures }) => [metric, Object.values(figures)])),
    ).toEqual({
      // 2 + 3.333333 + 0.5 + 1 there; 2 + 10 + 372 + 600 + 2600 here.
      compute_gb_hours: ['6.833333', '3584', '3577.166667', 5, 4, 5, 4],
      build_minutes: ['530', '2630', '2100', 2, 1, 2, 1],
      storage_gb_hours: ['3.6', '10800', '10796.4', 2, 2, 2, 2],
      bandwidth_gb: ['120', '630', '510', 2, 1, 2, 1],
    });
    const parts = billing_records.parts.map((each) => [each.part, each.original, each.ours, each.differing]);
    expect(billing_records).toMatchObject({ read: 2, compared: 2, differing: 2 });
    expect(parts).toEqual([
      ['plan_amount', '5.00', '5.00', 0],
      // 0.05 of W-61, and the 0.172236 of W-22, which has no plan.
      ['compute_cost', '0.00', '0.22', 2],
      ['build_cost', '5.30', '0.30', 1],
      ['storage_cost', '0.90', '0.50', 1],
      ['bandwidth_cost', '12.00', '2.00', 1],
      ['subtotal', '23.20', '8.02', 2],
    ]);
    expect(await digest(world.usage.app.databaseUrl)).toEqual(before);
  });

  it('writes every difference to the report', async () => {
    const path = join(tmpdir(), `waybill-${process.pid}.json`);
    await move(tables, null, { file: new ReportFile(path) });
    const { rows, summary } = JSON.parse(readFileSync(path, 'utf8')) as { rows: object[]; summary: object };
    rmSync(path);
    expect(summary).toMatchObject({ dry_run: true, events: { read: 18 } });
    expect(rows).toContainEqual({
      ...{ kind: 'usage', project: '0f8fad5b-d9cb-469f-a165-000000000002', outcome: 'differing' },
      ...{ month: '2026-04', figure: 'compute_gb_hours' },
      ...{ original: '3.333333', ours: '10', difference: '6.666667' },
    });
  });

  it('leaves the original as it was', async () => {
    const before = await digest(tables.url);
    await move(tables, directTo(world));
    expect(await digest(tables.url)).toEqual(before);
  });
});

describe('what somebody has to look at', () => {
  let tables: WaybillTables;
  let world: BillingWorld;

  beforeAll(async () => {
    world = await BillingWorld.at(THEN);
  });
  let made = 0;
  beforeEach(async () => {
    tables = await WaybillTables.make('W3', `aaaa000${++made}`.slice(-8));
  });
  afterEach(() => tables.drop());
  afterAll(() => world.close());

  const build = { at: '2026-04-10T10:00:00Z', type: 'build.completed', metrics: { duration_seconds: 60 } };

  it.each<[string, Partial<StoredEvent>, string]>([
    ['an unknown type', { type: 'addon.ready' }, 'event_type: is not a known event type'],
    ['a missing metric', { metrics: {} }, 'metrics.duration_seconds: is required for build.completed'],
    [
      'a negative metric',
      { metrics: { duration_seconds: -1 } },
      'metrics.duration_seconds: must not be negative',
    ],
    ['metrics that are none', { metrics: [1] }, 'metrics: Invalid input: expected record, received array'],
    [
      'metadata of numbers',
      { metadata: { a: 1 } },
      'metadata.a: Invalid input: expected string, received number',
    ],
    ['the future', { at: '2098-01-01T00:00:00Z' }, 'timestamp: lies too far in the future'],
    [
      'no time at all',
      { at: 'infinity' },
      'timestamp: must be an RFC 3339 instant such as 2026-01-31T10:00:00Z',
    ],
  ])('a broken event is refused with its id and the reason: %s', async (_, broken, reason) => {
    const project = await tables.project();
    const id = '11111111-2222-4333-8444-555555555555';
    await tables.events(project, [build, { ...build, id, ...broken }]);
    const path = join(tmpdir(), `waybill-broken-${process.pid}.ndjson`);
    const journal = await move(tables, directTo(world), { file: new ReportFile(path) });
    const [row] = readFileSync(path, 'utf8').split('\n');
    rmSync(path);
    expect(JSON.parse(row!)).toEqual({ kind: 'event', id, project, outcome: 'refused', reason });
    expect(journal.summary().events).toMatchObject({
      read: 2,
      refused: 1,
      refused_by_reason: { [reason]: 1 },
    });
  });

  it('W-59: an event with a key is the one that its client sends again after the move', async () => {
    const project = await tables.project();
    await tables.events(project, [{ ...build, key: `pod-${project}-k` }]);
    await move(tables, directTo(world));
    const again = await world.admin.post<{ event_id: string }>('/internal/events', {
      ...{ event_type: build.type, project_id: project, metrics: build.metrics, timestamp: build.at },
      ...{
        resource_type: 'thing',
        resource_id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
        resource_name: 'web',
      },
      idempotency_key: `pod-${project}-k`,
    });
    expect(again.status).toBe(201);
    const { body } = await world.admin.get<{ items: object[] }>(`/api/v1/events?account=project:${project}`);
    expect(body.items).toHaveLength(1);
  });

  it('--since reads what the original stored from then on, late events too', async () => {
    const project = await tables.project();
    await tables.events(project, [
      build,
      { ...build, at: '2026-04-09T10:00:00Z', storedAt: '2026-04-20T00:00:00Z' },
    ]);
    const journal = await move(tables, directTo(world), { since: '2026-04-20T00:00:00Z' });
    expect(journal.summary()).toMatchObject({ events: { read: 1, recorded: 1 }, usage: [] });
  });

  it('subscriptions: what has ended, what cannot be, what is to end', async () => {
    const subscription = async (columns: object): Promise<string> => {
      const project_id = await tables.project();
      const current_period_start = '2026-04-10T00:00:00Z';
      await tables.row('subscriptions', { project_id, plan_id: 'pro', current_period_start, ...columns });
      return `project:${project_id}`;
    };
    await subscription({ status: 'canceled' });
    await subscription({ cancel_at: '2026-04-20T00:00:00Z' });
    await subscription({ status: 'paused' });
    await subscription({ plan_id: 'gold' });
    const ending = await subscription({ cancel_at: '2099-01-01T00:00:00Z' });
    const journal = await move(tables, directTo(world));
    expect(journal.summary().agreements).toEqual({
      subscription: { stands: 1, nothing: 2, conflict: 0, refused: 2 },
    });
    expect(
      journal
        .notes()
        .shown.map(({ reason }) => reason)
        .sort(),
    ).toEqual(['No plan gold', 'has ended', 'has ended', 'status: paused is neither running nor ended']);
    const { body } = await world.admin.get(`/api/v1/accounts/${ending}/subscription`);
    expect(body).toMatchObject({
      ...{ plan: 'pro', since: '2026-04-10T00:00:00.000Z' },
      next: { plan: null, at: '2099-01-01T00:00:00.000Z' },
    });

    await tables.query(`update subscriptions set plan_id = 'team' where cancel_at > '2098-01-01'`);
    const [note] = (await move(tables, directTo(world)))
      .notes()
      .shown.filter((each) => each.outcome === 'conflict');
    expect(note?.reason).toBe('has pro here and team there');
  });

  it('credits that are used up or over are left behind; budgets come once', async () => {
    const project_id = await tables.project();
    await tables.row('credits', { project_id, amount: '5.00', used_amount: '5.00' });
    await tables.row('credits', { project_id, amount: '5.00', expires_at: '2026-01-01T00:00:00Z' });
    await tables.row('budgets', { project_id, amount_cents: 50_000, period: 'monthly' });
    await tables.row('budgets', { project_id, amount_cents: 100, period: 'weekly', currency: 'EUR' });
    await move(tables, restTo(world));
    expect((await move(tables, restTo(world))).summary().agreements).toEqual({
      credit: { stands: 0, nothing: 2, conflict: 0, refused: 0 },
      budget: { stands: 1, nothing: 0, conflict: 0, refused: 1 },
    });
    const { body } = await world.admin.get(`/api/v1/projects/${project_id}/budgets`);
    expect(body).toMatchObject({
      budgets: [
        { amount_cents: 50_000, period: 'monthly', alert_thresholds: [50, 80, 100], hard_throttle: true },
      ],
    });
  });
});

describe('an import that stops half-way', () => {
  let tables: WaybillTables;
  let world: BillingWorld;

  beforeAll(async () => {
    tables = await WaybillTables.make('W2');
    world = await BillingWorld.at(THEN);
  });
  afterAll(async () => {
    await world.close();
    await tables.drop();
  });

  it('is run again and ends as if it never had', async () => {
    const project = await tables.project();
    await tables.query(
      `insert into usage_events (project_id, event_type, resource_type, resource_id, metrics, "timestamp")
       select $1, 'build.completed', 'release', gen_random_uuid(), '{"duration_seconds": 60}',
         timestamptz '2026-04-01T00:00:00Z' + n * interval '10 seconds' from generate_series(1, 5500) n`,
      [project],
    );
    await expect(move(tables, dyingAfter(2, directTo(world)))).rejects.toThrow('the power went');
    const halfway = (await readBooks(world.usage.app.databaseUrl)).events;
    expect(halfway).toBe(2_000);

    const { events } = (await move(tables, directTo(world))).summary();
    expect([events.recorded, events.duplicate]).toEqual([3_500, 2_000]);
    await world.get(RollupService).catchUp();
    const books = await readBooks(world.usage.app.databaseUrl);
    expect([books.events, books.keys]).toEqual([5_500, 5_500]);
    expect(await total(world, project, 'build_minutes')).toBe('5500');
  });
});

/** Takes so many batches and no more. */
function dyingAfter(batches: number, target: WaybillTarget): WaybillTarget {
  let taken = 0;
  return {
    record: (events) => {
      if (++taken > batches) throw new Error('the power went');
      return target.record(events);
    },
    makeAccount: (account) => target.makeAccount(account),
    standing: (account) => target.standing(account),
    subscribe: (account, wanted) => target.subscribe(account, wanted),
    endPlan: (account, at) => target.endPlan(account, at),
    give: (account, key, grant) => target.give(account, key, grant),
    budgets: (project) => target.budgets(project),
    makeBudget: (project, wanted) => target.makeBudget(project, wanted),
  };
}
