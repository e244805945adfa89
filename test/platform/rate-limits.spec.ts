import fc from 'fast-check';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../src/core/errors';
import { ADMIN, NETWORK, type Principal } from '../../src/platform/auth/principal';
import { loadConfig } from '../../src/platform/config';
import { Logger } from '../../src/platform/logger';
import { RateWindow, type RateLimit } from '../../src/platform/rate-limits/rate-limit';
import { RateLimiter } from '../../src/platform/rate-limits/rate-limiter';
import type { RateLimits } from '../../src/platform/rate-limits/rate-limits.service';
import { IMPATIENT } from '../../src/platform/redis.module';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis';

const TWENTY: RateLimit = { requests: 20, windowMs: 1_000 };

describe('a window', () => {
  const letThrough = (window: RateWindow, times: number, now: number): number => {
    let through = 0;
    for (let n = 0; n < times; n++) if (window.take(now, TWENTY) === 0) through += 1;
    return through;
  };

  it('takes twenty, refuses with the time that is left, and takes twenty again', () => {
    const window = new RateWindow('a');
    expect(letThrough(window, 20, 5_000)).toBe(20);
    expect(window.take(5_000, TWENTY)).toBe(1_000);
    expect(window.take(5_900, TWENTY)).toBe(100);
    expect(letThrough(window, 30, 6_000)).toBe(20);
  });

  it('begins with the first request, not by the clock', () => {
    const window = new RateWindow('a');
    expect(window.take(5_999, TWENTY)).toBe(0);
    expect(letThrough(window, 30, 6_998)).toBe(19);
    expect(letThrough(window, 30, 6_999)).toBe(20);
  });

  it('makes up in the next ones for what others let through beyond the limit', () => {
    const window = new RateWindow('a');
    window.take(0, TWENTY);
    window.untold = 0;
    window.learn(50, 1_000);
    expect(window.take(500, TWENTY)).toBe(500 + 1_000);
    expect(window.take(1_500, TWENTY)).toBe(500);
    expect(letThrough(window, 30, 2_000)).toBe(10);
    expect(letThrough(window, 30, 3_000)).toBe(20);
  });

  it('believes no store that lost its memory', () => {
    const window = new RateWindow('a');
    expect(letThrough(window, 20, 0)).toBe(20);
    window.untold = 0;
    window.learn(3, 900);
    expect(window.take(10, TWENTY)).toBe(990);
  });

  it('never lets more than its limit through in any of its windows, nor refuses while there is room', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 9 }), (pauses, requests) => {
        const window = new RateWindow('a');
        let [now, beganAt, through] = [0, -Infinity, 0];
        for (const pause of pauses) {
          now += pause;
          if (now >= beganAt + 1_000) [beganAt, through] = [now, 0];
          const waitMs = window.take(now, { requests, windowMs: 1_000 });
          expect(waitMs).toBe(through < requests ? 0 : beganAt + 1_000 - now);
          if (waitMs === 0) through += 1;
        }
      }),
    );
  });
});

const NO_OWN = { size: 0, version: 0, of: () => undefined };

interface Node {
  readonly limiter: RateLimiter;
  now: number;
  /** How many of so many requests were let through. */
  readonly ask: (times: number, who?: Principal, host?: string) => number;
}

function node({ redis = null as Redis | null, requests = 20, windowMs = 1_000, own = NO_OWN } = {}): Node {
  const config = { rateLimitRequests: requests, rateLimitWindowMs: windowMs };
  const logger = new Logger({ logLevel: 'silent' });
  const limiter = new RateLimiter(own as unknown as RateLimits, config, logger, redis, () => made.now);
  const made: Node = {
    limiter,
    now: 0,
    ask: (times, who = ADMIN, host = '10.0.0.1') => {
      let through = 0;
      for (let n = 0; n < times; n++) through += refusal(limiter, who, host) === null ? 1 : 0;
      return through;
    },
  };
  return made;
}

