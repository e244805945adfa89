import { randomUUID } from 'node:crypto';
import { timestampOf } from '../../src/platform/doors/proto-json';
import { GitpodClient } from '../support/gitpod-client';
import { GitpodWorld, team, uuid } from '../support/gitpod-world';
import { Rest } from '../support/rest';

const NOW = '2022-06-15T12:00:00.000Z';
const UNKNOWN_TO_EVERYBODY = team(999);
const [OK, INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, UNAUTHENTICATED] = [0, 3, 5, 7, 16];
const HTTP: Record<number, number> = {
  [OK]: 200,
  [INVALID_ARGUMENT]: 400,
  [NOT_FOUND]: 404,
  [PERMISSION_DENIED]: 403,
  [UNAUTHENTICATED]: 401,
};

let world: GitpodWorld;

beforeAll(async () => {
  world = await GitpodWorld.at(NOW, { controllerScheduleMs: 90_500 });
  await world.setCostCenter(team(1), 500, 'OTHER');
  await world.instance(team(1), uuid(1), {
    started: '2022-06-15T10:00:00.250Z',
    stopping: '2022-06-15T10:59:00.250Z',
    stopped: '2022-06-15T11:00:00Z',
  });
  await world.instance(team(1), uuid(2), { started: '2022-06-15T11:00:00Z' });
  await world.reconcile();
  world.itIs('2022-06-15T12:00:00.001Z');
});
afterAll(() => world.close());

const twin = <A>(rpc: string, body: unknown, rest = world.admin) =>
  rest.post<A & { code?: string }>(`/api/v1/usage.v1.UsageService/${rpc}`, body);

const wire = (instant: string) => timestampOf(new Date(instant));

/** What the rpc answered as the twin words it: times in RFC 3339. */
function asJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, isTime(each) ? textOf(name, each) : asJson(each)]),
  );
}

interface Time {
  readonly seconds: string;
  readonly nanos: number;
}

const isTime = (value: unknown): value is Time =>
  typeof value === 'object' && value !== null && 'seconds' in value && 'nanos' in value;

function textOf(name: string, { seconds, nanos }: Time): string {
  if (name === 'ledgerInterval') return `${seconds}${nanos === 0 ? '' : `.${nanos / 1_000_000}`}s`;
  return new Date(Number(seconds) * 1_000 + nanos / 1_000_000).toISOString().replace('.000Z', 'Z');
}

/** Every row of the tables these doors may write. */
async function everything(): Promise<unknown> {
  const tables = ['account', 'cost_center', 'cost_center_version', 'account_member', 'free_allowance'].concat(
    ['usage_credit_note', 'transfer', 'balance', 'pending', 'span', 'span_accrual', 'audit_entry'],
  );
  const union = tables.map((table) => `select '${table}' as name, to_jsonb(t) as row from ${table} t`);
  return world.rows(`select name, row from (${union.join(' union all ')}) all_rows order by name, row::text`);
}

const SET = { attributionId: team(1), spendingLimit: 700, billingStrategy: 'BILLING_STRATEGY_OTHER' };

describe('both doors', () => {
  it.each<[string, string, object, object]>([
    ['of a cost centre', 'GetCostCenter', { attributionId: team(1) }, {}],
    ['of a new one', 'GetCostCenter', { attributionId: team(50) }, {}],
    ['that set one', 'SetCostCenter', { costCenter: SET }, {}],
    ['that settle', 'SetCostCenter', { costCenter: { attributionId: team(51), spendingLimit: 3 } }, {}],
    ['that reset', 'ResetUsage', {}, {}],
    ['that reconcile', 'ReconcileUsage', {}, {}],
    [
      'that reconcile once more',
      'ReconcileUsage',
      { from: wire('2022-06-01T00:00:00Z'), to: wire(NOW) },
      { from: '2022-06-01T00:00:00Z', to: NOW },
    ],
    ['of a balance', 'GetBalance', { attributionId: team(1) }, {}],
    ['of no balance', 'GetBalance', { attributionId: UNKNOWN_TO_EVERYBODY }, {}],
    ['of a listing', 'ListUsage', { attributionId: team(1) }, {}],
    [
      'of a page upwards',
      'ListUsage',
      {
        ...{ attributionId: team(1), from: wire('2022-06-01T00:00:00Z'), order: 'ORDERING_ASCENDING' },
        pagination: { perPage: '1', page: '2' },
      },
      { from: '2022-06-01T00:00:00Z' },
    ],
    ['of no listing', 'ListUsage', { attributionId: UNKNOWN_TO_EVERYBODY }, {}],
    [
      'of a credit note',
      'AddUsageCreditNote',
      { attributionId: team(52), credits: 0, description: 'x', userId: uuid(7) },
      {},
    ],
  ])('%s: %s', async (_case, rpc, request, inJson) => {
    const { code, answer } = await world.call(rpc, request);
    expect(code).toBe(OK);
    const { status, body } = await twin(rpc, { ...request, ...inJson });
    expect(status).toBe(200);
    expect(body).toEqual(asJson(answer));
  });

  it('say what is in the head of a reader', async () => {
    world.itIs('2022-06-15T12:00:00.002Z');
    const { body } = await twin<object>('ListUsage', { attributionId: team(1) });
    expect(body).toMatchObject({
      creditsUsed: 19.83,
      pagination: { perPage: '50', totalPages: '1', total: '2', page: '1' },
      ledgerInterval: '90.500s',
      usageEntries: [
        { credits: 10, draft: true, effectiveTime: '2022-06-15T12:00:00.001Z' },
        { credits: 9.83, draft: false, effectiveTime: '2022-06-15T10:59:00.250Z' },
      ],
    });
  });
});

