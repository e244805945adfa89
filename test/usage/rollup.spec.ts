import { Client } from 'pg';
import { type TestApp, startTestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { RollupService } from '../../src/usage/rollup.service';

const SUM_OF = (table: string): string => `
  select coalesce(trim_scale(sum(w.sum)), 0)::text as sum, coalesce(sum(w.count), 0)::int as count
  from ${table} w join account a on a.id = w.account_id where a.key = $1`;

describe('the rollup', () => {
  let app: TestApp;
  let rest: Rest;
  let rollups: RollupService;

  beforeAll(async () => {
    app = await startTestApp();
    rest = new Rest(app.rest, app.adminKey);
    rollups = app.app.get(RollupService);
  });
  afterAll(() => app.close());

  const scan = (id: string, account: string, more: object = {}): object => ({
    id,
    account,
    type: 'scans',
    quantity: '1',
    ...more,
  });
  const totals = (account: string): Promise<{ sum: string; count: number }[]> =>
    withClient(app.databaseUrl, async (client) => {
      const read = async (table: string): Promise<{ sum: string; count: number }> =>
        (await client.query<{ sum: string; count: number }>(SUM_OF(table), [account])).rows[0]!;
      return [await read('usage_window'), await read('usage_day')];
    });

  it('never skips a commit that was slow, and never adds one twice', async () => {
    const slow = new Client({ connectionString: app.databaseUrl });
    await slow.connect();
    // A writer with an early start: its mark is older than those of the others, and commits after them.
    await slow.query('begin');
    await rest.post('/api/v1/events', scan('early', 'org:slow'));
    await rollups.catchUp();
    await slow.query(`insert into work_mark (bucket, marks)
      select a.bucket, json_build_array(json_build_array(a.bucket, a.id, m.id, '', h.from_ms, h.from_ms + 3600000,
        h.from_ms, h.from_ms + 86400000, 0, '5000000000000000', '1', null, null, null, null))::text
      from account a, meter m, (select 1700006400000::bigint as from_ms) h where a.key = 'org:slow' and m.key = 'scans'`);
    await rest.post('/api/v1/events', scan('late', 'org:slow'));
    await rollups.catchUp();
    expect(await totals('org:slow')).toEqual([
      { sum: '2', count: 2 },
      { sum: '2', count: 2 },
    ]);
    await slow.query('commit');
    await slow.end();
    await rollups.catchUp();
    await rollups.catchUp();
    expect(await totals('org:slow')).toEqual([
      { sum: '7', count: 3 },
      { sum: '7', count: 3 },
    ]);
  });

  it('adds every mark once while writers write and several rollups run at once', async () => {
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; i < 25; i++) await rest.post('/api/v1/events', scan(`w${writer}-${i}`, 'org:busy'));
    });
    const runners = Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 12; i++) await rollups.run();
    });
    await Promise.all([...writers, ...runners]);
    await rollups.catchUp();
    expect(await totals('org:busy')).toEqual([
      { sum: '200', count: 200 },
      { sum: '200', count: 200 },
    ]);
  });

  it('cuts windows and days at the boundaries of the account', async () => {
    await rest.put('/api/v1/accounts/org:kolkata', {
      time_zone: 'Asia/Kolkata',
      anchor: '2026-09-30T18:30:00Z',
    });
    const backfill = [
      scan('k1', 'org:kolkata', { occurred_at: '2026-10-31T18:29:59.999Z' }),
      scan('k2', 'org:kolkata', { occurred_at: '2026-10-31T18:30:00Z' }),
    ];
    await rest.post('/api/v1/events', { backfill: true, events: backfill });
    await rollups.catchUp();
    const rows = await withClient(app.databaseUrl, async (client) =>
      client.query<{ window: string; day: string }>(`
        select to_char(w.from_at at time zone 'UTC', 'HH24:MI') || '-' || to_char(w.to_at at time zone 'UTC', 'HH24:MI') as window,
          to_char(d.from_at at time zone 'UTC', 'HH24:MI') || '-' || to_char(d.to_at at time zone 'UTC', 'HH24:MI') as day
        from usage_window w join usage_day d using (account_id, meter_id, dims)
        join account a on a.id = w.account_id
        where a.key = 'org:kolkata' and w.from_at >= d.from_at and w.to_at <= d.to_at order by w.from_at`),
    );
    expect(rows.rows).toEqual([
      { window: '18:00-18:30', day: '00:00-18:30' },
      { window: '18:30-19:00', day: '18:30-00:00' },
    ]);
  });
});
