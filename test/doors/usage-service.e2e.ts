import { timestampOf } from '../../src/platform/doors/proto-json';
import { type ListUsageAfter, ListUsageService } from '../../src/usage/list-usage.service';
import { ADMIN } from '../../src/platform/auth/principal';
import { parseAccountKey } from '../../src/core/account-key';
import { formatQuantity } from '../../src/core/quantity';
import { GitpodWorld, type WireListUsage, team, uuid } from '../support/gitpod-world';

const FROM = '2022-07-01T00:00:00.000Z';
const TO = '2022-08-01T00:00:00.000Z';
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const ONE = { pagination: { perPage: '1', page: '1' } };

const INVALID_ARGUMENT = 3;

let world: GitpodWorld;
let organisations = 0;
let instances = 0;

beforeAll(async () => {
  world = await GitpodWorld.at('2022-09-01T10:00:00.000Z', { controllerScheduleMs: 900_000 });
});
afterAll(() => world.close());

/** An organisation nobody has heard of. */
const newTeam = (): string => team(++organisations);
const after = (instant: string, milliseconds: number): string =>
  new Date(Date.parse(instant) + milliseconds).toISOString();
const wire = (instant: string) => timestampOf(new Date(instant));
const range = (from: string, to: string) => ({ from: wire(from), to: wire(to) });
const codeOf = async (rpc: string, request: object) => (await world.call(rpc, request)).code;
const rows = async (sql: string): Promise<number> => (await world.rows<{ n: number }>(sql))[0]!.n;

/** One instance that cost so many credits, at ten an hour, and ended then; a draft is stopping and has not stopped. */
function ended(
  credits: number,
  at: string,
  { draft = false, user }: { draft?: boolean; user?: string } = {},
) {
  const started = after(at, -credits * 6 * MINUTE);
  const times = { started, stopping: at, ...(draft ? {} : { stopped: at }) };
  const properties: Record<string, string> = user === undefined ? {} : { user_id: user };
  return { times, properties };
}

async function have(account: string, ...told: ReturnType<typeof ended>[]): Promise<void> {
  for (const { times, properties } of told) {
    await world.instance(account, uuid(++instances), times, properties);
  }
  await world.reconcile();
}

