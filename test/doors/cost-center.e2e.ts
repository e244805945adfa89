import { randomUUID } from 'node:crypto';
import { GitpodWorld, team, uuid } from '../support/gitpod-world';
import type { RestAnswer } from '../support/rest';

const NOW = '2022-06-15T12:00:00.000Z';
const LATER = '2022-06-15T13:00:00.000Z';

interface CostCenter {
  readonly version: number;
  readonly strategy: string;
  readonly spending_limit: number;
  readonly cause: string;
  readonly cycle_start: string;
  readonly next_billing_time: string;
  readonly created_at: string;
  readonly code?: string;
}

interface Members {
  readonly members: { user_id: string; role: string; joined_at: string; has_email: boolean }[];
}

let world: GitpodWorld;
let organisations = 0;

beforeAll(async () => {
  world = await GitpodWorld.at(NOW);
});
beforeEach(() => world.itIs(NOW));
afterAll(() => world.close());

const newTeam = (): string => team(++organisations);
const pathOf = (account: string, rest = ''): string => `/api/v1/accounts/${account}/cost-center${rest}`;
const get = (account: string) => world.admin.get<CostCenter>(pathOf(account));
const put = (account: string, body: object) => world.admin.put<CostCenter>(pathOf(account), body);
const versions = (account: string, query = '') =>
  world.admin.get<{ items: CostCenter[]; next_cursor: string | null }>(pathOf(account, `/versions${query}`));

