import { LedgerService } from '../../src/ledger/ledger.service';
import { AccountService } from '../../src/cost-centers/account.service';
import { parseAccountKey } from '../../src/core/account-key';
import { charge } from '../../src/core/posting';
import { parseAmount, parseAsset } from '../../src/core/asset';
import { Database } from '../../src/platform/transaction';
import type { RestAnswer } from '../support/rest';
import { UsageWorld } from '../support/usage-world';

interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}
interface Grant {
  id: string;
  left: string;
}
interface Problem {
  code: string;
  errors?: { field: string }[];
}

const NOW = '2025-03-15T12:00:00Z';
const USD = parseAsset('USD');

let world: UsageWorld;
let accounts = 0;

beforeAll(async () => {
  world = await UsageWorld.at(NOW);
});
afterAll(() => world.close());

/** A new account; answers the path of its doors. */
async function newAccount(): Promise<string> {
  const key = `org:ledger-${++accounts}`;
  await world.account(key);
  return `/api/v1/accounts/${key}`;
}

async function charged(path: string, source: string, amount: string): Promise<void> {
  const { app } = world.app;
  const account = await app
    .get(AccountService, { strict: false })
    .get(parseAccountKey(path.split('/').at(-1)!));
  const fact = { asset: USD, amount: parseAmount(amount, USD), source, at: new Date(NOW) };
  await app
    .get(Database)
    .transaction((tx) => app.get(LedgerService, { strict: false }).post(tx, account, [charge(fact)]));
}

