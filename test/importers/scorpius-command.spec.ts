import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importFromScorpius } from '../../src/cli/import-scorpius.cli';
import { UsageError } from '../../src/cli/usage-error';
import { ScorpiusSource, UnreadableRedis } from '../../src/importers/scorpius-source';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';
import { TestProcess } from '../support/processes';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis';
import { ScorpiusKeys } from './scorpius-keys';

/** Nobody listens there: a preview asks no database of ours. */
const NOWHERE = 'postgres://nobody@127.0.0.1:1/nothing';
const UNTIL = '2026-01-01T00:00:00Z';

describeWithRedis('tallyhouse import scorpius', () => {
  let redis: TestRedis;
  let keys: ScorpiusKeys;
  let database: TestDatabase;

  beforeAll(async () => {
    redis = await startRedis();
    keys = new ScorpiusKeys(redis.url);
    database = await createTestDatabase();
    await keys.redis.select(2);
    await keys.organisation('acme', { plan: 'professional' });
    await keys.used('acme', 'scans', { count: 12, until: UNTIL });
  });
  afterAll(async () => {
    await keys?.close();
    await redis?.remove();
    await database?.drop();
  });

  async function run(args: readonly string[], databaseUrl: string) {
    const child = new TestProcess('src/cli/tallyhouse.ts', ['import', 'scorpius', ...args], {
      ...{
        DATABASE_URL: databaseUrl,
        DATABASE_ALLOW_UNSAFE: 'true',
        ADMIN_API_KEY: 'Tq7-admin-key-0123456789',
      },
      API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef',
    });
    return { code: await child.exited, output: child.output };
  }

  const counts = (): Promise<Record<string, string>> =>
    withClient(database.url, async (client) => {
      const { rows } = await client.query<Record<string, string>>(
        `select (select count(*) from account where key like 'org:%') as accounts,
                (select count(*) from terms) as terms, (select count(*) from usage_event) as events`,
      );
      return rows[0]!;
    });

  it('says what it would do, in the database that is told', async () => {
    const { code, output } = await run([redis.url, '--database', '2'], NOWHERE);
    expect(output).toContain('Nothing was written: this is what --apply would do.');
    expect(output).toContain('organisations                 1            1            0            0');
    expect(output).toMatch(/Counted in the month of each reset marker:\n {2}scans {2}12/);
    expect(code).toBe(0);
  });

  it('does it, in the database of the address, and once', async () => {
    const first = await run([`${redis.url}/2`, '--apply'], database.url);
    expect(first).toMatchObject({ code: 0 });
    expect(await counts()).toEqual({ accounts: '1', terms: '2', events: '1' });
    const second = await run([`${redis.url}/2`, '--apply'], database.url);
    expect(second.output).toContain('counters                      1            0            1            0');
    expect(second).toMatchObject({ code: 0 });
    expect(await counts()).toEqual({ accounts: '1', terms: '2', events: '1' });
  });

  it('ends with 1 when something was skipped, and reports it', async () => {
    await keys.redis.set('usage:acme:exports', '-4');
    const folder = mkdtempSync(join(tmpdir(), 'scorpius-'));
    const report = join(folder, 'report.json');
    const { code, output } = await run([`${redis.url}/2`, '--report', report], NOWHERE);
    const written: unknown = JSON.parse(readFileSync(report, 'utf8'));
    rmSync(folder, { recursive: true });
    expect(code).toBe(1);
    expect(output).toContain('  usage:acme:exports: skipped: its count is negative');
    expect(written).toMatchObject({
      rows: [{ key: 'usage:acme:exports', outcome: 'skipped', reason: 'its count is negative' }],
      summary: { dry_run: true, skipped: 1, parts: { counters: { read: 2, imported: 1, skipped: 1 } } },
    });
  });

  it('ends with 2 where there is nothing of a Scorpius', async () => {
    const { code, output } = await run([redis.url], NOWHERE);
    expect(output).toContain('there is no key of a Scorpius in database 0');
    expect(code).toBe(2);
  });

  it('reads no other database than it is told', async () => {
    await expect(ScorpiusSource.open(redis.url, { database: 99 })).rejects.toThrow(/out of range/);
    await expect(ScorpiusSource.open(`${redis.url}/99`)).rejects.toThrow(UnreadableRedis);
    const source = await ScorpiusSource.open(`${redis.url}/1`, { database: 2 });
    expect([source.database, await source.size()]).toEqual([2, await keys.redis.dbsize()]);
    source.close();
  });

  it('needs the password of a Redis that has one, in the address or beside it', async () => {
    await keys.redis.config('SET', 'requirepass', 'open sesame');
    try {
      await expect(ScorpiusSource.open(`${redis.url}/2`)).rejects.toThrow(/NOAUTH/);
      await expect(ScorpiusSource.open(redis.url, { password: 'wrong' })).rejects.toThrow(/WRONGPASS/);
      for (const password of ['open sesame', undefined]) {
        const host = redis.url.slice('redis://'.length);
        const url = password === undefined ? `redis://:open%20sesame@${host}/2` : `${redis.url}/2`;
        const source = await ScorpiusSource.open(url, { password });
        expect(await source.size()).toBe(await keys.redis.dbsize());
        source.close();
      }
    } finally {
      await keys.redis.config('SET', 'requirepass', '');
    }
  });

  it('says why nobody answers', async () => {
    await expect(ScorpiusSource.open('redis://127.0.0.1:1')).rejects.toThrow(/ECONNREFUSED/);
  });

  it.each<[string, () => string[], RegExp]>([
    ['no address', () => [], /Which Redis\?/],
    ['two addresses', () => [redis.url, redis.url], /One Redis at a time/],
    ['another kind of address', () => ['http://127.0.0.1:1'], /must be redis:/],
    ['no number', () => [redis.url, '--database', 'two'], /must be a whole number/],
    ['an option it does not have', () => [redis.url, '--dry-run'], /--dry-run/],
  ])('refuses %s', async (_, args, words) => {
    const refused = importFromScorpius(args());
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(words);
  });
});
