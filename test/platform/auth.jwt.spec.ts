import { createHmac } from 'node:crypto';
import { endOf, principalOf } from '../../src/platform/auth/jwt-claims';
import { keyOfJwk, type JwtKey } from '../../src/platform/auth/jwt-key';
import { downloadKeys } from '../../src/platform/auth/jwt-key-download';
import { JwtKeySet } from '../../src/platform/auth/jwt-key-set';
import { JwtProver } from '../../src/platform/auth/jwt-prover';
import { mayBeJwt } from '../../src/platform/auth/jwt-text';
import { KeyCache, TOKENS } from '../../src/platform/auth/key-cache';
import { mayUseAccount, principalRef } from '../../src/platform/auth/principal';
import { Clock } from '../../src/platform/clock';
import { Logger } from '../../src/platform/logger';
import {
  ecKey,
  hs256,
  inAnHour,
  rsaKey,
  serveKeySet,
  token,
  TOKEN_SECRET,
  type TestKeySet,
} from '../support/tokens';

const NONE = { jwtSecret: null, jwksUrl: null, jwtIssuer: null, jwtAudience: null };

function prover(config: Partial<ConstructorParameters<typeof JwtProver>[2]>): JwtProver {
  return new JwtProver(new Clock(), new Logger({ logLevel: 'silent' }), { ...NONE, ...config });
}

const ACME = { org_id: 'acme', sub: 'u-1' };

describe('a token signed by the shared secret', () => {
  const prove = (text: string): Promise<boolean> =>
    prover({ jwtSecret: TOKEN_SECRET })
      .prove(text)
      .then((proof) => proof !== null);

  it('proves its holder until it ends', async () => {
    const exp = inAnHour();
    const proof = await prover({ jwtSecret: TOKEN_SECRET }).prove(hs256({ ...ACME, exp }));
    expect(proof!.principal).toMatchObject({ id: 'u-1', kind: 'jwt', accounts: ['org:acme'] });
    expect(principalRef(proof!.principal)).toBe('jwt:u-1');
    expect(proof!.expiresAt).toEqual(new Date(exp * 1_000));
  });

  const unsigned = token({ alg: 'none' }, { ...ACME, exp: inAnHour() }, () => Buffer.from('x'));
  const [head, body] = hs256(ACME).split('.') as [string, string];
  const now = inAnHour() - 3_600;
  it.each([
    ['without an algorithm', unsigned],
    ['of algorithm None', hs256(ACME, TOKEN_SECRET, { alg: 'None' })],
    ['of HS512 with the right secret', hs256(ACME, TOKEN_SECRET, { alg: 'HS512' })],
    ['by another secret', hs256(ACME, `${TOKEN_SECRET}x`)],
    ['by an empty secret', hs256(ACME, '')],
    ['with half a signature', hs256(ACME).slice(0, -22)],
    [
      'with the body of another',
      `${head}.${hs256({ org_id: 'other' }).split('.')[1]}.${hs256(ACME).split('.')[2]}`,
    ],
    ['with a header that is no JSON', `e30x.${body}.AAAA`],
    ['with a header that is a list', `W10.${body}.AAAA`],
    ['of a critical extension', hs256(ACME, TOKEN_SECRET, { crit: ['b64'], b64: false })],
    ['of another type', hs256(ACME, TOKEN_SECRET, { typ: 'dpop+jwt' })],
    ['without exp', hs256({ ...ACME, exp: undefined })],
    ['with exp as a text', hs256({ ...ACME, exp: String(inAnHour()) })],
    ['with exp null', hs256({ ...ACME, exp: null })],
    ['expired beyond the leeway', hs256({ ...ACME, exp: now - 31 })],
    ['not valid yet', hs256({ ...ACME, nbf: now + 120 })],
  ])('is refused %s', async (_case, text) => {
    expect(await prove(text)).toBe(false);
  });

  it.each([
    ['a little expired', hs256({ ...ACME, exp: now - 10 })],
    ['valid in a moment', hs256({ ...ACME, nbf: now + 10 })],
    ['of a type in other letters', hs256(ACME, TOKEN_SECRET, { typ: 'at+JWT' })],
    ['with a kid nobody asked for', hs256(ACME, TOKEN_SECRET, { kid: 'any' })],
  ])('is taken %s', async (_case, text) => {
    expect(await prove(text)).toBe(true);
  });

  it('proves nothing where no secret is configured', async () => {
    expect(await prover({}).prove(hs256(ACME))).toBeNull();
  });

  it('is for our issuer and our audience, where they are configured', async () => {
    const strict = prover({ jwtSecret: TOKEN_SECRET, jwtIssuer: 'scorpius-auth', jwtAudience: 'tally' });
    const judge = async (claims: object): Promise<boolean> =>
      (await strict.prove(hs256({ ...ACME, ...claims }))) !== null;
    expect(await judge({ iss: 'scorpius-auth', aud: 'tally' })).toBe(true);
    expect(await judge({ iss: 'scorpius-auth', aud: ['other', 'tally'] })).toBe(true);
    expect(await judge({ iss: 'scorpius-auth' })).toBe(false);
    expect(await judge({ iss: 'scorpius-auth', aud: ['other'] })).toBe(false);
    expect(await judge({ iss: 'other', aud: 'tally' })).toBe(false);
    expect(await judge({ aud: 'tally' })).toBe(false);
  });
});