describe('the cost centre of an account', () => {
  it('is made when it is first read, and says what the rpc says', async () => {
    const account = newTeam();
    const { status, body } = await get(account);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...{ version: 1, strategy: 'other', spending_limit: 0, cause: 'made' },
      ...{ cycle_start: NOW, next_billing_time: '2022-07-15T12:00:00.000Z', created_at: NOW },
    });
    expect(await world.costCenter(account)).toMatchObject({
      spendingLimit: 0,
      billingStrategy: 'BILLING_STRATEGY_OTHER',
    });
  });

  it('belongs to accounts of every scheme here, while the rpc knows teams and persons', async () => {
    const account = `org:${randomUUID()}`;
    expect((await get(account)).body).toMatchObject({ version: 1, spending_limit: 0 });
    expect((await world.call('GetCostCenter', { attributionId: account })).code).toBe(3);
  });

  it('is changed whole, and the same again is no new version', async () => {
    const account = newTeam();
    const wanted = { strategy: 'other', spending_limit: 1_000 };
    expect((await put(account, wanted)).body).toMatchObject({ ...wanted, version: 2, cause: 'set' });
    expect((await put(account, wanted)).body).toMatchObject({ version: 2 });
    expect((await put(account, { ...wanted, strategy: 'stripe' })).body).toMatchObject({ version: 3 });
  });

  it('two tabs change it: one wins, the other is told what it missed', async () => {
    const account = newTeam();
    await get(account);
    const tab = (spending_limit: number) => put(account, { strategy: 'other', spending_limit, version: 1 });
    const answers = await Promise.all([tab(100), tab(200)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const [won, lost] = [...answers].sort((a, b) => a.status - b.status) as [
      RestAnswer<CostCenter>,
      RestAnswer<CostCenter>,
    ];
    expect(lost.body).toMatchObject({ code: 'failed-precondition' });
    expect((await get(account)).body).toEqual(won.body);
    // Whoever looks again may change it.
    expect((await put(account, { strategy: 'other', spending_limit: 300, version: 2 })).status).toBe(200);
  });

  it('is not changed upon a version that a reset has overtaken', async () => {
    const account = newTeam();
    await put(account, { strategy: 'other', spending_limit: 5 });
    world.itIs('2022-07-20T00:00:00.000Z');
    const answer = await put(account, { strategy: 'stripe', spending_limit: 5, version: 2 });
    expect(answer.status).toBe(409);
    expect((await get(account)).body).toMatchObject({ version: 3, cause: 'reset', strategy: 'other' });
  });

  it('shows everything it ever said, the newest first, page by page', async () => {
    const account = newTeam();
    for (const spending_limit of [1, 2, 3, 4]) await put(account, { strategy: 'other', spending_limit });
    const first = (await versions(account, '?limit=3')).body;
    expect(first.items.map((each) => [each.version, each.spending_limit])).toEqual([
      [5, 4],
      [4, 3],
      [3, 2],
    ]);
    const second = (await versions(account, `?limit=3&cursor=${first.next_cursor}`)).body;
    expect(second.items.map((each) => [each.version, each.spending_limit, each.cause])).toEqual([
      [2, 1, 'set'],
      [1, 0, 'made'],
    ]);
    expect(second.next_cursor).toBeNull();
  });

  it('of an account nobody has heard of has no versions', async () => {
    expect((await versions(newTeam())).status).toBe(404);
  });

  it.each<[string, object]>([
    ['nothing', {}],
    ['no limit', { strategy: 'other' }],
    ['no strategy', { spending_limit: 1 }],
    ['another strategy', { strategy: 'free', spending_limit: 1 }],
    ['a limit below zero', { strategy: 'other', spending_limit: -1 }],
    ['half a limit', { strategy: 'other', spending_limit: 0.5 }],
    ['a limit of 10^300', { strategy: 'other', spending_limit: 1e300 }],
    ['a limit of text', { strategy: 'other', spending_limit: '1' }],
    ['version 0', { strategy: 'other', spending_limit: 1, version: 0 }],
    ['an unknown field', { strategy: 'other', spending_limit: 1, note: 'x' }],
  ])('refuses %s', async (_case, body) => {
    const account = newTeam();
    expect(await put(account, body)).toMatchObject({ status: 400, body: { code: 'invalid-argument' } });
    expect((await versions(account)).status).toBe(404);
  });

  it('is not shown to, nor changed by, who may not act for the account', async () => {
    const [mine, other] = [newTeam(), newTeam()];
    await get(other);
    const rest = await world.usage.caller('admin', [mine]);
    expect((await rest.get(pathOf(mine))).status).toBe(200);
    expect((await rest.get(pathOf(other))).status).toBe(403);
    expect((await rest.put(pathOf(other), { strategy: 'other', spending_limit: 1 })).status).toBe(403);
    expect((await rest.get(pathOf(other, '/versions'))).status).toBe(404);
    expect((await rest.get(`/api/v1/accounts/${other}/members`)).status).toBe(404);
    expect((await rest.put(`/api/v1/accounts/${other}/members`, { members: [] })).status).toBe(403);
    expect((await get(other)).body).toMatchObject({ version: 1 });
  });

  it('says in the audit trail what it was and what it is, and what was settled', async () => {
    const account = newTeam();
    await world.setCostCenter(account, 100, 'OTHER');
    await world.used(account, 3, LATER);
    await world.setCostCenter(account, 900, 'STRIPE');
    const [entry] = await world.rows<{ action: string; before: object; after: object }>(
      `select action, before, after from audit_entry where subject = $1 order by sequence desc limit 1`,
      [`cost-center:${account}`],
    );
    expect(entry).toMatchObject({
      action: 'cost-center.set',
      before: { strategy: 'other', spending_limit: 100 },
      after: { strategy: 'stripe', spending_limit: 900, settled_credits: '3' },
    });
  });
});

