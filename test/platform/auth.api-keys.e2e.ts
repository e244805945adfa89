import { withClient } from '../support/postgres';
import { openWorld, rest, type Json, type World } from './door-world';

let world: World;
const KEYS = '/api/v1/api-keys';

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

async function create(body: object, key?: string): Promise<Json> {
  const answer = await rest(world, ['POST', KEYS], { body, ...(key === undefined ? {} : { key }) });
  expect(answer.status).toBe(201);
  return answer.body;
}

describe('making a key', () => {
  it('shows it once, and stores nothing that could be used', async () => {
    const made = await create({
      name: 'importer',
      role: 'writer',
      accounts: ['org:acme'],
      scopes: ['events:backfill'],
    });
    expect(made).toMatchObject({
      name: 'importer',
      role: 'writer',
      scopes: ['events:backfill'],
      accounts: ['org:acme'],
      created_by: 'admin',
      expires_at: null,
      revoked_at: null,
      last_used_at: null,
    });
    expect(made.key.startsWith(`${made.prefix}_`)).toBe(true);
    const secret = made.key.split('_')[2];
    const dump = await withClient(world.database.url, (client) =>
      client.query('select k::text from api_key k'),
    );
    expect(JSON.stringify(dump.rows)).toContain(made.id);
    expect(JSON.stringify(dump.rows)).not.toContain(secret);
    const listed = await rest(world, ['GET', KEYS]);
    expect(JSON.stringify(listed.body)).toContain(made.id);
    expect(JSON.stringify(listed.body)).not.toContain(secret);
    expect(Object.keys(listed.body.items[0]).sort()).toEqual(
      Object.keys(made)
        .filter((field) => field !== 'key')
        .sort(),
    );
  });

  it('must not be kept by anything on the way', async () => {
    const answer = await rest(world, ['POST', KEYS], {
      body: { name: 'a', role: 'reader', accounts: ['*'] },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('keeps one form of an account and of a list', async () => {
    const uuid = '1F0C2D3E-0000-4000-8000-ABCDEF012345';
    const made = await create({
      name: 'forms',
      scopes: ['events:write', 'events:write'],
      accounts: [`team:${uuid}`, `team:${uuid.toLowerCase()}`],
    });
    expect(made).toMatchObject({ scopes: ['events:write'], accounts: [`team:${uuid.toLowerCase()}`] });
    expect(await create({ name: 'all', role: 'reader', accounts: ['org:a', '*'] })).toMatchObject({
      accounts: ['*'],
    });
  });

  it.each([
    [{ role: 'reader', accounts: ['*'] }, ['name']],
    [{ name: 'x', accounts: ['*'] }, ['role']],
    [{ name: 'x', role: 'owner', accounts: ['*'] }, ['role']],
    [{ name: 'x', role: 'reader', accounts: [] }, ['accounts']],
    [{ name: 'x', role: 'reader', accounts: ['acme', 'org:*:b *'] }, ['accounts[0]', 'accounts[1]']],
    [{ name: 'x', role: 'reader', accounts: ['*'], scopes: ['events:own'] }, ['scopes[0]']],
    [{ name: 'x', role: 'reader', accounts: ['*'], expires_at: '2020-01-01T00:00:00Z' }, ['expires_at']],
    [{ name: 'x', role: 'reader', accounts: ['*'], expires_at: 'tomorrow' }, ['expires_at']],
    [{ name: 'x\u0000y', role: 'reader', accounts: ['*'] }, ['name']],
    [
      {
        name: 'x',
        role: 'reader',
        accounts: ['*'],
        id: 'mine',
        hash: 'mine',
        created_by: 'me',
        revoked_at: null,
      },
      ['id', 'hash', 'created_by', 'revoked_at'],
    ],
  ])('refuses %j', async (body, fields) => {
    const answer = await rest(world, ['POST', KEYS], { body });
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual(fields);
  });
});

describe('a key gives no more than its maker has', () => {
  it('neither in scopes nor in accounts', async () => {
    const maker = await create({
      name: 'maker',
      scopes: ['keys:write', 'keys:read', 'events:write'],
      accounts: ['org:*', 'project:one'],
    });
    const attempts: [object, number, string?][] = [
      [{ scopes: ['events:write'], accounts: ['org:acme'] }, 201],
      [{ scopes: ['events:write'], accounts: ['org:*', 'project:one'] }, 201],
      [{ scopes: ['keys:write'], accounts: ['org:acme'] }, 201],
      [{ scopes: ['events:read'], accounts: ['org:acme'] }, 403, 'You do not have the scope events:read'],
      [{ role: 'writer', accounts: ['org:acme'] }, 403, 'You do not have the scope events:read'],
      [{ scopes: ['events:write'], accounts: ['project:two'] }, 403, 'You may not act for project:two'],
      [{ scopes: ['events:write'], accounts: ['project:*'] }, 403, 'You may not act for project:*'],
      [{ scopes: ['events:write'], accounts: ['*'] }, 403, 'You may not act for *'],
    ];
    for (const [body, status, detail] of attempts) {
      const answer = await rest(world, ['POST', KEYS], { key: maker.key, body: { name: 'x', ...body } });
      expect([answer.status, answer.body.detail]).toEqual([status, detail]);
    }
  });

  it('nor in time', async () => {
    const maker = await create({
      name: 'until 2100',
      role: 'admin',
      accounts: ['*'],
      expires_at: '2100-01-01T00:00:00Z',
    });
    const make = async (expires_at: string | null): Promise<number> => {
      const body = { name: 'x', role: 'reader', accounts: ['*'], expires_at };
      return (await rest(world, ['POST', KEYS], { key: maker.key, body })).status;
    };
    expect([
      await make('2099-12-31T00:00:00Z'),
      await make('2100-01-02T00:00:00Z'),
      await make(null),
    ]).toEqual([201, 403, 403]);
  });

  it('and a narrow caller sees and ends only keys within his reach', async () => {
    const narrow = await create({
      name: 'narrow',
      scopes: ['keys:write', 'keys:read'],
      accounts: ['shop:*'],
    });
    const inside = await create({ name: 'inside', scopes: ['keys:read'], accounts: ['shop:a', 'shop:*'] });
    const richer = await create({ name: 'richer', role: 'admin', accounts: ['shop:a'] });
    const outside = await create({ name: 'outside', scopes: ['keys:read'], accounts: ['shop:a', 'other:b'] });
    const everywhere = await create({ name: 'everywhere', scopes: ['keys:read'], accounts: ['*'] });
    const seen = await rest(world, ['GET', KEYS], { key: narrow.key });
    expect(seen.body.items.map(({ name }: { name: string }) => name)).toEqual(['richer', 'inside', 'narrow']);
    const end = async (id: string): Promise<number> =>
      (await rest(world, ['DELETE', `${KEYS}/${id}`], { key: narrow.key })).status;
    expect([
      await end(inside.id),
      await end(richer.id),
      await end(outside.id),
      await end(everywhere.id),
    ]).toEqual([204, 403, 404, 404]);
  });

  it('and what he may not know looks the same as what is not there', async () => {
    const narrow = await create({ name: 'n', scopes: ['keys:write'], accounts: ['alone:*'] });
    const foreign = await create({ name: 'f', scopes: ['keys:read'], accounts: ['foreign:a'] });
    const answers = [foreign.id, '01900000-0000-7000-8000-000000000000'].map(async (id) => {
      const { status, body } = await rest(world, ['DELETE', `${KEYS}/${id}`], { key: narrow.key });
      return { status, ...body, correlation_id: '' };
    });
    const [one, other] = await Promise.all(answers);
    expect(one).toEqual(other);
  });
});

describe('listing keys', () => {
  it('goes page by page, newest first, each key once', async () => {
    for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) {
      await create({ name, scopes: ['usage:read'], accounts: ['page:x'] });
    }
    const reader = await create({ name: 'reader', scopes: ['keys:read'], accounts: ['page:x'] });
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const path: string = `${KEYS}?limit=4${cursor === null ? '' : `&cursor=${cursor}`}`;
      const { status, body } = await rest(world, ['GET', path], { key: reader.key });
      expect(status).toBe(200);
      pages.push(body.items.map(({ name }: { name: string }) => name));
      cursor = body.next_cursor;
    } while (cursor !== null);
    expect(pages).toEqual([
      ['reader', 'p5', 'p4', 'p3'],
      ['p2', 'p1'],
    ]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=nonsense', 'cursor'],
    [`cursor=${'A'.repeat(513)}`, 'cursor'],
    [
      `cursor=${Buffer.from('["other-list",{"id":"01900000-0000-7000-8000-000000000000"}]').toString('base64url')}`,
      'cursor',
    ],
    [`cursor=${Buffer.from('["api-keys",{"id":"x"}]').toString('base64url')}`, 'cursor'],
    [
      `cursor=${Buffer.from('["api-keys",{"id":"01900000-0000-7000-8000-000000000000","or":1}]').toString('base64url')}`,
      'cursor',
    ],
    ['offset=3', 'offset'],
  ])('refuses ?%s', async (query, field) => {
    const answer = await rest(world, ['GET', `${KEYS}?${query}`]);
    expect([answer.status, answer.body.errors[0].field]).toEqual([400, field]);
  });
});

describe('ending a key', () => {
  it('is for good, bites here at once, and can be said twice', async () => {
    const made = await create({ name: 'short', scopes: ['keys:read'], accounts: ['*'] });
    expect((await rest(world, ['GET', KEYS], { key: made.key })).status).toBe(200);
    const ends = [1, 2].map(() => rest(world, ['DELETE', `${KEYS}/${made.id}`]));
    expect((await Promise.all(ends)).map(({ status }) => status)).toEqual([204, 204]);
    expect((await rest(world, ['GET', KEYS], { key: made.key })).status).toBe(401);
    const [listed] = (await rest(world, ['GET', `${KEYS}?limit=1`])).body.items;
    expect(listed).toMatchObject({ id: made.id, name: 'short' });
    expect(Date.parse(listed.revoked_at)).toBeGreaterThan(0);
  });

  it('refuses what is no id', async () => {
    expect((await rest(world, ['DELETE', `${KEYS}/x`])).body.errors).toEqual([
      { field: 'id', reason: 'Invalid UUID' },
    ]);
  });

  it('happens by itself at its end', async () => {
    const made = await create({
      name: 'ends',
      scopes: ['keys:read'],
      accounts: ['*'],
      expires_at: new Date(Date.now() + 1_000).toISOString(),
    });
    expect((await rest(world, ['GET', KEYS], { key: made.key })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await rest(world, ['GET', KEYS], { key: made.key })).status).toBe(401);
  });
});