describe('the shape of a token', () => {
  it('is told from keys', () => {
    expect(mayBeJwt(hs256(ACME))).toBe(true);
    for (const text of ['', 'a.b', 'a..b', 'a.b.c.d', `th_${'a'.repeat(10)}_${'b'.repeat(32)}`, 'a.b c.d'])
      expect(mayBeJwt(text)).toBe(false);
    expect(mayBeJwt(`a.${'b'.repeat(9_000)}.c`)).toBe(false);
  });
});

describe('the accounts of a token', () => {
  const accounts = (claims: object): readonly string[] | '*' => principalOf({ ...claims }).accounts;
  const uuid = 'AB1F0E2D-1111-4222-8333-444455556666';

  it('are its organisation, its projects and those it spells out', () => {
    expect(accounts({ org_id: 'acme' })).toEqual(['org:acme']);
    expect(accounts({ org_id: uuid })).toEqual([`org:${uuid.toLowerCase()}`]);
    expect(accounts({ projects: ['p1', 'p2', 'p1'] })).toEqual(['project:p1', 'project:p2']);
    expect(accounts({ org_id: 'acme', accounts: [`team:${uuid}`] })).toEqual([
      'org:acme',
      `team:${uuid.toLowerCase()}`,
    ]);
  });

  it.each<[string, object]>([
    ['none', { sub: 'u-1' }],
    ['an empty organisation', { org_id: '' }],
    ['an organisation that is a number', { org_id: 7 }],
    ['an empty list', { projects: [], accounts: [] }],
    ['every organisation', { org_id: '*' }],
    ['everything below one', { org_id: 'acme:*' }],
    ['every project', { projects: ['*'] }],
    ['a pattern', { accounts: ['org:*'] }],
    ['the pattern of all', { accounts: ['*'] }],
    ['blanks', { org_id: 'ac me' }],
    ['letters beyond ASCII', { org_id: 'äcme' }],
    ['a text for a list', { projects: 'p1' }],
    ['a good one and a bad one', { org_id: 'acme', projects: ['p1', null] }],
    ['more than a hundred', { projects: Array.from({ length: 101 }, (_, n) => `p${n}`) }],
  ])('are refused: %s', (_case, claims) => {
    expect(() => principalOf({ ...claims })).toThrow();
  });

  it('are all the token may touch', () => {
    const principal = principalOf({ org_id: 'acme' });
    const others = ['org:acme2', 'org:acm', 'org:*', '*', 'project:acme', 'org:acme:x'];
    expect(mayUseAccount(principal, 'org:acme')).toBe(true);
    expect(others.filter((key) => mayUseAccount(principal, key))).toEqual([]);
  });
});