describe('bad input', () => {
  const accountOf = (attributionId: unknown) => ({ attributionId });
  const centerOf = (more: object) => ({ costCenter: { ...SET, ...more } });
  const noteOf = (more: object) => ({ attributionId: team(1), credits: 1, description: 'x', ...more });
  const listOf = (more: object) => ({ attributionId: team(1), ...more });

  // What the wire can say at all is sent to the rpc, too.
  it.each<[string, string, object]>([
    ['no account', 'GetCostCenter', accountOf('')],
    ['an account of another scheme', 'GetBalance', accountOf('org:acme')],
    ['a control character in an account', 'GetBalance', accountOf(`${team(1)}\u0000`)],
    ['an account as long as a book', 'GetBalance', accountOf('team:'.padEnd(9_000, 'a'))],
    ['nothing to set', 'SetCostCenter', {}],
    ['a limit below zero', 'SetCostCenter', centerOf({ spendingLimit: -1 })],
    ['no account to set', 'SetCostCenter', { costCenter: { spendingLimit: 1 } }],
    ['blanks for a description', 'AddUsageCreditNote', noteOf({ description: ' \t ' })],
    ['a line break in a description', 'AddUsageCreditNote', noteOf({ description: 'a\nb' })],
    ['a book for a description', 'AddUsageCreditNote', noteOf({ description: 'x'.repeat(256) })],
    ['a user of no uuid', 'AddUsageCreditNote', noteOf({ userId: 'ann' })],
    ['pages of less than nothing', 'ListUsage', listOf({ pagination: { perPage: '-9223372036854775808' } })],
    ['pages of everything', 'ListUsage', listOf({ pagination: { perPage: '9223372036854775807' } })],
    ['a page before the first', 'ListUsage', listOf({ pagination: { page: '-9223372036854775808' } })],
  ])('%s: %s refuses it at both doors, and nothing changes', async (_case, rpc, request) => {
    const before = await everything();
    expect((await world.call(rpc, request)).code).toBe(INVALID_ARGUMENT);
    const { status, body } = await twin(rpc, request);
    expect([status, body.code]).toEqual([400, 'invalid-argument']);
    expect(await everything()).toEqual(before);
  });

  it.each<[string, string, string]>([
    ['text that is no JSON', 'GetBalance', '{"attributionId":'],
    ['NaN', 'AddUsageCreditNote', '{"attributionId":"","credits":NaN}'],
    ['a list', 'GetBalance', '[]'],
    ['a number for an account', 'GetBalance', '{"attributionId":7}'],
    ['an unknown field', 'GetBalance', `{"attributionId":"${team(1)}","team":1}`],
    [
      'a limit of 10^300',
      'SetCostCenter',
      `{"costCenter":{"attributionId":"${team(1)}","spendingLimit":1e300}}`,
    ],
    [
      'a limit beyond int32',
      'SetCostCenter',
      `{"costCenter":{"attributionId":"${team(1)}","spendingLimit":2147483648}}`,
    ],
    ['half a limit', 'SetCostCenter', `{"costCenter":{"attributionId":"${team(1)}","spendingLimit":0.5}}`],
    [
      'a strategy of no name',
      'SetCostCenter',
      `{"costCenter":{"attributionId":"${team(1)}","billingStrategy":"FREE"}}`,
    ],
    [
      'credits of 10^300',
      'AddUsageCreditNote',
      `{"attributionId":"${team(1)}","description":"x","credits":1e300}`,
    ],
    ['half a credit', 'AddUsageCreditNote', `{"attributionId":"${team(1)}","description":"x","credits":0.5}`],
    [
      'a page beyond int64',
      'ListUsage',
      `{"attributionId":"${team(1)}","pagination":{"page":"9223372036854775808"}}`,
    ],
    ['a page of 10^300', 'ListUsage', `{"attributionId":"${team(1)}","pagination":{"page":1e300}}`],
    ['a time of words', 'ListUsage', `{"attributionId":"${team(1)}","from":"yesterday"}`],
    ['the 31st of February', 'ReconcileUsage', '{"from":"2022-02-31T00:00:00Z"}'],
    ['an order of no name', 'ListUsage', `{"attributionId":"${team(1)}","order":"SIDEWAYS"}`],
    ['a word where nothing is said', 'ResetUsage', '{"now":true}'],
  ])('%s: the twin of %s answers 400, and nothing changes', async (_case, rpc, body) => {
    const before = await everything();
    const answer = await twin(rpc, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-argument']);
    expect(await everything()).toEqual(before);
  });

  it('RC-10: a range that ends before it begins is refused; RC-11: none at all is not', async () => {
    const backwards = { from: wire('2022-06-02T00:00:00Z'), to: wire('2022-06-01T00:00:00Z') };
    expect((await world.call('ReconcileUsage', backwards)).code).toBe(INVALID_ARGUMENT);
    expect((await world.call('ReconcileUsage', { from: backwards.from })).code).toBe(INVALID_ARGUMENT);
    expect((await world.call('ReconcileUsage', { from: backwards.to, to: backwards.to })).code).toBe(OK);
    expect((await world.call('ReconcileUsage', {})).code).toBe(OK);
  });
});

describe('a caller', () => {
  const REQUESTS: readonly (readonly [string, object])[] = [
    ['GetCostCenter', { attributionId: team(2) }],
    ['SetCostCenter', { costCenter: { attributionId: team(2), spendingLimit: 9 } }],
    ['GetBalance', { attributionId: team(2) }],
    ['ListUsage', { attributionId: team(2) }],
    ['AddUsageCreditNote', { attributionId: team(2), credits: 9, description: 'x' }],
  ];
  const EVERYBODY: readonly (readonly [string, object])[] = [
    ['ReconcileUsage', {}],
    ['ResetUsage', {}],
  ];

  async function callerOf(key: string) {
    const client = new GitpodClient(world.usage.app.grpc, { key });
    const rest = new Rest(world.usage.app.rest, key);
    return async (rpc: string, request: object) => {
      const { code } = await client.call(['UsageService', rpc], request);
      const { status } = await twin(rpc, request, rest);
      expect(status).toBe(HTTP[code]);
      return code;
    };
  }

  async function keyOf(role: string, accounts: readonly string[]): Promise<string> {
    const body = { name: 'test', role, accounts };
    return (await world.admin.post<{ key: string }>('/api/v1/api-keys', body)).body.key;
  }

  it('of one account is refused every other at both doors, and nothing changes', async () => {
    const call = await callerOf(await keyOf('admin', [team(1)]));
    const before = await everything();
    for (const [rpc, request] of [...REQUESTS, ...EVERYBODY]) {
      expect(`${rpc} ${await call(rpc, request)}`).toBe(`${rpc} ${PERMISSION_DENIED}`);
    }
    expect(await everything()).toEqual(before);
    expect(await call('GetBalance', { attributionId: team(1).toUpperCase().replace('TEAM', 'team') })).toBe(
      OK,
    );
  });

  it('who only reads may not write', async () => {
    const call = await callerOf(await keyOf('reader', ['*']));
    const answers = [];
    for (const [rpc, request] of [...REQUESTS, ...EVERYBODY])
      answers.push(`${rpc} ${await call(rpc, request)}`);
    expect(answers).toEqual([
      'GetCostCenter 0',
      'SetCostCenter 7',
      'GetBalance 0',
      'ListUsage 0',
      'AddUsageCreditNote 7',
      'ReconcileUsage 7',
      'ResetUsage 7',
    ]);
  });

  it('without a key, or with one that is none, is nobody', async () => {
    const call = await callerOf(`th_${randomUUID()}`);
    const before = await everything();
    for (const [rpc, request] of [...REQUESTS, ...EVERYBODY]) {
      expect(`${rpc} ${await call(rpc, request)}`).toBe(`${rpc} ${UNAUTHENTICATED}`);
    }
    const nobody = new GitpodClient(world.usage.app.grpc);
    expect((await nobody.call(['UsageService', 'GetBalance'], {})).code).toBe(UNAUTHENTICATED);
    nobody.close();
    expect(await everything()).toEqual(before);
  });
});

describe('a closed account', () => {
  it('keeps its numbers and can be settled, but uses nothing more', async () => {
    const account = team(60);
    await world.setCostCenter(account, 500, 'OTHER');
    await world.used(account, 5, '2022-06-15T11:00:00Z');
    world.itIs(NOW);
    const { status } = await world.admin.delete(`/api/v1/accounts/${account}`);
    expect(status).toBe(200);
    expect(await world.balance(account)).toBe(5);
    expect((await world.list(account)).creditsUsed).toBe(5);
    await world.note(account, 5);
    expect(await world.balance(account)).toBe(0);
    await expect(world.used(account, 5, '2022-06-15T18:00:00Z')).rejects.toThrow(/is closed/);
  });
});
