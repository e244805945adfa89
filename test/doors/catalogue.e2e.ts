import { type TestApp, startTestApp } from '../support/app';
import { Rest } from '../support/rest';

interface Plan {
  key: string;
  name: string;
  version: number;
  version_id: number;
  is_active: boolean;
  base_fee: { amount: string } | null;
  entitlements: Record<string, boolean | string>;
}
interface Page {
  items: Plan[];
  next_cursor: string | null;
}
interface Problem {
  code: string;
  errors: { field: string; reason: string }[];
}

const URL = '/api/v1/catalogue/plans';
const STARTER = {
  name: 'Starter',
  currency: 'USD',
  base_fee: { model: 'flat', amount: '9' },
  prices: { api_requests: { model: 'per_unit', amount: '1', per_quantity: '1000' } },
  allowances: { api_requests: { included: '10000' } },
};

let app: TestApp;
let admin: Rest;
let count = 0;

beforeAll(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
});
afterAll(() => app.close());

const newPlan = (): string => `${URL}/p${++count}`;

async function keyWith(scopes: string[]): Promise<Rest> {
  const { body } = await admin.post<{ key: string }>('/api/v1/api-keys', {
    name: 't',
    scopes,
    accounts: ['*'],
  });
  return new Rest(app.rest, body.key);
}

describe('GET /api/v1/catalogue/plans', () => {
  it('lists what the originals offer, in their order, page by page', async () => {
    const keys: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { body: Page } = await admin.get<Page>(`${URL}?limit=4${cursor && `&cursor=${cursor}`}`);
      keys.push(...page.body.items.map(({ key }) => key));
      cursor = page.body.next_cursor;
    }
    expect(keys).toEqual(['free', 'professional', 'enterprise', 'hobby', 'pro', 'team']);
  });

  it('refuses the cursor of another list', async () => {
    const { body } = await admin.get<Page>('/api/v1/meters?limit=1');
    expect((await admin.get(`${URL}?cursor=${body.next_cursor}`)).status).toBe(400);
  });
});

