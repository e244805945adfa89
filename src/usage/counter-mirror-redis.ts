import type { Redis } from 'ioredis';
import { parseQuantity } from '../core/quantity';
import type { CounterCopy, CounterName, MirroredCounter } from './counter-copy';

const KEY = 'tallyhouse:counter:';
/** Names the run of Redis in which the mirror was last filled whole. */
const WHOLE = 'tallyhouse:counters-whole';
const A_DAY_MS = 86_400_000;

/** Whoever read a counter earlier may write it later: an older revision never replaces a newer one. */
const SET_NEWER = `
  for i, key in ipairs(KEYS) do
    local field, revision, copy, ttl = ARGV[i * 4 - 3], tonumber(ARGV[i * 4 - 2]), ARGV[i * 4 - 1], ARGV[i * 4]
    local known = redis.call('HGET', key, field)
    if not known or tonumber(string.match(known, '^%d+')) <= revision then
      redis.call('HSET', key, field, copy)
      redis.call('PEXPIRE', key, ttl)
    end
  end`;

/** A filling that Redis forgot in the middle is none. */
const END_FILLING = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0`;

/** Copies of counters in Redis: one small hash for each account and period, one field for each meter. */
export class RedisCounters {
  constructor(private readonly redis: Redis) {}

  /** Writes what is newer than the copies that are there; `now` = when they were read, or before. */
  async write(copies: readonly CounterCopy[], now: Date): Promise<void> {
    if (copies.length === 0) return;
    const asOf = now.getTime();
    const facts = copies.flatMap(({ meterId, revision, used, reserved, to }) => [
      ...[meterId, revision, `${revision} ${used} ${reserved} ${asOf}`],
      Math.max(to - asOf, 0) + A_DAY_MS,
    ]);
    await this.redis.eval(SET_NEWER, copies.length, ...copies.map(keyOf), ...facts);
  }

  /** By meter id; null = at least one of them is not there. */
  async read(
    counter: Pick<CounterName, 'accountId' | 'from'>,
    meterIds: readonly number[],
  ): Promise<Map<number, MirroredCounter> | null> {
    const copies =
      meterIds.length === 0 ? [] : await this.redis.hmget(keyOf(counter), ...meterIds.map(String));
    const found = new Map<number, MirroredCounter>();
    for (const [i, copy] of copies.entries()) {
      if (copy === null) return null;
      const [revision, used, reserved, asOf] = copy.split(' ') as [string, string, string, string];
      found.set(meterIds[i]!, {
        used: parseQuantity(used),
        reserved: parseQuantity(reserved),
        revision: BigInt(revision),
        asOf: new Date(parseInt(asOf, 10)),
      });
    }
    return found;
  }

  /** False once Redis was emptied, or came back with what an old file of it said. */
  async isWhole(): Promise<boolean> {
    const [run, filled] = await Promise.all([this.#run(), this.redis.get(WHOLE)]);
    return filled === run;
  }

  async beginFilling(token: string): Promise<void> {
    await this.redis.set(WHOLE, token);
  }

  /** False = Redis has forgotten part of it; it has to be filled again. */
  async endFilling(token: string): Promise<boolean> {
    return (await this.redis.eval(END_FILLING, 1, WHOLE, token, await this.#run())) === 1;
  }

  async #run(): Promise<string> {
    return /run_id:(\w+)/.exec(await this.redis.info('server'))?.[1] ?? '';
  }
}

function keyOf({ accountId, from }: Pick<CounterName, 'accountId' | 'from'>): string {
  return `${KEY}${accountId}:${from}`;
}