function refusal(limiter: RateLimiter, who: Principal, host = '10.0.0.1'): DomainError | null {
  try {
    limiter.count(who, () => host);
    return null;
  } catch (error) {
    return error as DomainError;
  }
}

const key = (id: string, ...accounts: string[]): Principal => ({
  ...{ id, kind: 'api-key', name: id, scopes: new Set<never>(), accounts },
});

describe('the limit of a principal', () => {
  it('is his own', () => {
    const { ask } = node();
    expect([ask(30), ask(30), ask(30, key('a')), ask(30, key('b')), ask(30, key('a'))]).toEqual([
      20, 0, 20, 20, 0,
    ]);
  });

  it('goes by the key, however often it was looked up', () => {
    const { ask } = node();
    expect([ask(15, key('a')), ask(15, key('a'))]).toEqual([15, 5]);
  });

  it('goes by host where callers have no name', () => {
    const { ask } = node();
    expect([ask(30, NETWORK), ask(30, NETWORK, '10.0.0.2'), ask(1, NETWORK)]).toEqual([20, 20, 0]);
  });

  it('tells one subject of two organisations apart', () => {
    const { ask } = node();
    const of = (org: string): Principal => ({ ...key('u-1', `org:${org}`), kind: 'jwt' });
    expect([ask(30, of('a')), ask(30, of('b')), ask(30, of('a')), ask(30, key('u-1'))]).toEqual([
      20, 20, 0, 20,
    ]);
  });

  it('says in whole seconds when to come back', () => {
    const one = node({ windowMs: 60_000 });
    one.ask(20);
    one.now = 300;
    expect(refusal(one.limiter, ADMIN)).toMatchObject({ code: 'rate-limited', retryAfterSeconds: 60 });
    one.now = 59_999;
    expect(refusal(one.limiter, ADMIN)).toMatchObject({ retryAfterSeconds: 1 });
    one.now = 60_000;
    expect(one.ask(30)).toBe(20);
  });

  it('is off with 0 or nothing', () => {
    const requests = ['0', '', undefined].map(
      (text) => loadConfig({ RATE_LIMIT_REQUESTS: text }).rateLimitRequests,
    );
    expect(requests).toEqual([0, 0, 1_000]);
    expect(node({ requests: 0 }).ask(100_000)).toBe(100_000);
  });

  it('is that of the account, for who acts for it alone', () => {
    const own = {
      ...{ size: 1, version: 0 },
      of: (account: string) => (account === 'org:acme' ? { requests: 3, windowMs: 1_000 } : undefined),
    };
    const { ask } = node({ own: own as never });
    expect([
      ask(30, key('a', 'org:acme')),
      ask(30, key('b', 'org:acme', 'org:b')),
      ask(30, key('c', 'org:b')),
    ]).toEqual([...[3, 20, 20]]);
    own.of = () => ({ requests: 5, windowMs: 1_000 });
    expect(ask(30, key('a', 'org:acme'))).toBe(0);
    own.version += 1;
    expect(ask(30, key('a', 'org:acme'))).toBe(2);
  });

  it('is kept for a bounded number of principals', () => {
    const one = node();
    const names = Array.from({ length: 60_000 }, (_, n) => key(`k-${n}`));
    for (const who of names) one.ask(1, who);
    // The first was dropped and begins anew; the last is remembered.
    expect(one.ask(30, key('k-0'))).toBe(20);
    expect(one.ask(30, key('k-59999'))).toBe(19);
  });

  it('costs a request less than a microsecond', () => {
    const config = { rateLimitRequests: 10_000_000, rateLimitWindowMs: 1_000 };
    const limits = NO_OWN as unknown as RateLimits;
    const logger = new Logger({ logLevel: 'silent' });
    const limiter = new RateLimiter(limits, config, logger, null, () => performance.now());
    const who = key('a', 'org:acme');
    const source = (): string => '10.0.0.1';
    const rounds = Array.from({ length: 10 }, () => {
      const startedAt = performance.now();
      for (let n = 0; n < 100_000; n++) limiter.count(who, source);
      return (performance.now() - startedAt) / 100;
    });
    expect(Math.min(...rounds)).toBeLessThan(1);
  });
});