describe('a listing', () => {
  let account: string;

  beforeAll(async () => {
    account = newTeam();
    // Fixture S: what is a draft there is stopping here, and the invoice is a credit note, which nobody lists (row 8).
    await have(
      account,
      ended(1, after(FROM, -23 * HOUR), { draft: true }),
      ended(2, after(FROM, -23 * HOUR)),
      ended(3, after(FROM, 2 * HOUR), { draft: true }),
      ended(4, after(FROM, 2 * HOUR)),
      ended(10, after(TO, 2 * HOUR)),
    );
    await world.note(account, 4);
  });

  it.each([
    ['LU-1', FROM, TO, 7, '2'],
    ['LU-2', TO, TO, 0, '0'],
    ['LU-3', after(FROM, -200 * DAY), TO, 10, '4'],
    ['QY-4', FROM, TO, 7, '2'],
    ['QY-6', FROM, FROM, 0, '0'],
  ])('%s: from %s to %s: %d credits, %s rows', async (_vector, from, to, ...[creditsUsed, total]) => {
    const listed = await world.list(account, { ...range(from, to), ...ONE });
    expect(listed).toMatchObject({ creditsUsed, pagination: { total, perPage: '1', page: '1' } });
    expect(listed.usageEntries).toHaveLength(Math.min(Number(total), 1));
  });

  it.each([
    ['QY-5', FROM, TO, [4]],
    ['QY-10', TO, TO, []],
  ])('%s: without drafts', async (_vector, from, to, credits) => {
    const { usageEntries } = await world.list(account, range(from, to));
    expect(usageEntries.filter(({ draft }) => !draft).map((entry) => entry.credits)).toEqual(credits);
  });

  it('QY-7: 500 days, which only the service lists: 10 credits, 4 rows', async () => {
    const [from, to] = [new Date(after(FROM, -500 * DAY)), new Date(TO)];
    const question = { from, to, userId: null, order: 'asc', perPage: 50, page: 1n } as const;
    const key = parseAccountKey(account);
    const { entries, creditsUsed } = await world
      .get(ListUsageService)
      .list(ADMIN, { account: key, ...question });
    expect([formatQuantity(creditsUsed), entries.length]).toEqual(['10', 4]);
  });

  it('QY-1…QY-3: takes what ended at `from`, leaves what ended at `to`, before and after', async () => {
    const edges = newTeam();
    await have(
      edges,
      ended(1, after(FROM, -23 * HOUR), { draft: true }),
      ended(2, after(FROM, -1)),
      ended(3, FROM),
      ended(4, after(FROM, 2 * MINUTE)),
      ended(5, after(TO, -1)),
      ended(6, TO),
      ended(7, after(TO, 2 * HOUR)),
    );
    const listed = await world.list(edges, { ...range(FROM, TO), order: 'ORDERING_ASCENDING' });
    expect(listed.usageEntries.map(({ credits }) => credits)).toEqual([3, 4, 5]);
    expect(listed.creditsUsed).toBe(12);
  });

  it.each<[string, object]>([
    ['LU-4', range(TO, FROM)],
    ['LU-6', range(FROM, after(FROM, 7_200 * HOUR + 1))],
    ['LU-7', { pagination: { perPage: '-1' } }],
    ['LU-8', { pagination: { perPage: '1001' } }],
    ['LU-9', { pagination: { page: '-1' } }],
    ['no account', { attributionId: '' }],
    ['a user that is no uuid', { userId: 'ann' }],
    ['pages beyond every int64 page size', { pagination: { perPage: '9223372036854775807' } }],
    ['a time of no year', { to: { seconds: '9223372036854775807', nanos: 0 } }],
    ['a second of more than a second', { to: { seconds: '0', nanos: 1_000_000_000 } }],
  ])('%s is INVALID_ARGUMENT', async (_vector, request) => {
    expect(await codeOf('ListUsage', { attributionId: account, ...request })).toBe(INVALID_ARGUMENT);
  });

  it.each<[string, object]>([
    ['LU-5', range(FROM, after(FROM, 7_200 * HOUR))],
    ['LU-8', { pagination: { perPage: '1000' } }],
    // Design 10 row 1: persons have accounts; the original refuses them.
    ['LU-12 (row 1: OK)', { attributionId: `user:${uuid(7)}` }],
    ['an order of no name', { order: 7 }],
    ['the page of the largest number', { pagination: { perPage: '1000', page: '9223372036854775807' } }],
    ['a user in upper case', { userId: uuid(7).toUpperCase() }],
  ])('%s is OK', async (_vector, request) => {
    expect(await codeOf('ListUsage', { attributionId: account, ...request })).toBe(0);
  });

  it('LU-10: without a page asks for the first one, of 50', async () => {
    const { pagination } = await world.list(account, range(FROM, TO));
    expect(pagination).toEqual({ perPage: '50', page: '1', total: '2', totalPages: '1' });
  });

  it('LU-11: 101 rows are three pages, the third with one of them', async () => {
    const big = newTeam();
    const begun = Date.parse(FROM);
    await world.usage.record(
      big,
      Array.from({ length: 101 }, (_, i) => i).flatMap((i) =>
        (['started', 'stopped'] as const).map((what) => ({
          type: `workspace_instance.${what}`,
          at: new Date(begun + i * MINUTE + (what === 'stopped' ? 6 * MINUTE : 0)).toISOString(),
          resource: `big-${i}`,
        })),
      ),
    );
    await world.reconcile();
    const page = (number: string, order: string) =>
      world.list(big, { ...range(FROM, TO), order, pagination: { perPage: '50', page: number } });
    const pages = await Promise.all(
      ['1', '2', '3', '4'].map((number) => page(number, 'ORDERING_DESCENDING')),
    );
    expect(pages.map(({ usageEntries }) => usageEntries.length)).toEqual([50, 50, 1, 0]);
    for (const { creditsUsed, pagination } of pages) {
      expect([creditsUsed, pagination.total, pagination.totalPages]).toEqual([101, '101', '3']);
    }
    const namesOf = (lists: WireListUsage[]) =>
      lists.flatMap(({ usageEntries }) => usageEntries.map((entry) => entry.workspaceInstanceId));
    const upwards = await Promise.all(['1', '2', '3'].map((number) => page(number, 'ORDERING_ASCENDING')));
    expect(namesOf(upwards)).toEqual(Array.from({ length: 101 }, (_, i) => `big-${i}`));
    expect(namesOf(pages)).toEqual(namesOf(upwards).reverse());
  });

  it('goes on after a place, where many ended at one instant and many run', async () => {
    const account = newTeam();
    const [key, end] = [parseAccountKey(account), '2022-08-31T00:00:00.000Z'];
    await have(account, ...Array.from({ length: 7 }, () => ended(1, end)), ended(2, after(end, -1)));
    for (const name of ['a', 'b', 'c']) await world.instance(account, name, { started: end });
    await world.reconcile();
    const all = { account: key, from: new Date(0), to: new Date('2023-01-01'), userId: null };
    const service = world.get(ListUsageService);
    for (const order of ['asc', 'desc'] as const) {
      const { entries } = await service.list(ADMIN, { ...all, order, perPage: 50, page: 1n });
      const walked: string[] = [];
      for (let place: ListUsageAfter['after'] = null; ;) {
        const page = await service.listAfter(ADMIN, { ...all, order, after: place, limit: 3 });
        const last = page.entries.at(-1);
        if (!last) break;
        walked.push(...page.entries.map(({ id }) => id));
        place = { at: last.effectiveAt, id: last.id, asOf: page.asOf };
      }
      expect(walked).toEqual(entries.map(({ id }) => id));
      expect(walked).toHaveLength(11);
    }
  });

  it('LU-13 (row 8): shows usage only; a credit note is in the balance', async () => {
    const noted = newTeam();
    await have(noted, ended(59 / 6, TO));
    await world.note(noted, 5);
    const listed = await world.list(noted, range(FROM, after(TO, DAY)));
    expect(listed.usageEntries.map(({ credits }) => credits)).toEqual([9.83]);
    expect(listed.creditsUsed).toBe(9.83);
    expect(await world.balance(noted)).toBe(4.83);
  });

  it('LU-14: page 0 is page 1', async () => {
    const [zero, one] = await Promise.all(
      ['0', '1'].map((page) => world.list(account, { ...range(FROM, TO), pagination: { page } })),
    );
    expect(zero).toEqual(one);
    expect(zero!.pagination.page).toBe('1');
  });

  it('LU-15: of an organisation nobody has heard of is empty, and makes none', async () => {
    const accounts = await rows('select count(*)::int as n from account');
    const listed = await world.list(newTeam());
    expect(listed.usageEntries).toEqual([]);
    expect(listed).toMatchObject({ creditsUsed: 0, pagination: { total: '0', totalPages: '0' } });
    expect(await rows('select count(*)::int as n from account')).toBe(accounts);
  });

  it('LU-16: describes nothing, says its kind and the interval of the ledger job', async () => {
    const { usageEntries, ledgerInterval } = await world.list(account, range(FROM, TO));
    expect(usageEntries.map(({ description }) => description)).toEqual(['', '']);
    expect(usageEntries.map(({ kind }) => kind)).toEqual(Array(2).fill('KIND_WORKSPACE_INSTANCE'));
    expect(ledgerInterval).toEqual({ seconds: '900', nanos: 0 });
  });

  it('can be of one user: entries, their number and their sum, however the user is spelt', async () => {
    const shared = newTeam();
    const [ann, bob] = [`aa${uuid(101).slice(2)}`, uuid(102)];
    await have(
      shared,
      ended(1, FROM, { user: ann }),
      ended(2, FROM, { user: bob }),
      ended(4, FROM, { user: ann, draft: true }),
      ended(8, FROM),
    );
    const of = (userId: string) => world.list(shared, { ...range(FROM, TO), userId });
    for (const spelling of [ann, ann.toUpperCase(), ann.replaceAll('-', '')]) {
      expect(await of(spelling)).toMatchObject({ creditsUsed: 5, pagination: { total: '2' } });
    }
    expect((await of(bob)).creditsUsed).toBe(2);
    expect((await of('')).creditsUsed).toBe(15);
  });
});

