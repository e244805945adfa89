import { Database } from '../../src/platform/transaction';
import { EventRepository } from '../../src/usage/event.repository';
import { createTestDatabase, withClient } from '../support/postgres';
import type { Rest } from '../support/rest';
import { UsageWorld } from '../support/usage-world';

interface EventPage {
  readonly items: Record<string, unknown>[];
  readonly next_cursor: string | null;
}

describe('GET /api/v1/events', () => {
  let world: UsageWorld;
  beforeAll(async () => {
    world = await UsageWorld.at('2026-04-15T12:00:00Z');
    await world.meter('calls', { aggregation: 'sum', event_types: ['call'] });
  }, 60_000);
  afterAll(() => world.close());

  const page = async (parameters: Record<string, string>, rest: Rest = world.admin) =>
    rest.get<EventPage & Record<string, unknown>>(
      `/api/v1/events?${new URLSearchParams(parameters).toString()}`,
    );
  const call = (at: string, more: object = {}) => ({
    type: 'call',
    at: `2026-03-02T${at}Z`,
    quantity: '1',
    ...more,
  });

  it('shows events as they were sent, newest first, with what became of them', async () => {
    const [plain, wrong, gone] = await world.record('org:list', [
      call('10:00:00', { quantity: '2.50', resource: 'vm-1', properties: { region: 'eu' } }),
      call('11:00:00', { quantity: '7' }),
      call('12:00:00'),
    ]);
    await world.amend('org:list', wrong!, { quantity: '0.7', properties: { region: 'us' } });
    await world.void('org:list', gone!);
    const { status, body } = await page({ account: 'org:list' });
    expect(status).toBe(200);
    expect(body.next_cursor).toBeNull();
    expect(body.items.map(({ id, quantity, correction }) => [id, quantity, correction])).toEqual([
      [gone, '1', { kind: 'void', quantity: null, properties: null }],
      [wrong, '7', { kind: 'amend', quantity: '0.7', properties: { region: 'us' } }],
      [plain, '2.5', null],
    ]);
    expect(body.items[2]).toEqual({
      id: plain,
      source: '',
      event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      account: 'org:list',
      type: 'call',
      occurred_at: '2026-03-02T10:00:00.000Z',
      recorded_at: expect.stringMatching(/^\d{4}-.*Z$/),
      quantity: '2.5',
      resource: 'vm-1',
      subject: null,
      properties: { region: 'eu' },
      correction: null,
    });
  });

  it('gives every event once, page by page, also where many share an instant', async () => {
    const sent = await world.record(
      'org:pages',
      Array.from({ length: 25 }, (_, i) => call(i < 12 ? '10:00:00' : `10:00:${i}`)),
    );
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null; pages++) {
      expect(pages).toBeLessThan(4);
      const { body } = await page({
        account: 'org:pages',
        limit: '10',
        ...(cursor === '' ? {} : { cursor }),
      });
      seen.push(...body.items.map(({ id }) => String(id)));
      cursor = body.next_cursor;
    }
    expect([...seen].sort()).toEqual([...sent].sort());
    expect(seen.slice(0, 13)).toEqual(sent.slice(12).reverse());
  });

  it('keeps to the stretch and the type asked for, the end left out', async () => {
    const [, second] = await world.record('org:part', [call('10:00:00'), call('11:00:00'), call('12:00:00')]);
    const stretch = { from: '2026-03-02T10:00:00.001Z', to: '2026-03-02T12:00:00Z' };
    const { body } = await page({ account: 'org:part', ...stretch });
    expect(body.items.map(({ id }) => id)).toEqual([second]);
    for (const [type, count] of Object.entries({ call: 1, other: 0 })) {
      expect((await page({ account: 'org:part', ...stretch, type })).body.items).toHaveLength(count);
    }
  });

  it('refuses what it does not know, and tells nobody whose account exists', async () => {
    const refusal = async (parameters: Record<string, string>, rest?: Rest): Promise<unknown[]> => {
      const { status, body } = await page(parameters, rest);
      return [status, ...((body['errors'] ?? []) as { field: string }[]).map(({ field }) => field)];
    };
    const account = 'org:list';
    const forged = Buffer.from(
      '["events",{"at":9007199254740991,"key":"00000000-0000-0000-0000-000000000000"}]',
    );
    expect(await refusal({ account, cursor: forged.toString('base64url') })).toEqual([400, 'cursor']);
    expect(await refusal({})).toEqual([400, 'account']);
    expect(await refusal({ account, colour: 'red' })).toEqual([400, 'colour']);
    expect(await refusal({ account, type: '' })).toEqual([400, 'type']);
    expect(await refusal({ account, limit: '501' })).toEqual([400, 'limit']);
    expect(await refusal({ account, cursor: 'eyJub3QiOiJvdXJzIn0' })).toEqual([400, 'cursor']);
    expect(await refusal({ account, from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' })).toEqual([
      400,
      'to',
    ]);
    const other = await world.caller('reader', ['org:other']);
    expect(await refusal({ account }, other)).toEqual([404]);
    expect(await refusal({ account: 'org:nowhere' }, other)).toEqual([404]);
    const ingest = await world.caller('ingest', ['org:list']);
    expect(await refusal({ account }, ingest)).toEqual([403]);
  });
});

describe('the cost of a page', () => {
  it('is the same at any depth, also once Postgres plans the statement for all parameters', async () => {
    const test = await createTestDatabase();
    const database = new Database({ databaseUrl: test.url, databasePoolSize: 1 });
    await withClient(test.url, (client) =>
      client.query(`
        insert into usage_event (bucket, account_id, key, recorded_at, occurred_at, type, source, event_id)
        select 1, 1 + n % 2, gen_random_uuid(), now() + n % 4 * interval '7 days',
          timestamptz '2026-01-01' + n * interval '1 second', 'call', '', n
        from generate_series(1, 40000) n`),
    );
    const events = new EventRepository(database);
    const range = { accountId: 1, from: new Date(0), to: new Date('9999-01-01T00:00:00Z'), types: [] };
    const rowsRead = async (): Promise<number> => {
      await database.query('select pg_stat_force_next_flush()');
      const [row] = await database.query<{ n: string }>(
        `select sum(seq_tup_read + idx_tup_fetch) as n from pg_stat_user_tables where relname like 'usage_event%'`,
      );
      return Number(row!.n);
    };
    for (const hour of [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) {
      const at = new Date(Date.UTC(2026, 0, 1, hour));
      const before = await rowsRead();
      const page = await events.list(range, 51, { at, key: '00000000-0000-0000-0000-000000000000' });
      expect([page.length, page[0]!.occurred_at < at]).toEqual([51, true]);
      // A page of 51 and the next row of each of a handful of weekly partitions.
      expect((await rowsRead()) - before).toBeLessThan(70);
    }
    await database.close();
    await test.drop();
  });
});