describe('PUT /api/v1/catalogue/plans/{key}', () => {
  it('makes a plan and answers all of it', async () => {
    const plan = newPlan();
    const { status, body } = await admin.put(plan, STARTER);
    expect([status, body]).toEqual([
      200,
      {
        ...STARTER,
        key: `p${count}`,
        description: '',
        features: [],
        attributes: {},
        source: 'tallyhouse',
        position: 0,
        is_active: true,
        version: 1,
        version_id: expect.any(Number),
        created_at: expect.stringMatching(/Z$/),
        interval: 'month',
        interval_count: 1,
        trial_days: 0,
        allowances: { api_requests: { included: '10000', limit: null, on_exceed: 'bill', rollover: null } },
        entitlements: {},
      },
    ]);
    expect((await admin.get(plan)).body).toEqual(body);
    expect((await admin.put(plan, { key: `p${count}`, ...STARTER })).body).toEqual(body);
  });

  it('adds a version for another price, none for other words, and lists all of them, newest first', async () => {
    const plan = newPlan();
    for (const amount of ['9', '10', '11']) {
      await admin.put(plan, { ...STARTER, base_fee: { model: 'flat', amount } });
    }
    const named = await admin.put<Plan>(plan, {
      ...STARTER,
      name: 'X',
      base_fee: { model: 'flat', amount: '11' },
    });
    expect([named.body.version, named.body.name]).toEqual([3, 'X']);
    const first = await admin.get<Page>(`${plan}/versions?limit=2`);
    const second = await admin.get<Page>(`${plan}/versions?limit=2&cursor=${first.body.next_cursor}`);
    const shown = [...first.body.items, ...second.body.items].map(({ version, base_fee: fee }) => [
      version,
      fee!.amount,
    ]);
    expect(shown).toEqual([
      [3, '11'],
      [2, '10'],
      [1, '9'],
    ]);
    expect(second.body.next_cursor).toBeNull();
  });

  it('grants what no meter measures, and adds a version for another grant', async () => {
    const plan = newPlan();
    const granting = (entitlements: object) => admin.put<Plan>(plan, { ...STARTER, entitlements });
    const first = await granting({ support: '24x7', sso: true });
    expect(first.body).toMatchObject({ version: 1, entitlements: { sso: true, support: '24x7' } });
    expect((await granting({ sso: true, support: '24x7' })).body).toEqual(first.body);
    expect((await granting({ sso: false })).body).toMatchObject({ version: 2, entitlements: { sso: false } });
    expect((await admin.put<Plan>(plan, STARTER)).body).toMatchObject({ version: 3, entitlements: {} });
    const { body } = await admin.get<Page>(`${plan}/versions`);
    expect(body.items.map(({ entitlements }) => entitlements)).toEqual([
      {},
      { sso: false },
      { sso: true, support: '24x7' },
    ]);
  });

  const tiers = [
    { up_to: '100', unit_amount: '1' },
    { up_to: '50', unit_amount: '1' },
    { up_to: null, unit_amount: '1' },
  ];
  it.each<[string, unknown, string[]]>([
    [
      'overlapping tiers',
      { ...STARTER, prices: { scans: { model: 'volume', tiers } } },
      ['prices.scans.tiers[1].up_to'],
    ],
    ['a negative price', { ...STARTER, base_fee: { model: 'flat', amount: '-1' } }, ['base_fee.amount']],
    ['a currency that is none', { ...STARTER, currency: 'XXX' }, ['currency']],
    [
      'two currencies',
      {
        ...STARTER,
        prices: { scans: { model: 'per_unit', unit_amount: '1', currency: 'EUR' } },
        allowances: {},
      },
      ['prices.scans.currency'],
    ],
    [
      'meters that nobody knows',
      { ...STARTER, prices: { gpu: { model: 'dynamic' } }, allowances: { warp: {} } },
      ['prices.gpu', 'allowances.warp'],
    ],
    ['the key of another plan', { ...STARTER, key: 'hobby' }, ['key']],
    [
      'several mistakes',
      { name: 5, currency: 'USD', trial_days: -1, cost: 1 },
      ['cost', 'name', 'trial_days'],
    ],
    [
      'an entitlement with the name of an allowance',
      { ...STARTER, entitlements: { api_requests: '5', sso: true } },
      ['entitlements.api_requests'],
    ],
    [
      'entitlements that are none',
      { ...STARTER, entitlements: { 'Single sign-on': true, seats: 5 } },
      ['entitlements.seats', 'entitlements.Single sign-on'],
    ],
    ['no body at all', undefined, ['body']],
    ['a list', [STARTER], ['body']],
  ])('refuses %s', async (_words, body, fields) => {
    const plan = newPlan();
    const answer = await admin.put<Problem>(plan, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-argument']);
    expect(answer.body.errors.map(({ field }) => field)).toEqual(fields);
    expect((await admin.get(plan)).status).toBe(404);
  });

  it('refuses a key that is none', async () => {
    expect((await admin.put(`${URL}/No%20Plan`, STARTER)).status).toBe(400);
  });
});

describe('DELETE /api/v1/catalogue/plans/{key}', () => {
  it('retires: the plan stays to be read, is not offered, and comes back when it is put', async () => {
    const plan = newPlan();
    await admin.put(plan, STARTER);
    expect((await admin.send('DELETE', plan)).status).toBe(204);
    expect((await admin.send('DELETE', plan)).status).toBe(204);
    expect((await admin.get<Plan>(plan)).body.is_active).toBe(false);
    expect((await admin.put<Plan>(plan, STARTER)).body).toMatchObject({ is_active: true, version: 1 });
    expect((await admin.send('DELETE', `${URL}/nothing`)).status).toBe(404);
  });
});

describe('the catalogue', () => {
  it('asks for its scopes', async () => {
    const reader = await keyWith(['catalogue:read']);
    expect((await reader.get(URL)).status).toBe(200);
    expect((await reader.get(`${URL}/hobby`)).status).toBe(200);
    expect((await reader.get(`${URL}/hobby/versions`)).status).toBe(200);
    expect((await reader.put(newPlan(), STARTER)).status).toBe(403);
    expect((await reader.send('DELETE', `${URL}/hobby`)).status).toBe(403);
    const other = await keyWith(['prices:read']);
    expect((await other.get(URL)).status).toBe(403);
    expect((await new Rest(app.rest, null).get(URL)).status).toBe(401);
  });

  it('knows no plan that does not exist', async () => {
    for (const path of [`${URL}/nothing`, `${URL}/nothing/versions`])
      expect((await admin.get(path)).status).toBe(404);
  });
});