describe('a balance', () => {
  it('BA-1: is the sum', async () => {
    const account = newTeam();
    await have(account, ended(1, FROM), ended(9, TO));
    expect(await world.balance(account)).toBe(10);
  });

  it('BA-2: of nothing is 0, and makes nothing', async () => {
    const account = newTeam();
    const count = 'select ((select count(*) from account) + (select count(*) from cost_center))::int as n';
    const before = await rows(count);
    expect(await world.balance(account)).toBe(0);
    expect(await rows(count)).toBe(before);
  });

  it('BA-3: each organisation has its own, below zero where more was given back than used', async () => {
    const [a, b] = [newTeam(), newTeam()];
    await have(a, ended(1, FROM), ended(9, FROM));
    await have(b, ended(4.5, FROM));
    await world.note(b, 5);
    expect([await world.balance(a), await world.balance(b)]).toEqual([10, -0.5]);
  });

  it('BA-4: counts drafts', async () => {
    const account = newTeam();
    await have(account, ended(59 / 6, FROM, { draft: true }), ended(1 / 6, FROM));
    expect(await world.balance(account)).toBe(10);
  });

  it('AT-11, AT-12 (row 1): every spelling of an organisation is the same one', async () => {
    const account = `team:${uuid(++organisations).replace(/^0/, 'f')}`;
    await have(account, ended(3, FROM));
    const value = account.slice('team:'.length);
    for (const spelling of [value.toUpperCase(), value.replaceAll('-', ''), `{${value}}`]) {
      expect(await world.balance(`team:${spelling}`)).toBe(3);
      expect((await world.costCenter(`team:${spelling}`)).attributionId).toBe(account);
    }
  });

  it.each(['AT-6 team:123', 'AT-8 ', 'AT-10 TEAM:', 'AT-13 team', 'AT-14  team:'])(
    '%s is INVALID_ARGUMENT (row 10: never UNKNOWN)',
    async (vector) => {
      const start = vector.slice(vector.indexOf(' ') + 1);
      const attributionId = start.endsWith(':') ? start + uuid(1) : start;
      expect(await codeOf('GetBalance', { attributionId })).toBe(INVALID_ARGUMENT);
      expect(await codeOf('GetCostCenter', { attributionId })).toBe(INVALID_ARGUMENT);
    },
  );
});