describeWithRedis('a limit shared over Redis', () => {
  let server: TestRedis;
  const clients: Redis[] = [];
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await server.remove();
  });

  async function shared(options: Parameters<typeof node>[0] = {}): Promise<Node> {
    const redis = new Redis(server.url, { ...IMPATIENT, lazyConnect: true });
    redis.on('error', () => undefined);
    clients.push(redis);
    await redis.connect();
    return node({ ...options, redis });
  }

  /** Long enough for everything counted to be told. */
  const told = (): Promise<void> => sleep(60);

  it('holds for two processes together', async () => {
    const [one, other] = [await shared({ windowMs: 60_000 }), await shared({ windowMs: 60_000 })];
    expect([one.ask(10), other.ask(3)]).toEqual([10, 3]);
    await told();
    expect(other.ask(1)).toBe(1);
    await told();
    expect(other.ask(30)).toBe(6);
    await told();
    expect(one.ask(1)).toBe(1);
    await told();
    expect([one.ask(30), other.ask(30)]).toEqual([0, 0]);
  });

  it('lets a process through its own limit at most before it hears of the others, who pay it back', async () => {
    const nodes = [await shared({ windowMs: 60_000 }), await shared({ windowMs: 60_000 })];
    expect(nodes.map(({ ask }) => ask(100))).toEqual([20, 20]);
    await told();
    const refused = nodes.map(({ limiter }) => refusal(limiter, ADMIN)!.retryAfterSeconds!);
    expect(Math.max(...refused)).toBeGreaterThan(100);
    expect(Math.max(...refused)).toBeLessThanOrEqual(120);
  });

  it('begins anew when the window is over', async () => {
    const one = await shared({ windowMs: 200 });
    expect(one.ask(30)).toBe(20);
    await told();
    expect(one.ask(30)).toBe(0);
    await sleep(200);
    one.now = 300;
    expect(one.ask(30)).toBe(20);
  });

  it('goes on within each process when Redis is gone, and together again when it is back', async () => {
    const [one, other] = [await shared({ windowMs: 60_000 }), await shared({ windowMs: 60_000 })];
    expect(one.ask(5)).toBe(5);
    await told();
    await server.kill();
    expect([one.ask(10), other.ask(30)]).toEqual([10, 20]);
    await told();
    expect([one.ask(30), other.ask(30)]).toEqual([5, 0]);
    await server.start();
    await Promise.all(clients.map((client) => waitUntilReady(client)));
    const who = key('later');
    expect(one.ask(20, who)).toBe(20);
    await told();
    expect(other.ask(1, who)).toBe(1);
    await told();
    expect(other.ask(30, who)).toBe(0);
  });

  it('keeps nobody waiting while Redis does not answer', async () => {
    const one = await shared();
    server.pause();
    try {
      const startedAt = performance.now();
      expect(one.ask(30)).toBe(20);
      await told();
      expect(one.ask(30, key('a'))).toBe(20);
      expect(performance.now() - startedAt).toBeLessThan(300);
    } finally {
      server.resume();
    }
  });

  it('is told for many principals at once, and leaves nothing behind', async () => {
    const one = await shared({ windowMs: 400 });
    const redis = clients.at(-1)!;
    for (let n = 0; n < 1_200; n++) one.ask(1, key(`k-${n}`));
    await sleep(150);
    expect(await redis.dbsize()).toBe(1_200);
    expect(await redis.hgetall('tallyhouse:rate:api-key:k-7')).toMatchObject({ used: '1' });
    await sleep(400);
    expect(await redis.exists('tallyhouse:rate:api-key:k-7', 'tallyhouse:rate:api-key:k-1199')).toBe(0);
  });
});

async function waitUntilReady(client: Redis): Promise<void> {
  while (client.status !== 'ready') await sleep(20);
}
