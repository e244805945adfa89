import { withClient } from '../support/postgres';
import { newOrg, overages, PROFESSIONAL, Scorpius, scorpiusWorld } from '../support/scorpius-client';
import { hs256 } from '../support/tokens';
import type { UsageWorld } from '../support/usage-world';

let world: UsageWorld;

beforeAll(async () => {
  world = await scorpiusWorld('2024-06-15T00:00:00Z');
});
afterAll(() => world.close());
beforeEach(() => world.itIs('2024-06-15T00:00:00Z'));

/** An organisation with its administrator's client. */
function organisation(): {
  org: string;
  client: Scorpius;
  track: (body: object) => ReturnType<Scorpius['track']>;
} {
  const org = newOrg();
  const client = Scorpius.of(world, org);
  return { org, client, track: (body) => client.track({ org_id: org, ...body }) };
}

describe('what POST /usage/track answers', () => {
  it('S-19, S-55: free, 5 scans on 0 leave 5', async () => {
    const { org, track } = organisation();
    const { status, body } = await track({ feature: 'scans', quantity: 5 });
    expect([status, body]).toEqual([
      200,
      {
        ...{ org_id: org, feature: 'scans', current_usage: 5, limit: 10, remaining: 5 },
        reset_date: '2024-07-01T00:00:00Z',
      },
    ]);
  });

  it('S-18: professional, 10 used, 5 more: 15 of 1000, 985 left', async () => {
    const { org, client, track } = organisation();
    await client.update({ org_id: org, plan: 'professional', limits: PROFESSIONAL });
    await track({ feature: 'scans', quantity: 10 });
    expect((await track({ feature: 'scans', quantity: 5 })).body).toMatchObject({
      ...{ current_usage: 15, limit: 1000, remaining: 985 },
    });
  });

  it('S-22: enterprise has no limit, and -1 is left of it', async () => {
    const { org, client, track } = organisation();
    await client.update({ org_id: org, plan: 'enterprise', limits: { scans: -1 } });
    const { status, body } = await track({ feature: 'scans', quantity: 3 });
    expect([status, body.current_usage, body.limit, body.remaining]).toEqual([200, 3, -1, -1]);
    expect(await overages(world, org)).toEqual([]);
  });

  it('S-24: one unit, unless it says how many', async () => {
    const { track } = organisation();
    expect((await track({ feature: 'scans' })).body.current_usage).toBe(1);
  });

  it('S-20, S-21: beyond the limit is accepted, nothing is left, and each tells what it went further', async () => {
    const { org, track } = organisation();
    const seen: unknown[] = [];
    for (const quantity of [12, 1]) {
      const { status, body } = await track({ feature: 'scans', quantity });
      seen.push([status, body.current_usage, body.limit, body.remaining]);
    }
    expect(seen).toEqual([
      [200, 12, 10, 0],
      [200, 13, 10, 0],
    ]);
    expect(await overages(world, org)).toEqual(['scans 2 beyond 10', 'scans 1 beyond 10']);
  });

  it('row 34: units that a plan refuses are not counted: 402 with the usual body', async () => {
    const { org, track, client } = organisation();
    const overrides = { allowances: { scans: { limit: '5', on_exceed: 'refuse' } } };
    await world.account(`org:${org}`);
    await world.admin.put(`/api/v1/accounts/org:${org}/subscription`, { plan: 'free', overrides });
    await track({ feature: 'scans', quantity: 4 });
    const { status, body } = await track({ feature: 'scans', quantity: 2 });
    expect([status, body.current_usage, body.limit, body.remaining]).toEqual([402, 4, 5, 1]);
    expect(await client.used(org)).toEqual(['scans 4/5']);
    expect((await track({ feature: 'scans', quantity: 1 })).body.current_usage).toBe(5);
  });

  it.each([
    ['S-05', '2024-06-15T00:00:00Z', '2024-07-01T00:00:00Z'],
    ['S-06', '2024-01-15T10:30:00Z', '2024-02-01T00:00:00Z'],
    ['S-07', '2024-12-31T23:59:59Z', '2025-01-01T00:00:00Z'],
    ['S-08', '2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z'],
  ])('%s: at %s the next reset is %s', async (_, now, reset) => {
    world.itIs(now);
    const { track } = organisation();
    expect((await track({ feature: 'scans' })).body.reset_date).toBe(reset);
  });

  it('S-13: the event keeps feature, units and metadata', async () => {
    const { org, track } = organisation();
    await track({ feature: 'scans', quantity: 5, metadata: { test: 'data' } });
    const { body } = await world.admin.get<{ items: object[] }>(`/api/v1/events?account=org:${org}`);
    expect(body.items).toMatchObject([
      { account: `org:${org}`, type: 'scans', quantity: '5', properties: { test: 'data' } },
    ]);
  });
});

