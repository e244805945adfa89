import { createHash } from 'node:crypto';
import { auditText } from '../../src/core/audit-chain';
import { Audit } from '../../src/platform/audit/audit.service';
import {
  AuditVerification,
  type ChainHead,
  type ChainVerdict,
} from '../../src/platform/audit/audit-verification.service';
import { Database } from '../../src/platform/transaction';
import { startTestApp, type TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';

interface Entry {
  account: string | null;
  sequence: string;
  actor: string;
  action: string;
  subject: string;
  before: unknown;
  after: Record<string, unknown> | null;
  hash: string;
}
interface Page {
  items: Entry[];
  next_cursor: string | null;
}

const ACME = 'org:acme';
const CENT = { model: 'per_unit', unit_amount: '0.01' };

let app: TestApp;
let admin: Rest;
let audit: Audit;
let database: Database;

beforeEach(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
  audit = app.app.get(Audit);
  database = app.app.get(Database);
  // What is built in has its entries already; the chains of these tests begin with nothing.
  await tamper('delete from audit_entry; delete from audit_head');
});
afterEach(() => app.close());

async function accountOf(key: string): Promise<{ id: number; bucket: number }> {
  const event = { id: `first of ${key}`, account: key, type: 'scans', quantity: '1' };
  await admin.post('/api/v1/events', event);
  const [row] = await database.query<{ id: string; bucket: number }>(
    'select id, bucket from account where key = $1',
    [key],
  );
  return { id: Number(row!.id), bucket: row!.bucket };
}

async function write(account: { id: number; bucket: number } | null, times: number): Promise<void> {
  for (let i = 1; i <= times; i++) {
    const change = { before: { limit: String(i - 1) }, after: { limit: String(i) }, reason: `step ${i}` };
    await database.transaction((tx) =>
      audit.write(tx, { account, actor: 'test', action: 'limit.changed', subject: 'limit', ...change }),
    );
  }
}

async function verdicts(account: string | null = null, known: ChainHead[] = []): Promise<ChainVerdict[]> {
  const found: ChainVerdict[] = [];
  for await (const verdict of app.app.get(AuditVerification).verify(account, known)) found.push(verdict);
  return found;
}

/** As somebody with the rights of the database's owner would. */
async function tamper(sql: string): Promise<void> {
  await withClient(app.databaseUrl, (client) =>
    client.query(
      `alter table audit_entry disable trigger user; ${sql}; alter table audit_entry enable trigger user`,
    ),
  );
}

const list = async (query = '', rest = admin): Promise<Page> =>
  (await rest.get<Page>(`/api/v1/audit?${query}`)).body;

