import type { Redis } from 'ioredis';
import type { LeaseRequest } from './lock.repository';

const KEY = 'tallyhouse:lock:';

/** Both look at the value first: a lock that expired and went to somebody else is not ours to touch. */
const RENEW_OWN = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`;
const DELETE_OWN = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/** Locks as keys of Redis that end by themselves. */
export class RedisLease {
  constructor(private readonly redis: Redis) {}

  /** Whether the lock is ours now. Throws when Redis cannot be asked. */
  async take({ name, holder, ttlMs }: LeaseRequest): Promise<boolean> {
    return (await this.redis.set(KEY + name, holder, 'PX', ttlMs, 'NX')) === 'OK';
  }

  async renew({ name, holder, ttlMs }: LeaseRequest): Promise<boolean> {
    return (await this.redis.eval(RENEW_OWN, 1, KEY + name, holder, ttlMs)) === 1;
  }

  async release({ name, holder }: LeaseRequest): Promise<void> {
    await this.redis.eval(DELETE_OWN, 1, KEY + name, holder);
  }
}