describe('a credit note', () => {
  const USER = uuid(101);
  const notesOf = (account: string) =>
    world.rows(
      'select credits, description, user_id from usage_credit_note n join account a on a.id = n.account_id where a.key = $1',
      [account],
    );

  it.each([
    ['CN-1', { credits: 300, userId: USER, description: 'Something' }, -300, ['Something', USER]],
    ['CN-4: of nobody', { credits: 10, description: 'x' }, -10, ['x', null]],
    ['CN-5: of nothing', { credits: 0, userId: USER, description: 'x' }, 0, ['x', USER]],
    ['that takes again', { credits: -7, description: ' x ' }, 7, ['x', null]],
    ['of the least int32', { credits: -2_147_483_648, description: 'x' }, 2_147_483_648, ['x', null]],
  ])('%s', async (_vector, note, balance, [description, userId]) => {
    const attributionId = newTeam();
    expect(await codeOf('AddUsageCreditNote', { attributionId, ...note })).toBe(0);
    expect(await world.balance(attributionId)).toBe(balance);
    expect(await notesOf(attributionId)).toEqual([{ credits: note.credits, description, user_id: userId }]);
  });

  it.each<[string, object]>([
    ['CN-2 (row 10: not UNKNOWN)', { userId: 'bad-userid' }],
    ['CN-3', { description: '    ' }],
    ['CN-6', { attributionId: 'team:1' }],
    ['no description', { description: '' }],
    ['256 characters (row 10: not UNKNOWN)', { description: 'x'.repeat(256) }],
    ['a control character', { description: 'a\u0000b' }],
  ])('%s is INVALID_ARGUMENT, and nothing is given', async (_vector, wrong) => {
    const attributionId = newTeam();
    const note = { attributionId, credits: 300, userId: USER, description: 'Something', ...wrong };
    expect(await codeOf('AddUsageCreditNote', note)).toBe(INVALID_ARGUMENT);
    expect(await world.balance(attributionId)).toBe(0);
    expect(await notesOf(attributionId)).toEqual([]);
  });

  it('CN-7: makes no cost centre', async () => {
    const count = 'select count(*)::int as n from cost_center';
    const before = await rows(count);
    await world.note(newTeam(), 10);
    expect(await rows(count)).toBe(before);
  });

  it('row 9: repeats, unless an idempotency key says it is the same', async () => {
    const account = newTeam();
    const note = { attributionId: account, credits: 10, description: 'x' };
    await world.call('AddUsageCreditNote', note);
    await world.call('AddUsageCreditNote', note);
    expect(await world.balance(account)).toBe(-20);
    const keyed = (body: object) =>
      world.admin.send('POST', '/api/v1/usage.v1.UsageService/AddUsageCreditNote', {
        ...{ body, contentType: 'application/json', headers: { 'idempotency-key': 'outage-1' } },
      });
    const answers = [await keyed(note), await keyed(note), await keyed({ ...note, credits: 11 })];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 409]);
    expect(await world.balance(account)).toBe(-30);
  });
});

// SV-1…SV-7 are void (design 10 row 39): who may ask whose numbers, and what is done when a limit is reached, are the caller's
// own rules; ours are scopes and accounts of a principal, below and in test/doors/every-door.e2e.ts.
