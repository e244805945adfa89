import { spawnSync } from 'node:child_process';
import { call, callJson, NoAnswer } from './clients.mjs';
import { ADMIN_KEY, freePorts, PostgresServer, ROOT, ServiceProcess } from './processes.mjs';
import { RedisServer } from './redis-server.mjs';

/** What the free plan counts; every account of a race has a limit of its own for it. */
export const METER = 'scans';

/** How long a busy Postgres may take to let somebody in. */
export const PATIENCE_MS = 30_000;

const CHECKED = ['-r', './test/support/register.cjs', 'src/cli/tallyhouse.ts', 'verify'];
const BUILT = ['dist/src/cli/tallyhouse.js', 'verify'];

/** Two processes of the service in front of one Postgres and, where there is one, one Redis. */
export class LimitTown {
  #isSource;
  #starting = new Map();
  /** Whether there is a door to consume at. */
  hasConsume = false;
  kills = 0;
  flushes = 0;

  static async open(isSource) {
    const town = new LimitTown();
    town.#isSource = isSource;
    const ports = await freePorts(5);
    town.postgres = await PostgresServer.start();
    town.redis = await RedisServer.start(ports[4]);
    town.services = [0, 1].map((i) => town.#service(ports[i * 2], ports[i * 2 + 1]));
    try {
      // One after the other: the first makes the tables.
      for (const service of town.services) await service.start();
      town.hasConsume =
        (await call(town.services[0].rest, { path: '/api/v1/consume', body: '{}' })).status !== 404;
    } catch (error) {
      await town.close();
      throw error;
    }
    return town;
  }

  #service(restPort, grpcPort) {
    const env = redisOf(this.redis);
    return new ServiceProcess({
      isSource: this.#isSource,
      databaseUrl: this.postgres.url,
      restPort,
      grpcPort,
      env,
    });
  }

  async close() {
    await Promise.all(this.#starting.values());
    await Promise.all(this.services.map((service) => service.kill()));
    await this.redis?.stop();
    await this.postgres.stop();
  }

  /** Ends one of them with SIGKILL, unless the other is still starting, and starts it again. */
  async kill(random) {
    if (!this.services.every(({ isOpen }) => isOpen)) return;
    const service = random.pick(this.services);
    this.kills += 1;
    await service.kill();
    this.#starting.set(service, service.start());
  }

  /** Whom a client asks: mostly one that is there. */
  pick(random) {
    const open = this.services.filter(({ isOpen }) => isOpen);
    return random.pick(open.length > 0 && random.chance(0.9) ? open : this.services);
  }

  async settle() {
    await Promise.all(this.#starting.values());
  }

  async empty() {
    this.flushes += 1;
    await this.redis.empty();
  }

  get crashes() {
    return this.services.flatMap(({ crashes }) => crashes);
  }

  /** Lines of `tallyhouse verify` that do not say ok. */
  verify() {
    const { stdout, stderr, status } = spawnSync(process.execPath, this.#isSource ? CHECKED : BUILT, {
      cwd: ROOT,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, DATABASE_URL: this.postgres.url, LOG_LEVEL: 'error', ...SECRETS },
    });
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('ok '));
    return status === 0 ? lines : [...lines, stderr.slice(-2_000)];
  }
}

const SECRETS = { ADMIN_API_KEY: ADMIN_KEY, API_KEY_PEPPER: 'Hd8-pepper-of-a-proof-0123456789abcdefgh' };

function redisOf(redis) {
  return redis === null ? {} : { REDIS_URL: redis.url };
}

/** One piece of use, `{ id, account, quantity }`. */
function eventOf({ id, account, quantity }) {
  return { id, account, type: METER, quantity: String(quantity) };
}

/**
 * Uses something up through the door for single events: `admitted`, `refused`, or `later`. Rejects with NoAnswer, and with an
 * Error for any other answer.
 */
export async function useOne(service, use, loseAfterMs) {
  const answer = await call(service.rest, {
    path: '/api/v1/events',
    body: JSON.stringify(eventOf(use)),
    loseAfterMs,
  });
  if (answer.status === 200 || answer.status === 201) return 'admitted';
  if (answer.status === 402) return 'refused';
  if (answer.status === 503) return 'later';
  throw new Error(`${answer.status} ${answer.text}`);
}

/** The same through the door that counts and answers how much is used. What it says is used must be within its limit. */
export async function consumeOne(service, { id, account, quantity }, loseAfterMs) {
  const answer = await call(service.rest, {
    path: '/api/v1/consume',
    body: JSON.stringify({ account, items: [{ meter: METER, quantity: String(quantity) }] }),
    headers: { 'idempotency-key': id },
    loseAfterMs,
  });
  if (answer.status === 503) return 'later';
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  const { status, counted, items } = JSON.parse(answer.text);
  if (status === 'unavailable') return 'later';
  if (!counted) return 'refused';
  if (Number(items[0].used) > Number(items[0].limit)) throw new Error(`beyond its limit: ${answer.text}`);
  return 'admitted';
}

/** The same for several at once; one word for each. */
export async function useMany(service, uses, loseAfterMs) {
  const answer = await call(service.rest, {
    path: '/api/v1/events',
    body: JSON.stringify({ events: uses.map(eventOf) }),
    loseAfterMs,
  });
  if (answer.status === 503) return uses.map(() => 'later');
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return JSON.parse(answer.text).verdicts.map((verdict) => {
    if (verdict.status === 'recorded' || verdict.status === 'duplicate') return 'admitted';
    if (verdict.code === 'limit-refused') return 'refused';
    throw new Error(JSON.stringify(verdict));
  });
}

/** Gives an account the free plan with a limit beyond which use is refused; tries until it is told that it holds. */
export async function limitTo(town, account, limit) {
  const allowances = { [METER]: { limit: String(limit), on_exceed: 'refuse' } };
  await put(town, `/api/v1/accounts/${account}/subscription`, { plan: 'free', overrides: { allowances } });
}

export async function makeAccount(town, account) {
  await put(town, `/api/v1/accounts/${account}`, {});
}

async function put({ services }, path, body) {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await callJson(services[attempt % 2].rest, { method: 'PUT', path, body });
      if (answer.status === 200) return;
      if (answer.status !== 503 || attempt > 20) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    } catch (error) {
      if (!(error instanceof NoAnswer) || attempt > 20) throw error;
    }
  }
}