describe('a request with an Idempotency-Key', () => {
  it('S-58: counts once and gets the first answer again', async () => {
    const { org, client } = organisation();
    const five = { org_id: org, feature: 'scans', quantity: 5 };
    const first = await client.track(five, { 'idempotency-key': 'k1' });
    await client.track({ ...five, quantity: 1 });
    const again = await client.track(five, { 'idempotency-key': 'k1' });
    expect([first.status, again.status, again.body]).toEqual([200, 200, first.body]);
    expect(await client.used(org)).toEqual(['scans 6/10']);
  });

  it.each<[string, object]>([
    ['feature', { feature: 'wallet_checks' }],
    ['quantity', { quantity: 2 }],
    ['metadata', { metadata: { other: 'words' } }],
  ])('is a conflict with another %s under the same key (row 18)', async (_, change) => {
    const { org, client } = organisation();
    const body = { org_id: org, feature: 'scans', quantity: 1, metadata: { some: 'words' } };
    await client.track(body, { 'idempotency-key': 'k1' });
    const { status, body: told } = await client.track({ ...body, ...change }, { 'idempotency-key': 'k1' });
    expect([status, told.detail]).toEqual([409, 'The Idempotency-Key named another request before']);
    expect(await client.used(org)).toEqual(['scans 1/10']);
  });

  it('has one of its own in each organisation; an empty one is none', async () => {
    const [one, other] = [organisation(), organisation()];
    for (const { org, client } of [one, other]) {
      await client.track({ org_id: org, feature: 'scans' }, { 'idempotency-key': 'shared' });
      await client.track({ org_id: org, feature: 'scans' }, { 'idempotency-key': '' });
      await client.track({ org_id: org, feature: 'scans' }, { 'idempotency-key': '' });
      expect(await client.used(org)).toEqual(['scans 3/10']);
    }
  });

  it('counts once, however many send it at once', async () => {
    const { org, client } = organisation();
    const send = () => client.track({ org_id: org, feature: 'scans' }, { 'idempotency-key': 'race' });
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await client.used(org)).toEqual(['scans 1/10']);
  });
});

describe('many at once', () => {
  const fifty = (org: string, client: Scorpius, feature: string) =>
    Promise.all(Array.from({ length: 50 }, () => client.track({ org_id: org, feature })));

  it.each(['scans', 'reports of their own'])(
    'S-25: 50 first events of a period are 50 (%s)',
    async (feature) => {
      const { org, client } = organisation();
      const answers = await fifty(org, client, feature);
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect((await client.usage(org)).body.features[feature]!.current).toBe(50);
    },
  );

  it('S-26: 50 more on 50 are 100', async () => {
    const { org, client } = organisation();
    await client.track({ org_id: org, feature: 'scans', quantity: 50 });
    const answers = await fifty(org, client, 'scans');
    const totals = answers.map(({ body }) => body.current_usage).sort((a, b) => a - b);
    expect(totals).toEqual(Array.from({ length: 50 }, (_, i) => 51 + i));
    expect(await client.used(org)).toEqual(['scans 100/10']);
  });
});

it('row 34: 50 that race for 10 refused beyond get exactly 10', async () => {
  const { org, client } = organisation();
  const overrides = { allowances: { scans: { limit: '10', on_exceed: 'refuse' } } };
  await world.account(`org:${org}`);
  await world.admin.put(`/api/v1/accounts/org:${org}/subscription`, { plan: 'free', overrides });
  const send = () => client.track({ org_id: org, feature: 'scans' });
  const answers = await Promise.all(Array.from({ length: 50 }, send));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
  expect(answers.filter(({ status }) => status === 402)).toHaveLength(40);
  expect(await client.used(org)).toEqual(['scans 10/10']);
});

