import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { AccountRef } from '../core/account';
import { apartFromCall } from '../platform/call-life';
import { Clock } from '../platform/clock';
import { Ids } from '../platform/ids';
import { Lock } from '../platform/lock';
import { Logger } from '../platform/logger';
import { REDIS } from '../platform/redis.module';
import type { CounterName, MirroredCounter } from './counter-copy';
import { CounterMirrorRepository } from './counter-mirror.repository';
import { RedisCounters } from './counter-mirror-redis';
import { type CounterRef, nameOf } from './limit.repository';
import type { PreparedEvent } from './prepared-event';

const TELL_EVERY_MS = 50;
const LOOK_EVERY_MS = 250;
const MOST_AT_ONCE = 500;
/** Counters that may wait to be copied; beyond it the mirror is filled anew instead. */
const WAITING_MAX = 20_000;
const LOCK_MS = 30_000;
/** A Redis too small for all copies asks for them again and again: no more than so much of the time goes into it. */
const REST = { perFilling: 8, mostMs: 60_000 };
const FIRST: CounterName = { bucket: -1, accountId: 0, meterId: 0, from: 0 };

/**
 * Copies of the counters in Redis, for answers while Postgres is away. They are written behind the answers, from what
 * Postgres says, and nothing that is counted, charged or refused depends on them.
 */
@Injectable()
export class CounterMirror implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #redis: RedisCounters | null;
  readonly #changed = new Map<string, CounterName>();
  #telling: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #isTelling = false;
  #isLooking = false;
  /** Whether this process has written everything that it was told of. */
  #isWhole = true;
  #restUntil = 0;

  constructor(
    private readonly counters: CounterMirrorRepository,
    private readonly lock: Lock,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly logger: Logger,
    @Inject(REDIS) redis: Redis | null,
  ) {
    this.#redis = redis === null ? null : new RedisCounters(redis);
  }

  onApplicationBootstrap(): void {
    if (this.#redis === null) return;
    this.#looking = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#telling);
    this.#changed.clear();
  }

  /**
   * What the counters of an account held in the period that begins at `segmentFrom`, in base units by meter id; null = not
   * all of it is known here, or Redis is away: ask Postgres.
   */
  async read(
    { id: accountId }: AccountRef,
    meterIds: readonly number[],
    segmentFrom: number,
  ): Promise<Map<number, MirroredCounter> | null> {
    return this.#redis?.read({ accountId, from: segmentFrom }, meterIds).catch(() => null) ?? null;
  }

  /** The counters that these events add to have changed. Called after COMMIT; costs next to nothing and never throws. */
  noteEvents(events: readonly PreparedEvent[]): void {
    if (this.#redis === null) return;
    for (const { account, segment, readings } of events) {
      for (const { kind, meter } of readings) {
        if (kind !== 'level') this.#note({ account, meter, segment });
      }
    }
    this.#schedule();
  }

  /** The same for counters by name. */
  noteCounters(counters: readonly CounterRef[]): void {
    if (this.#redis === null) return;
    for (const counter of counters) this.#note(counter);
    this.#schedule();
  }

  /** Copies all counters of running periods; answers how many, 0 where there is no Redis or somebody else is at it. */
  async fill(): Promise<number> {
    let filled = 0;
    const redis = this.#redis;
    if (redis === null) return filled;
    await this.lock.withLock('counter-mirror-fill', LOCK_MS, async ({ signal }) => {
      // From here on what is missed again counts again.
      this.#isWhole = true;
      try {
        filled = await this.#fill(redis, signal);
      } catch (error) {
        this.#isWhole = false;
        throw error;
      }
    });
    return filled;
  }

  async #fill(redis: RedisCounters, signal: AbortSignal): Promise<number> {
    const token = this.ids.uuidv7();
    await redis.beginFilling(token);
    let [filled, last] = [0, FIRST];
    while (!signal.aborted) {
      const now = this.clock.now();
      const copies = await this.counters.running(now, last, MOST_AT_ONCE);
      await redis.write(copies, now);
      filled += copies.length;
      if (copies.length < MOST_AT_ONCE) break;
      last = copies.at(-1)!;
    }
    if (!signal.aborted) await redis.endFilling(token);
    return filled;
  }

  #note(counter: CounterRef): void {
    if (this.#changed.size >= WAITING_MAX) {
      this.#isWhole = false;
      return;
    }
    const { account, meter, segment } = counter;
    const name = { bucket: account.bucket, accountId: account.id, meterId: meter.id, from: segment.from };
    this.#changed.set(nameOf(counter), name);
  }

  #schedule(): void {
    if (this.#telling !== undefined || this.#isTelling || this.#changed.size === 0) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      void apartFromCall(() => this.#tell());
    }, TELL_EVERY_MS).unref();
  }

  async #tell(): Promise<void> {
    this.#isTelling = true;
    const names = [...this.#changed].slice(0, MOST_AT_ONCE);
    for (const [name] of names) this.#changed.delete(name);
    try {
      const now = this.clock.now();
      await this.#redis!.write(await this.counters.read(names.map(([, name]) => name)), now);
    } catch (error) {
      this.#lose(error);
    } finally {
      this.#isTelling = false;
      this.#schedule();
    }
  }

  /** What could not be copied is copied when all is: nothing waits for a Redis that is away. */
  #lose(error: unknown): void {
    if (this.#isWhole) this.logger.debug({ err: error }, 'counters could not be copied');
    this.#isWhole = false;
    this.#changed.clear();
  }

  /** Fills the mirror when Redis has lost it, or this process something of it. */
  async #look(): Promise<void> {
    if (this.#isLooking || performance.now() < this.#restUntil) return;
    this.#isLooking = true;
    try {
      if (this.#isWhole && (await this.#redis!.isWhole())) return;
      const started = performance.now();
      await this.fill();
      const took = performance.now() - started;
      this.#restUntil = performance.now() + Math.min(took * REST.perFilling, REST.mostMs);
    } catch (error) {
      this.logger.debug({ err: error }, 'the copies of counters could not be filled');
    } finally {
      this.#isLooking = false;
    }
  }
}