describe('what changes keys and the catalogue', () => {
  it('leaves an entry with what was and what is, and no secret', async () => {
    const key = await admin.post<{ id: string; key: string }>('/api/v1/api-keys', {
      ...{ name: 'checkout', role: 'writer', accounts: ['org:*'] },
    });
    await admin.send('DELETE', `/api/v1/api-keys/${key.body.id}`);
    await admin.send('DELETE', `/api/v1/api-keys/${key.body.id}`);
    await admin.put('/api/v1/meters/calls', { unit: 'calls', aggregation: 'sum' });
    await admin.put('/api/v1/meters/calls', { unit: 'calls', aggregation: 'sum' });
    await admin.put('/api/v1/meters/calls', { unit: 'requests', aggregation: 'sum' });
    await admin.put('/api/v1/meters/calls/list-price', { currency: 'USD', price: CENT });
    await admin.put('/api/v1/meters/calls/list-price', { currency: 'USD', price: CENT });
    const { items } = await list();
    expect(items.map(({ action, actor, sequence }) => [sequence, action, actor])).toEqual([
      ['5', 'list-price.appended', 'admin'],
      ['4', 'meter.relabelled', 'admin'],
      ['3', 'meter.created', 'admin'],
      ['2', 'api-key.revoked', 'admin'],
      ['1', 'api-key.created', 'admin'],
    ]);
    expect(items[3]).toMatchObject({ subject: `api-key:${key.body.id}`, before: { revoked_at: null } });
    expect(items[3]!.after!['revoked_at']).not.toBeNull();
    expect(items[1]).toMatchObject({ before: { unit: 'calls' }, after: { unit: 'requests' } });
    expect(items[0]).toMatchObject({ subject: 'meter:calls/list-price/USD', after: { price: CENT } });
    expect(JSON.stringify(items)).not.toContain(key.body.key.split('_')[2]);
  });

  it('is undone with its entry, and a refused change leaves none', async () => {
    await admin.put('/api/v1/meters/calls', { unit: 'calls', aggregation: 'sum' });
    expect((await admin.put('/api/v1/meters/calls', { unit: 'x', aggregation: 'max' })).status).toBe(409);
    const undone = database.transaction(async (tx) => {
      await audit.write(tx, { actor: 'test', action: 'a', subject: 'b' });
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');
    expect((await list()).items.map(({ action }) => action)).toEqual(['meter.created']);
    expect(await verdicts()).toEqual([{ account: 'installation', rows: 1n, broken: null }]);
  });
});

describe('GET /api/v1/audit', () => {
  it('pages through everything once, and shows a caller only his own', async () => {
    const [acme, other] = [await accountOf(ACME), await accountOf('org:other')];
    await write(acme, 3);
    await write(other, 2);
    await write(null, 2);
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = await list(`limit=2${cursor}`);
      seen.push(...page.items.map(({ account, sequence }) => `${account} ${sequence}`));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(seen).toEqual([
      ...['null 2', 'null 1', 'org:other 2', 'org:other 1'],
      ...['org:acme 3', 'org:acme 2', 'org:acme 1'],
    ]);
    expect((await list(`account=${ACME}`)).items).toHaveLength(3);
    const { body } = await admin.post<{ key: string }>('/api/v1/api-keys', {
      ...{ name: 'auditor', scopes: ['audit:read'], accounts: [ACME] },
    });
    const auditor = new Rest(app.rest, body.key);
    expect((await list('', auditor)).items.map(({ account }) => account)).toEqual([ACME, ACME, ACME]);
    expect((await auditor.get('/api/v1/audit?account=org:other')).status).toBe(403);
  });

  it.each(['limit=0', 'cursor=abc', 'account=nobody', 'color=red', 'account=org:a%00b'])(
    'refuses %s',
    async (query) => expect((await admin.get(`/api/v1/audit?${query}`)).status).toBe(400),
  );

  it('asks for its scope, which no reader has', async () => {
    const body = { name: 'reader', role: 'reader', accounts: ['*'] };
    const { body: made } = await admin.post<{ key: string }>('/api/v1/api-keys', body);
    expect((await new Rest(app.rest, made.key).get('/api/v1/audit')).status).toBe(403);
  });
});

describe('a chain', () => {
  it('is whole when many write to it at once, and reads as its readers can recompute', async () => {
    const acme = await accountOf(ACME);
    await Promise.all(Array.from({ length: 8 }, () => write(acme, 5)));
    expect(await verdicts(ACME)).toEqual([{ account: ACME, rows: 40n, broken: null }]);
    const [row] = await database.query<Record<string, string>>(`
      select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, before::text, after::text, reason,
        encode(hash, 'hex') as hash, encode(previous_hash, 'hex') as previous
      from audit_entry where account_id = ${acme.id} and sequence = 40`);
    const text = auditText({
      ...{ account: `${acme.bucket}/${acme.id}`, sequence: 40n, at: row!['at']!, actor: 'test' },
      ...{ action: 'limit.changed', subject: 'limit', before: row!['before']!, after: row!['after']! },
      ...{ reason: row!['reason']!, previousHash: row!['previous']! },
    });
    expect(createHash('sha256').update(text).digest('hex')).toBe(row!['hash']);
  });

  it('cannot be changed by the service, nor by its owner in passing', async () => {
    await write(null, 1);
    for (const sql of ['update audit_entry set actor = $$x$$', 'delete from audit_entry']) {
      await expect(database.query(sql)).rejects.toThrow(/append-only|permission denied/);
      await expect(withClient(app.databaseUrl, (client) => client.query(sql))).rejects.toThrow('append-only');
    }
    const emptied = withClient(app.databaseUrl, (client) => client.query('truncate audit_entry'));
    await expect(emptied).rejects.toThrow('append-only');
  });

  it.each<[string, string, string, bigint]>([
    ['content', `update audit_entry set after = '{"limit":"900"}' where sequence = 4`, 'content differs', 4n],
    ['blanks', `update audit_entry set after = '{"limit": "4"}' where sequence = 4`, 'content differs', 4n],
    ['the actor', `update audit_entry set actor = 'nobody' where sequence = 4`, 'content differs', 4n],
    [
      'a microsecond',
      `update audit_entry set at = at + interval '1 microsecond' where sequence = 4`,
      'content differs',
      4n,
    ],
    ['a row taken out', `delete from audit_entry where sequence = 4`, 'row 4 is missing', 4n],
    ['the last row taken out', `delete from audit_entry where sequence = 600`, 'row 600 is missing', 600n],
    ['all rows taken out', `delete from audit_entry`, 'row 1 is missing', 1n],
    [
      'rows exchanged',
      `update audit_entry set sequence = 1000 where sequence = 4; update audit_entry set sequence = 4 where sequence = 5;
       update audit_entry set sequence = 5 where sequence = 1000`,
      'does not continue',
      4n,
    ],
    [
      'another end',
      `update audit_head set hash = decode(repeat('ab', 32), 'hex')`,
      'differs from the end',
      600n,
    ],
    ['an end before the last row', `update audit_head set sequence = 599`, 'differs from the end', 599n],
    ['no end', `delete from audit_head`, 'beyond the end', 1n],
  ])('shows the first broken row: %s', async (_what, sql, why, row) => {
    const acme = await accountOf(ACME);
    await write(null, 1);
    await database.transaction(async (tx) => {
      for (let i = 1; i <= 600; i++) {
        await audit.write(tx, {
          account: acme,
          actor: 'test',
          action: 'a',
          subject: 's',
          after: { limit: `${i}` },
        });
      }
    });
    await tamper(sql.replaceAll(' where ', ` where account_id = ${acme.id} and `));
    const broken = (await verdicts()).find(({ account }) => account === ACME)!.broken;
    expect(broken).toMatchObject({ sequence: row });
    expect(broken!.why).toContain(why);
  });

  it('that lost its last rows together with its end is shown by an end kept elsewhere', async () => {
    await write(null, 5);
    const heads: ChainHead[] = [];
    for await (const head of app.app.get(AuditVerification).heads()) heads.push(head);
    expect(heads).toMatchObject([{ account: 'installation', sequence: 5n }]);
    await tamper(`delete from audit_entry where sequence = 5;
      update audit_head set sequence = 4, hash = (select hash from audit_entry where sequence = 4)`);
    expect(await verdicts()).toEqual([{ account: 'installation', rows: 4n, broken: null }]);
    expect((await verdicts(null, heads))[0]!.broken).toEqual({ sequence: 5n, why: 'row 5 is missing' });
    await write(null, 3);
    expect((await verdicts(null, heads))[0]!.broken).toMatchObject({ sequence: 5n });
    await tamper('delete from audit_entry; delete from audit_head');
    expect(await verdicts(null, heads)).toMatchObject([{ broken: { why: 'the whole chain is missing' } }]);
  });
});