describe('features without a meter (row 22)', () => {
  it('are counted one by one, without limit, under any name', async () => {
    const { org, client, track } = organisation();
    await track({ feature: 'exports:daily', quantity: 2 });
    await track({ feature: 'Berichte, täglich', quantity: 3 });
    const { body } = await track({ feature: 'exports:daily', metadata: { feature: 'not this one' } });
    expect(body).toMatchObject({ feature: 'exports:daily', current_usage: 3, limit: -1, remaining: -1 });
    await track({ feature: '__proto__' });
    await track({ feature: 'compute_gb_hours' });
    expect(await client.used(org)).toEqual([
      ...['Berichte, täglich 3/-1', '__proto__ 1/-1', 'compute_gb_hours 1/-1', 'exports:daily 3/-1'],
    ]);
  });

  it('are at most a hundred in a period; the next is refused and not counted (decision 15)', async () => {
    const { org, client, track } = organisation();
    const answers = await Promise.all(
      Array.from({ length: 110 }, (_, i) => track({ feature: `feature ${i}` })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.map(({ status, body }) => [status, body.detail])).toEqual(
      Array(10).fill([422, [expect.objectContaining({ loc: ['body', 'feature'] })]]),
    );
    expect(await client.used(org)).toHaveLength(100);
    const known = answers.find(({ status }) => status === 200)!.body.feature;
    expect((await track({ feature: known })).body.current_usage).toBe(2);
    expect((await track({ feature: 'scans' })).status).toBe(200);
    world.itIs('2024-07-01T00:00:00Z');
    expect((await track({ feature: 'a new one' })).status).toBe(200);
  });
});

describe('a request that cannot be read', () => {
  const deep = `{"org_id":"ORG","feature":"scans","metadata":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`;
  const valid = { org_id: 'ORG', feature: 'scans' };

  it.each<[string, unknown, string[], string]>([
    ['S-33: no feature', { org_id: 'ORG' }, ['body', 'feature'], 'missing'],
    ['no organisation', { feature: 'scans' }, ['body', 'org_id'], 'missing'],
    ['S-23: a negative quantity', { ...valid, quantity: -10 }, ['body', 'quantity'], 'greater_than_equal'],
    ['no units', { ...valid, quantity: 0 }, ['body', 'quantity'], 'greater_than_equal'],
    ['a quantity as text', { ...valid, quantity: '5' }, ['body', 'quantity'], 'int_type'],
    ['a part of a unit', { ...valid, quantity: 1.5 }, ['body', 'quantity'], 'int_type'],
    ['true for a quantity', { ...valid, quantity: true }, ['body', 'quantity'], 'int_type'],
    ['null for a quantity', { ...valid, quantity: null }, ['body', 'quantity'], 'int_type'],
    [
      'more than 10^15',
      '{"org_id":"ORG","feature":"scans","quantity":1000000000000001}',
      ['body', 'quantity'],
      'less_than_equal',
    ],
    [
      'a huge number',
      '{"org_id":"ORG","feature":"scans","quantity":1e400}',
      ['body', 'quantity'],
      'int_type',
    ],
    ['null for metadata', { ...valid, metadata: null }, ['body', 'metadata'], 'dict_type'],
    ['a list for metadata', { ...valid, metadata: [] }, ['body', 'metadata'], 'dict_type'],
    ['deep metadata', deep, ['body'], 'value_error'],
    [
      'much metadata',
      { ...valid, metadata: { text: 'x'.repeat(40_000) } },
      ['body', 'metadata'],
      'value_error',
    ],
    ['a feature that is a number', { ...valid, feature: 7 }, ['body', 'feature'], 'string_type'],
    ['a feature without a name', { ...valid, feature: '' }, ['body', 'feature'], 'string_too_short'],
    ['a long feature', { ...valid, feature: 'x'.repeat(201) }, ['body', 'feature'], 'string_too_long'],
    ['a feature with a line break', { ...valid, feature: 'a\nb' }, ['body', 'feature'], 'value_error'],
    ['an organisation with a blank', { ...valid, org_id: 'a b' }, ['body', 'org_id'], 'value_error'],
    ['an empty body', '', ['body'], 'missing'],
    ['null', 'null', ['body'], 'dict_type'],
    ['a list', [], ['body'], 'dict_type'],
    ['half a body', '{"org_id":', ['body'], 'json_invalid'],
    ['a poisoned prototype', '{"org_id":"ORG","feature":"scans","__proto__":{}}', ['body'], 'json_invalid'],
  ])('is answered with 422 and counts nothing: %s', async (_, sent, loc, type) => {
    const { org, client } = organisation();
    const text = (typeof sent === 'string' ? sent : JSON.stringify(sent)).replace('ORG', org);
    const { status, body } = await client.send('POST', '/usage/track', { body: text });
    expect([status, body.detail]).toEqual([422, [{ loc, msg: expect.any(String), type }]]);
    expect(await client.used(org)).toEqual([]);
  });

  it('is one that is not JSON, too', async () => {
    const { client } = organisation();
    const sent = { body: 'feature=scans', contentType: 'application/x-www-form-urlencoded' };
    const { status, body } = await client.send('POST', '/usage/track', sent);
    expect([status, body.detail]).toEqual([
      422,
      [expect.objectContaining({ loc: ['header', 'content-type'] })],
    ]);
  });

  it('names every wrong field; a field it does not know is ignored', async () => {
    const { client, track } = organisation();
    const { body } = await client.track({ quantity: 'many', metadata: 1, extra: true });
    expect((body.detail as readonly { loc: string[] }[]).map(({ loc }) => loc[1])).toEqual([
      ...['org_id', 'feature', 'quantity', 'metadata'],
    ]);
    expect((await track({ feature: 'scans', extra: { deep: [1] } })).status).toBe(200);
  });

  it('is one with a key that is no key', async () => {
    const { org, client } = organisation();
    for (const key of ['x'.repeat(256), 'schlüssel']) {
      const { status, body } = await client.track(
        { org_id: org, feature: 'scans' },
        { 'idempotency-key': key },
      );
      expect([status, body.detail]).toEqual([
        ...[422, [expect.objectContaining({ loc: ['header', 'idempotency-key'] })]],
      ]);
    }
    expect(await client.used(org)).toEqual([]);
  });
});

describe('who may track', () => {
  const body = { org_id: 'anybody', feature: 'scans' };

  it.each<[string, () => string | null, string]>([
    ['S-28: a token that is none', () => 'invalid-token', 'Invalid authentication token'],
    ['S-29: nobody', () => null, 'Not authenticated'],
    [
      'S-27: a token without an end',
      () => hs256({ org_id: 'anybody', exp: undefined }),
      'Invalid authentication token',
    ],
    [
      'a token that has ended',
      () => hs256({ org_id: 'anybody', exp: 1_000 }),
      'Invalid authentication token',
    ],
    ['a token without an organisation', () => hs256({ user_id: 'u-1' }), 'Invalid authentication token'],
    [
      'a token of another issuer',
      () => hs256({ org_id: 'anybody' }, 'another-secret-of-32-characters-!'),
      'Invalid authentication token',
    ],
  ])('not %s: 401', async (_, token, detail) => {
    const client = new Scorpius(world, token());
    for (const answer of [await client.track(body), await client.usage('anybody'), await client.track('{')]) {
      expect([answer.status, answer.body]).toEqual([401, { detail }]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('not another scheme, nor a key that may only read', async () => {
    const other = await new Scorpius(world, null).track(body, { authorization: 'Basic YTpi' });
    expect([other.status, other.body.detail]).toEqual([401, 'Not authenticated']);
    const { body: made } = await world.admin.post<{ key: string }>('/api/v1/api-keys', {
      ...{ name: 'reader', role: 'reader', accounts: ['org:anybody'] },
    });
    const read = await new Scorpius(world, made.key).track(body);
    expect([read.status, read.body.detail]).toEqual([403, 'Access denied']);
  });

  it('S-30: not for another organisation: 403, and nothing is counted', async () => {
    const [mine, theirs] = [organisation(), organisation()];
    const { status, body: told } = await mine.client.track({ org_id: theirs.org, feature: 'scans' });
    expect([status, told]).toEqual([403, { detail: 'Organization ID mismatch' }]);
    const rows = await withClient(world.app.databaseUrl, (client) =>
      client.query('select from account where key = $1', [`org:${theirs.org}`]),
    );
    expect(rows.rowCount).toBe(0);
  });
});
