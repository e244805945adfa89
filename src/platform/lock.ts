import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { apartFromCall } from './call-life';
import { Ids } from './ids';
import { LeaseRepository, type LeaseRequest } from './lock.repository';
import { RedisLease } from './lock-redis';
import { Logger } from './logger';
import { REDIS } from './redis.module';

/** A lock that is held: higher fences are later holders, and `signal` says when it was lost under the worker's hands. */
export interface Held {
  readonly fence: bigint;
  readonly signal: AbortSignal;
}

interface Locked {
  readonly name: string;
  readonly ttlMs: number;
  readonly work: (held: Held) => Promise<void>;
}

interface Lease {
  readonly fence: bigint;
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Lets one process of many do something. It saves work and no more: two runners at once, as after a pause longer than the
 * lease, must be harmless by keyed ids.
 */
@Injectable()
export class Lock implements BeforeApplicationShutdown {
  readonly #redis: RedisLease | null;
  /** Every lock that is held now. */
  readonly #held = new Set<{ lost: AbortController; giveBack: () => Promise<void> }>();
  #closed = false;

  constructor(
    private readonly leases: LeaseRepository,
    private readonly ids: Ids,
    private readonly logger: Logger,
    @Inject(REDIS) redis: Redis | null,
  ) {
    this.#redis = redis === null ? null : new RedisLease(redis);
  }

  /**
   * Runs `work` if nobody else holds `name`, and says whether it ran. The lease lasts `ttlMs`, is renewed while `work` runs and
   * ends with it; a holder that dies is succeeded after `ttlMs`. What `work` throws is thrown on.
   */
  async withLock(
    name: string,
    ttlMs: number,
    work: (held: Held) => Promise<void>,
  ): Promise<{ ran: boolean }> {
    // What is done under a lock others wait for, and the lock must be given back: no caller's leaving ends it.
    return apartFromCall(() => this.#withLock({ name, ttlMs, work }));
  }

  async #withLock({ name, ttlMs, work }: Locked): Promise<{ ran: boolean }> {
    if (this.#closed) return { ran: false };
    const lease = await this.#take({ name, holder: this.ids.uuidv7(), ttlMs });
    if (lease === null) return { ran: false };
    const lost = new AbortController();
    const stopRenewing = this.#keepRenewing(lease, { name, ttlMs, lost });
    const giveBack = async (): Promise<void> => {
      if (!this.#held.delete(held)) return;
      stopRenewing();
      // A lease that cannot be given back ends by itself; what was done under it stands.
      await lease.release().catch((error: unknown) => {
        this.logger.warn({ err: error, lock: name }, 'a lock could not be given back');
      });
    };
    const held = { lost, giveBack };
    this.#held.add(held);
    try {
      await work({ fence: lease.fence, signal: lost.signal });
    } finally {
      await giveBack();
    }
    return { ran: true };
  }

  /** Gives back what is still held: a process that goes must not keep others from its work until a lease ends. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#closed = true;
    const held = [...this.#held];
    await Promise.all(held.map(({ giveBack }) => giveBack()));
    held.forEach(({ lost }) => lost.abort());
  }

  /** Redis where it answers, else Postgres. */
  async #take(request: LeaseRequest): Promise<Lease | null> {
    if (this.#redis === null) return this.#takeRow(request);
    let isTaken: boolean;
    try {
      isTaken = await this.#redis.take(request);
    } catch (error) {
      this.logger.debug({ err: error, lock: request.name }, 'Redis does not answer; taking a lease row');
      // A Redis that only hung may still take the lock, for nobody: tell it, behind the same queue, to let go.
      void this.#redis.release(request).catch(() => undefined);
      return this.#takeRow(request);
    }
    return isTaken ? this.#fenced(this.#redis, request) : null;
  }

  async #takeRow(request: LeaseRequest): Promise<Lease | null> {
    const fence = await this.leases.take(request);
    if (fence === null) return null;
    return {
      fence,
      renew: () => this.leases.renew(request),
      release: () => this.leases.release(request),
    };
  }

  /**
   * A lock of Redis gets its fence from Postgres: a number that Redis keeps would start again from one when Redis is emptied.
   * Taking it as an already ended lease also finds out whether somebody who could not reach Redis holds the row.
   */
  async #fenced(redis: RedisLease, request: LeaseRequest): Promise<Lease | null> {
    try {
      const fence = await this.leases.take({ ...request, ttlMs: 0 });
      if (fence !== null) {
        return { fence, renew: () => redis.renew(request), release: () => redis.release(request) };
      }
    } catch (error) {
      await redis.release(request).catch(() => undefined);
      throw error;
    }
    await redis.release(request).catch(() => undefined);
    return null;
  }

  /** Renews three times per lease; a lease that is lost, or not renewed before its end, aborts the signal. */
  #keepRenewing(
    lease: Lease,
    { name, ttlMs, lost }: { name: string; ttlMs: number; lost: AbortController },
  ): () => void {
    let renewedAt = performance.now();
    const renew = async (): Promise<void> => {
      const askedAt = performance.now();
      try {
        if (await lease.renew()) renewedAt = askedAt;
        else lose();
      } catch (error) {
        this.logger.warn({ err: error, lock: name }, 'a lock could not be renewed');
        if (performance.now() - renewedAt >= ttlMs) lose();
      }
    };
    const lose = (): void => {
      clearInterval(timer);
      if (!lost.signal.aborted)
        this.logger.warn({ lock: name }, 'a lock was lost while its work was running');
      lost.abort();
    };
    const timer = setInterval(() => void renew(), ttlMs / 3);
    return () => clearInterval(timer);
  }
}
