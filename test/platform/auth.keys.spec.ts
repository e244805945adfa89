import { randomBytes } from 'node:crypto';
import { ApiKeyLookup } from '../../src/platform/auth/api-key-lookup';
import type { ApiKey } from '../../src/platform/auth/api-key.entity';
import { credentialOf } from '../../src/platform/auth/credentials';
import { FailedAttempts } from '../../src/platform/auth/failed-attempts';
import { KeyCache } from '../../src/platform/auth/key-cache';
import { digestKey, newKeyText, prefixOf, sameSecret } from '../../src/platform/auth/key-text';
import { ADMIN, mayUseAccount, type Principal } from '../../src/platform/auth/principal';
import { ROLES, scopesOf } from '../../src/platform/auth/scope';

describe('the text of a key', () => {
  it('is th_, ten characters to look it up by, and 160 random bits', () => {
    const key = newKeyText(randomBytes);
    expect(key).toMatch(/^th_[a-km-np-z2-9]{10}_[a-km-np-z2-9]{32}$/);
    expect(prefixOf(key)).toBe(key.slice(3, 13));
  });

  it('takes five bits of each random byte', () => {
    expect(newKeyText((bytes) => Buffer.alloc(bytes, 0))).toBe(`th_${'a'.repeat(10)}_${'a'.repeat(32)}`);
    expect(newKeyText((bytes) => Buffer.alloc(bytes, 255))).toBe(`th_${'9'.repeat(10)}_${'9'.repeat(32)}`);
  });

  it('is told from anything else without asking the database', () => {
    const key = newKeyText(randomBytes);
    const others = [
      '',
      'th_',
      key.slice(0, -1),
      `${key}a`,
      key.toUpperCase(),
      key.replace('th_', 'tx_'),
      ` ${key}`,
    ];
    expect(others.map(prefixOf)).toEqual(others.map(() => null));
  });

  it('proves nothing without the pepper', () => {
    const key = newKeyText(randomBytes);
    expect(digestKey(key, 'one')).toHaveLength(32);
    expect(digestKey(key, 'one').equals(digestKey(key, 'two'))).toBe(false);
  });

  it('is compared whatever the lengths', () => {
    expect([sameSecret('a', 'a'), sameSecret('a', 'b'), sameSecret('a', 'aa'), sameSecret('', 'a')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('where a credential is read from', () => {
  it.each([
    ['x-api-key alone', ['one', undefined, false], 'one'],
    ['x-api-key before authorization', ['one', 'Bearer two', true], 'one'],
    ['authorization when x-api-key is empty', ['', 'Bearer two', false], 'two'],
    ['bearer in any case, several blanks', [undefined, 'bEARER   two', false], 'two'],
    ['a bare key where the door says so', [undefined, 'two', true], 'two'],
    ['no bare key elsewhere', [undefined, 'two', false], null],
    ['no other scheme', [undefined, 'Basic dHdv', false], null],
    ['Bearer and nothing', [undefined, 'Bearer ', false], null],
    ['nothing', [undefined, undefined, true], null],
  ] as const)('%s', (_case, [apiKey, authorization, bare], expected) => {
    expect(credentialOf(apiKey, authorization, bare)).toBe(expected);
  });
});

describe('roles', () => {
  it('bundle scopes, and add to extra ones', () => {
    expect([...scopesOf('ingest', ['usage:read'])]).toEqual(['events:write', 'usage:read']);
    expect([...scopesOf(null, ['jobs:run'])]).toEqual(['jobs:run']);
  });

  it('let a reader see everything but keys, and change nothing', () => {
    expect([...ROLES.reader]).toEqual([
      'events:read',
      'meters:read',
      'usage:read',
      'accounts:read',
      'prices:read',
      'ledger:read',
      'catalogue:read',
      'operations:read',
      'billing:read',
      'budgets:read',
      'webhooks:read',
      'cost-centers:read',
      'payments:read',
      'metrics:read',
    ]);
  });
});

describe('the accounts of a principal', () => {
  const principal = (accounts: Principal['accounts']): Principal => ({ ...ADMIN, accounts });

  it.each([
    ['*', 'org:acme', true],
    [['org:acme'], 'org:acme', true],
    [['org:acme'], 'org:acme2', false],
    [['org:acme'], 'org:ACME', false],
    [['org:*'], 'org:acme', true],
    [['org:*'], 'organisation:acme', false],
    [['org:*'], 'project:org:acme', false],
    [['project:a', 'org:*'], 'org:b', true],
    [['org:acme'], 'org:*', false],
    [['org:*'], '*', false],
    [[], 'org:acme', false],
  ] as const)('%j and %s: %s', (accounts, key, expected) => {
    expect(mayUseAccount(principal(accounts), key)).toBe(expected);
  });
});

describe('the cache of right keys', () => {
  const cacheAt = (): { cache: KeyCache; at: (ms: number) => void } => {
    let now = 0;
    return {
      cache: new KeyCache(() => now),
      at: (ms) => {
        now = ms;
      },
    };
  };
  const forEver = { askedAt: 0, remainingMs: Infinity };

  it('believes a proof for four seconds and asks again in the background from 2.5 on', () => {
    const { cache, at } = cacheAt();
    cache.keep('key', ADMIN, forEver);
    at(2_499);
    expect(cache.find('key')).toEqual({ principal: ADMIN, askAgain: false });
    at(2_500);
    expect(cache.find('key')).toEqual({ principal: ADMIN, askAgain: true });
    at(3_999);
    expect(cache.find('key')?.principal).toBe(ADMIN);
    at(4_000);
    expect(cache.find('key')).toBeNull();
  });

  it('counts from the question, not from the answer', () => {
    const { cache, at } = cacheAt();
    at(3_000);
    cache.keep('key', ADMIN, forEver);
    at(4_000);
    expect(cache.find('key')).toBeNull();
  });

  it('ends with the key itself', () => {
    const { cache, at } = cacheAt();
    cache.keep('key', ADMIN, { askedAt: 0, remainingMs: 100 });
    at(99);
    expect(cache.find('key')).not.toBeNull();
    at(100);
    expect(cache.find('key')).toBeNull();
  });

  it('remembers that a key was right, until it turns out wrong', () => {
    const { cache, at } = cacheAt();
    cache.keep('key', ADMIN, forEver);
    at(60_000);
    expect(cache.wasRight('key')).toBe(true);
    cache.forget('key');
    expect(cache.wasRight('key')).toBe(false);
  });

  it('holds ten thousand keys, the least lately proved going first', () => {
    const { cache } = cacheAt();
    for (let n = 0; n <= 10_000; n++) cache.keep(`key-${n}`, ADMIN, forEver);
    expect([cache.find('key-0'), cache.find('key-1')?.principal, cache.find('key-10000')?.principal]).toEqual(
      [null, ADMIN, ADMIN],
    );
  });

  it('forgets all keys of one principal', () => {
    const { cache } = cacheAt();
    cache.keep('one', { ...ADMIN, id: 'a' }, forEver);
    cache.keep('two', { ...ADMIN, id: 'b' }, forEver);
    cache.forgetPrincipal('a');
    expect([cache.find('one'), cache.find('two')?.principal.id]).toEqual([null, 'b']);
  });
});

describe('wrong credentials', () => {
  it('are twenty at once from one source, then one a second', () => {
    let now = 0;
    const failures = new FailedAttempts(() => now);
    for (let n = 0; n < 20; n++) {
      expect(failures.waitSeconds('10.0.0.1')).toBe(0);
      failures.count('10.0.0.1');
    }
    expect([failures.waitSeconds('10.0.0.1'), failures.waitSeconds('10.0.0.2')]).toEqual([1, 0]);
    now = 1_000;
    expect(failures.waitSeconds('10.0.0.1')).toBe(0);
    failures.count('10.0.0.1');
    expect(failures.waitSeconds('10.0.0.1')).toBe(1);
  });

  it('count a whole IPv6 network of one caller as one source', () => {
    const failures = new FailedAttempts(() => 0);
    for (let n = 0; n < 20; n++) failures.count(`2001:db8:0:7::${n.toString(16)}`);
    expect(['2001:db8:0:7:ffff::1', '2001:db8:0:8::1'].map((from) => failures.waitSeconds(from))).toEqual([
      1, 0,
    ]);
  });

  it('count an IPv4 address the same however it is written', () => {
    const failures = new FailedAttempts(() => 0);
    for (let n = 0; n < 20; n++) failures.count('::ffff:10.0.0.1');
    expect(failures.waitSeconds('10.0.0.1')).toBe(1);
  });

  it('do not grow without end', () => {
    const failures = new FailedAttempts(() => 0);
    for (let n = 0; n < 20; n++) failures.count('first');
    for (let n = 0; n < 10_000; n++) failures.count(`other-${n}`);
    expect(failures.waitSeconds('first')).toBe(0);
  });
});

describe('looking keys up', () => {
  const row = (prefix: string): ApiKey => ({ prefix }) as ApiKey;

  it('is one question at a time, for everybody who waits', async () => {
    const asked: string[][] = [];
    let running = 0;
    const lookup = new ApiKeyLookup(async (prefixes) => {
      running += 1;
      expect(running).toBe(1);
      asked.push(prefixes);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return prefixes.filter((prefix) => prefix !== 'unknown').map(row);
    });
    const first = lookup.find('a');
    await Promise.resolve();
    await Promise.resolve();
    const others = ['b', 'unknown', 'c', 'b'].map((prefix) => lookup.find(prefix));
    expect([await first, ...(await Promise.all(others))]).toEqual([
      row('a'),
      row('b'),
      null,
      row('c'),
      row('b'),
    ]);
    expect(asked).toEqual([['a'], ['b', 'unknown', 'c']]);
  });

  it('is given up for those who asked together, and works again afterwards', async () => {
    let fails = true;
    const lookup = new ApiKeyLookup(async (prefixes) => {
      if (fails) throw new Error('gone');
      return prefixes.map(row);
    });
    const both = await Promise.allSettled([lookup.find('a'), lookup.find('b')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await lookup.find('a')).toEqual(row('a'));
  });

  it('lets a thousand wait and tells the next to come back', async () => {
    const lookup = new ApiKeyLookup(async (prefixes) => prefixes.map(row));
    const waiting = Array.from({ length: 1_000 }, (_, n) => lookup.find(`key-${n}`));
    await expect(lookup.find('one more')).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 1,
    });
    expect(await lookup.find('key-7')).toEqual(row('key-7'));
    expect(await Promise.all(waiting)).toHaveLength(1_000);
  });
});