describe('the roles of a token', () => {
  const mayChange = (claims: object): boolean =>
    principalOf({ org_id: 'acme', ...claims }).scopes.has('limits:write');

  it.each<[object, boolean]>([
    [{ role: 'admin' }, true],
    [{ role: 'billing_admin' }, true],
    [{ roles: ['viewer', 'billing_admin'] }, true],
    [{ role: 'user', roles: ['admin'] }, true],
    [{}, false],
    [{ role: 'user' }, false],
    [{ roles: ['viewer'] }, false],
    [{ role: 'Admin' }, false],
    [{ role: ['admin'] }, false],
    [{ roles: 'admin' }, false],
    [{ roles: [['admin']] }, false],
  ])('%j', (claims, expected) => {
    expect(mayChange(claims)).toBe(expected);
  });

  it('never give what an operator has', () => {
    const { scopes } = principalOf({ org_id: 'acme', role: 'admin' });
    const operators = [
      'keys:write',
      'grants:write',
      'accounts:write',
      'operations:write',
      'events:backfill',
      'prices:write',
    ];
    expect(operators.filter((scope) => scopes.has(scope as never))).toEqual([]);
  });
});

describe('the holder of a token', () => {
  it('is told by sub, else by user_id, else by the account', () => {
    expect(principalOf({ org_id: 'a', sub: 'one', user_id: 'two' }).id).toBe('one');
    expect(principalOf({ org_id: 'a', user_id: 42 }).id).toBe('42');
    expect(principalOf({ org_id: 'a' }).id).toBe('org:a');
  });

  it.each([{ sub: '' }, { sub: 'a\nb' }, { sub: {} }, { sub: 'x'.repeat(256) }, { user_id: 1.5 }])(
    'is a short text: %j',
    (claims) => {
      expect(() => principalOf({ org_id: 'a', ...claims })).toThrow();
    },
  );
});

describe('the end of a token', () => {
  const rules = { nowMs: 1_000_000, issuer: null, audience: null };
  it('is in seconds, a fraction allowed, however far', () => {
    expect(endOf({ exp: 1_000.5 }, rules)).toEqual(new Date(1_000_500));
    expect(endOf({ exp: 1e300 }, rules)).toEqual(new Date(8.64e15));
  });

  it('has a leeway of thirty seconds', () => {
    expect(endOf({ exp: 970.001 }, rules)).toEqual(new Date(970_001));
    expect(() => endOf({ exp: 970 }, rules)).toThrow('it has expired');
    expect(() => endOf({ exp: -1 }, rules)).toThrow('its exp is not a time');
  });
});