describe('the members of an account', () => {
  const path = (account: string) => `/api/v1/accounts/${account}/members`;
  const putMembers = (account: string, members: readonly object[]) =>
    world.admin.put<Members>(path(account), { members });

  it('are those who are named, in the order in which they joined', async () => {
    const account = newTeam();
    const [ann, bob] = [uuid(1), uuid(2)];
    const { status, body } = await putMembers(account, [
      { user_id: bob, role: 'owner', joined_at: '2022-02-01T00:00:00Z' },
      { user_id: ann.toUpperCase(), joined_at: '2022-01-01T00:00:00Z', email: 'ann@example.org' },
    ]);
    expect(status).toBe(200);
    expect(body.members).toEqual([
      { user_id: ann, role: 'member', joined_at: '2022-01-01T00:00:00.000Z', has_email: true },
      { user_id: bob, role: 'owner', joined_at: '2022-02-01T00:00:00.000Z', has_email: false },
    ]);
    expect((await world.admin.get(path(account))).body).toEqual(body);
  });

  it('keep the time they were first named at; who is not named belongs no more', async () => {
    const account = newTeam();
    await putMembers(account, [{ user_id: uuid(3) }, { user_id: uuid(4) }]);
    world.itIs(LATER);
    const { body } = await putMembers(account, [{ user_id: uuid(5) }, { user_id: uuid(4), role: 'owner' }]);
    expect(body.members).toEqual([
      { user_id: uuid(4), role: 'owner', joined_at: NOW, has_email: false },
      { user_id: uuid(5), role: 'member', joined_at: LATER, has_email: false },
    ]);
    expect((await putMembers(account, [])).body).toEqual({ members: [] });
  });

  it('have e-mail addresses that are nowhere to be read', async () => {
    const account = newTeam();
    await putMembers(account, [{ user_id: uuid(6), email: 'secret-address@example.org' }]);
    const found = await world.rows(
      `select 'member' as where from account_member m where m::text ilike '%secret-address%'
       union all select 'audit' from audit_entry a where a::text ilike '%secret-address%'`,
    );
    expect(found).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no list', { members: 'ann' }],
    ['a member without a name', { members: [{ role: 'owner' }] }],
    ['an empty name', { members: [{ user_id: '' }] }],
    ['a control character', { members: [{ user_id: 'a\u0000b' }] }],
    ['somebody twice', { members: [{ user_id: uuid(1) }, { user_id: uuid(1) }] }],
    [
      'somebody twice in two spellings',
      { members: [{ user_id: 'AA' + uuid(1).slice(2) }, { user_id: 'aa' + uuid(1).slice(2) }] },
    ],
    ['an e-mail address that is none', { members: [{ user_id: uuid(1), email: 'ann' }] }],
    ['a time of words', { members: [{ user_id: uuid(1), joined_at: 'yesterday' }] }],
    ['an unknown field', { members: [{ user_id: uuid(1), name: 'Ann' }] }],
    ['a second list', { members: [], others: [] }],
  ])('refuses %s, and makes nothing', async (_case, body) => {
    const account = newTeam();
    const answer = await world.admin.put(path(account), body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-argument']);
    expect((await world.admin.get(path(account))).status).toBe(404);
  });
});

describe('an installation that requires known accounts', () => {
  it('answers for none it does not know, and makes none', async () => {
    const here = await GitpodWorld.at(NOW, { requireKnownAccounts: true });
    try {
      const account = team(1);
      const NOT_FOUND = 5;
      const codes = [
        await here.call('GetCostCenter', { attributionId: account }),
        await here.call('SetCostCenter', { costCenter: { attributionId: account, spendingLimit: 1 } }),
        await here.call('AddUsageCreditNote', { attributionId: account, credits: 1, description: 'x' }),
      ].map(({ code }) => code);
      expect(codes).toEqual([NOT_FOUND, NOT_FOUND, NOT_FOUND]);
      const wanted = { strategy: 'other', spending_limit: 1 };
      expect((await here.admin.put(pathOf(account), wanted)).status).toBe(404);
      expect((await here.admin.get(pathOf(account))).status).toBe(404);
      expect((await here.admin.put(`/api/v1/accounts/${account}/members`, { members: [] })).status).toBe(404);
      // What owes nothing and lists nothing needs no account.
      expect(await here.balance(account)).toBe(0);
      expect((await here.list(account)).usageEntries).toEqual([]);
      expect(await here.rows('select from account')).toEqual([]);
      await here.usage.account(account);
      expect((await here.costCenter(account)).spendingLimit).toBe(0);
    } finally {
      await here.close();
    }
  });
});