async function give(path: string, body: object, key?: string): Promise<RestAnswer<Grant & Problem>> {
  const response = await fetch(`${world.app.rest}${path}/grants`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': world.app.adminKey,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Grant & Problem;
  return { status: response.status, headers: response.headers, body: answer };
}

const listed = async (path: string): Promise<Grant[]> =>
  (await world.admin.get<Page<Grant>>(`${path}/grants`)).body.items;

describe('GET /api/v1/accounts/{key}/balance', () => {
  it('shows debits less credits by asset and name', async () => {
    const path = await newAccount();
    await charged(path, 'span:1', '12.30');
    await give(path, { asset: 'JPY', amount: '500', kind: 'prepaid' });
    const { status, body } = await world.admin.get(`${path}/balance`);
    expect([status, body]).toEqual([
      200,
      {
        account: path.split('/').at(-1),
        items: [
          { asset: 'JPY', name: 'grants', posted: '-500', with_pending: '-500' },
          { asset: 'JPY', name: 'payments', posted: '500', with_pending: '500' },
          { asset: 'USD', name: 'receivable', posted: '12.30', with_pending: '12.30' },
          { asset: 'USD', name: 'usage', posted: '-12.30', with_pending: '-12.30' },
        ],
      },
    ]);
  });

  it('of an account without a transfer is empty', async () => {
    expect((await world.admin.get<Page<object>>(`${await newAccount()}/balance`)).body.items).toEqual([]);
  });
});

describe('GET /api/v1/accounts/{key}/ledger', () => {
  it('reads transfers newest first, page by page', async () => {
    const path = await newAccount();
    for (let i = 1; i <= 5; i++) await charged(path, `span:${i}`, `${i}`);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await world.admin.get<Page<{ source: string }>>(`${path}/ledger?limit=2${query}`);
      seen.push(...body.items.map(({ source }) => source));
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(['span:5', 'span:4', 'span:3', 'span:2', 'span:1']);
  });

  it('words a transfer in full', async () => {
    const path = await newAccount();
    await charged(path, 'span:1', '12.30');
    const { body } = await world.admin.get<Page<object>>(`${path}/ledger`);
    expect(body.items).toEqual([
      {
        id: expect.any(String),
        kind: 'charge',
        asset: 'USD',
        debit: 'receivable',
        credit: 'usage',
        amount: '12.30',
        source: 'span:1',
        reverses: null,
        effective_at: '2025-03-15T12:00:00.000Z',
        recorded_at: expect.any(String),
      },
    ]);
  });

  it.each(['', 'x', 'WyJncmFudHMiLHsiYXQiOjEsImlkIjoiMDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAwIn1d'])(
    'refuses the cursor %j',
    async (cursor) => {
      const { status } = await world.admin.get(`${await newAccount()}/ledger?cursor=${cursor}`);
      expect(status).toBe(400);
    },
  );
});

describe('POST /api/v1/accounts/{key}/grants', () => {
  const welcome = { asset: 'USD', amount: '25', description: 'Welcome' };

  it('gives what it says', async () => {
    const path = await newAccount();
    const ends = { expires_at: '2025-04-01T00:00:00+02:00', priority: 3 };
    const { status, body } = await give(path, { ...welcome, ...ends });
    expect([status, body]).toEqual([
      201,
      {
        id: expect.any(String),
        asset: 'USD',
        kind: 'promotional',
        amount: '25.00',
        used: '0.00',
        expired: '0.00',
        left: '25.00',
        priority: 3,
        expires_at: '2025-03-31T22:00:00.000Z',
        description: 'Welcome',
        created_at: expect.any(String),
      },
    ]);
    expect(await listed(path)).toEqual([body]);
  });

  it('with one key gives once, also at once; without, as often as asked', async () => {
    const path = await newAccount();
    const answers = await Promise.all([1, 2, 3, 4].map(() => give(path, welcome, 'welcome-1')));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await listed(path)).toHaveLength(1);
    await give(path, welcome);
    await give(path, welcome);
    expect(await listed(path)).toHaveLength(3);
    // The key is the account's: another one has it too.
    expect((await give(await newAccount(), welcome, 'welcome-1')).body.id).not.toBe(answers[0]!.body.id);
  });

  it('refuses other words under the same key', async () => {
    const path = await newAccount();
    await give(path, welcome, 'welcome-1');
    const { status, body } = await give(path, { ...welcome, amount: '26' }, 'welcome-1');
    expect([status, body.code]).toEqual([409, 'conflict']);
    expect((await listed(path)).map(({ left }) => left)).toEqual(['25.00']);
  });

  it.each<[object, string]>([
    [{ amount: '1' }, 'asset'],
    [{ asset: 'EURO', amount: '1' }, 'asset'],
    [{ asset: 'USD', amount: '0.001' }, 'amount'],
    [{ asset: 'USD', amount: '0' }, 'amount'],
    [{ asset: 'USD', amount: '-1' }, 'amount'],
    [{ asset: 'USD', amount: '1000000000000001' }, 'amount'],
    [{ asset: 'USD', amount: 1 }, 'amount'],
    [{ asset: 'USD', amount: '1', kind: 'carried' }, 'kind'],
    [{ asset: 'USD', amount: '1', priority: 0.5 }, 'priority'],
    [{ asset: 'USD', amount: '1', expires_at: NOW }, 'expires_at'],
    [{ asset: 'USD', amount: '1', expires_at: 'soon' }, 'expires_at'],
    [{ asset: 'USD', amount: '1', note: 'x' }, 'note'],
  ])('refuses %j, naming %s', async (body, field) => {
    const path = await newAccount();
    const answer = await give(path, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors!.map((error) => error.field)).toEqual([field]);
    expect(await listed(path)).toEqual([]);
  });

  it('refuses a key that is too long', async () => {
    const { status, body } = await give(await newAccount(), welcome, 'x'.repeat(256));
    expect([status, body.errors![0]!.field]).toEqual([400, 'idempotency-key']);
  });
});

describe('an account that is not the caller’s', () => {
  it('is not there, for reading and for giving', async () => {
    const path = await newAccount();
    const stranger = await world.caller('admin', ['org:somebody-else']);
    for (const door of ['balance', 'ledger', 'grants']) {
      const mine = await stranger.get<Problem>(`${path}/${door}`);
      const nobodys = await world.admin.get<Problem>(`/api/v1/accounts/org:nobody/${door}`);
      expect([mine.status, mine.body.code]).toEqual([404, 'not-found']);
      expect([nobodys.status, nobodys.body.code]).toEqual([404, 'not-found']);
    }
    expect((await stranger.post(`${path}/grants`, { asset: 'USD', amount: '1' })).status).toBe(404);
  });

  it('asks readers and givers for their scopes', async () => {
    const path = await newAccount();
    const reader = await world.caller('reader', ['*']);
    expect((await reader.get(`${path}/balance`)).status).toBe(200);
    expect((await reader.post(`${path}/grants`, { asset: 'USD', amount: '1' })).status).toBe(403);
    const ingest = await world.caller('ingest', ['*']);
    for (const door of ['balance', 'ledger', 'grants']) {
      expect((await ingest.get(`${path}/${door}`)).status).toBe(403);
    }
  });
});