describe('a key set', () => {
  const rsa = rsaKey('r1');
  const ec = ecKey('e1');
  let served: TestKeySet;
  beforeEach(async () => {
    served = await serveKeySet(rsa, ec);
  });
  afterEach(() => served.close());

  const proves = async (text: string, more: object = {}): Promise<boolean> =>
    (await prover({ jwksUrl: served.url, ...more }).prove(text)) !== null;

  it('proves RS256 and ES256, by name or where there is one key of the kind', async () => {
    expect(await proves(rsa.sign(ACME))).toBe(true);
    expect(await proves(ec.sign(ACME))).toBe(true);
    expect(await proves(ec.sign(ACME, { kid: undefined }))).toBe(true);
    served.keys.push(rsaKey('r2').jwk);
    expect(await proves(rsa.sign(ACME, { kid: undefined }))).toBe(false);
  });

  it('takes no public key for a secret, and no algorithm but that of the key', async () => {
    const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }) as string;
    const confused = (secret: string) =>
      token({ alg: 'HS256', kid: 'r1' }, { ...ACME, exp: inAnHour() }, (signed) =>
        createHmac('sha256', secret).update(signed).digest(),
      );
    expect(await proves(confused(pem))).toBe(false);
    expect(await proves(confused(pem), { jwtSecret: TOKEN_SECRET })).toBe(false);
    expect(await proves(confused(JSON.stringify(rsa.jwk)))).toBe(false);
    expect(await proves(rsa.sign(ACME, { alg: 'ES256' }))).toBe(false);
    expect(await proves(ec.sign(ACME, { alg: 'RS256' }))).toBe(false);
    expect(await proves(ecKey('e1').sign(ACME))).toBe(false);
  });

  it('works beside a secret', async () => {
    const both = prover({ jwksUrl: served.url, jwtSecret: TOKEN_SECRET });
    expect([await both.prove(hs256(ACME)), await both.prove(ec.sign(ACME))].includes(null)).toBe(false);
  });

  it('is asked once by many, and again for a new key at most once a minute', async () => {
    let now = 0;
    const set = new JwtKeySet(
      () => downloadKeys(served.url),
      fail,
      () => now,
    );
    await Promise.all(Array.from({ length: 50 }, () => set.find('RS256', 'r1')));
    expect(served.asked).toBe(1);
    const next = rsaKey('r2');
    served.keys.push(next.jwk);
    expect(await set.find('RS256', 'r2')).toBeNull();
    expect(served.asked).toBe(1);
    now = 60_000;
    expect(await set.find('RS256', 'r2')).not.toBeNull();
    expect(served.asked).toBe(2);
    for (let n = 0; n < 20; n++) expect(await set.find('RS256', `invented-${n}`)).toBeNull();
    expect(served.asked).toBe(2);
  });

  it('forgets a withdrawn key, and lives a day without its provider', async () => {
    let now = 0;
    const failures: unknown[] = [];
    const set = new JwtKeySet(
      () => downloadKeys(served.url),
      (error) => failures.push(error),
      () => now,
    );
    expect(await set.find('RS256', 'r1')).not.toBeNull();
    served.keys = [ec.jwk];
    now = 600_000;
    expect(await set.find('RS256', 'r1')).not.toBeNull();
    while (served.asked < 2 || (await set.find('RS256', 'r1')) !== null) await new Promise(setImmediate);
    served.status = 500;
    now = 1_300_000;
    expect(await set.find('ES256', 'e1')).not.toBeNull();
    while (failures.length === 0) await new Promise(setImmediate);
    now = 600_000 + 86_400_000;
    await expect(set.find('ES256', 'e1')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each<[string, (set: TestKeySet) => void]>([
    ['answers with an error', (set) => void (set.status = 500)],
    ['redirects', (set) => void (set.status = 302)],
    ['answers with a page', (set) => void (set.body = '<html>')],
    ['answers with no keys', (set) => void (set.body = '{"keys":[]}')],
    ['answers without end', (set) => void (set.body = `{"keys":["${'x'.repeat(300_000)}"]}`)],
  ])('that %s makes tokens unavailable, and is asked again after five seconds', async (_case, spoil) => {
    spoil(served);
    let now = 0;
    const set = new JwtKeySet(
      () => downloadKeys(served.url),
      () => undefined,
      () => now,
    );
    await expect(set.find('ES256', 'e1')).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 5,
    });
    const asked = served.asked;
    await expect(set.find('ES256', 'e1')).rejects.toMatchObject({ code: 'unavailable' });
    expect(served.asked).toBe(asked);
    Object.assign(served, { status: 200, body: null });
    now = 5_000;
    expect(await set.find('ES256', 'e1')).not.toBeNull();
  });

  it('gives only keys that are for our signatures', () => {
    const usable = (jwk: object): JwtKey | null => keyOfJwk(jwk);
    expect(usable(rsa.jwk)).toMatchObject({ alg: 'RS256', kid: 'r1' });
    expect(usable(ec.jwk)).toMatchObject({ alg: 'ES256', kid: 'e1' });
    const unusable: object[] = [
      rsaKey('weak', 1_024).jwk,
      ecKey('other curve', 'P-384').jwk,
      { ...rsa.jwk, alg: 'RS512' },
      { ...rsa.jwk, alg: 'RSA-OAEP' },
      { ...rsa.jwk, use: 'enc' },
      { ...ec.jwk, key_ops: ['sign'] },
      { ...ec.jwk, x: 'AAAA' },
      { kty: 'oct', k: 'AAAA', kid: 'shared' },
      { kty: 'RSA' },
    ];
    expect(unusable.filter((jwk) => usable(jwk) !== null)).toEqual([]);
  });
});

function fail(error: unknown): never {
  throw error;
}

describe('what is known of a token', () => {
  it('counts for a minute, and not beyond its end', () => {
    let now = 0;
    const cache = new KeyCache(() => now, TOKENS);
    const principal = principalOf({ org_id: 'acme' });
    cache.keep('long', principal, { askedAt: 0, remainingMs: 3_600_000 });
    cache.keep('short', principal, { askedAt: 0, remainingMs: 1_000 });
    now = 999;
    expect([cache.find('long')?.askAgain, cache.find('short')?.askAgain]).toEqual([false, false]);
    now = 1_000;
    expect(cache.find('short')).toBeNull();
    now = 59_999;
    expect(cache.find('long')).not.toBeNull();
    now = 60_000;
    expect(cache.find('long')).toBeNull();
  });
});
