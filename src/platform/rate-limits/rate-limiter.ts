import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { DomainError } from '../../core/errors';
import type { Principal } from '../auth/principal';
import { CONFIG, type Config } from '../config';
import { Logger } from '../logger';
import { counter, gauge } from '../metrics';
import { REDIS } from '../redis.module';
import { RateWindow, type RateLimit } from './rate-limit';
import { RateLimits } from './rate-limits.service';
import { RateShare } from './rate-share';

const MAX_WINDOWS = 50_000;
/** How many of the oldest are looked at to find one that says nothing any more. */
const SWEEP = 20;

/** Injection token of the monotonic clock of the limits, in milliseconds. */
export const RATE_CLOCK = Symbol('rate-clock');

/** Lets each principal make so many requests in a window, at every door that asks who calls. */
@Injectable()
export class RateLimiter implements OnModuleDestroy {
  readonly #byName = new Map<string, RateWindow>();
  /** Found without making a name: this runs on every request. */
  readonly #byPrincipal = new WeakMap<Principal, RateWindow>();
  readonly #usual: RateLimit | null;
  readonly #share: RateShare | null;
  readonly #refusals = counter(
    { name: 'tallyhouse_rate_limit_refusals_total', help: 'Requests beyond a limit, by kind of principal' },
    ['kind'],
  );

  constructor(
    private readonly limits: RateLimits,
    @Inject(CONFIG) config: Pick<Config, 'rateLimitRequests' | 'rateLimitWindowMs'>,
    logger: Logger,
    @Inject(REDIS) redis: Redis | null,
    @Inject(RATE_CLOCK) private readonly monotonicMs: () => number,
  ) {
    const { rateLimitRequests: requests, rateLimitWindowMs: windowMs } = config;
    this.#usual = requests === 0 ? null : { requests, windowMs };
    this.#share = redis === null ? null : new RateShare(redis, logger, monotonicMs);
    const help = 'Principals whose requests are being counted';
    gauge({ name: 'tallyhouse_rate_limit_windows', help }, () => this.#byName.size);
  }

  /**
   * Counts a request; `source` is the caller's host, asked for only where callers have no other name. Throws `rate-limited`
   * with the seconds until there is room again; what is refused is not counted.
   */
  count(principal: Principal, source: () => string): void {
    if (this.#usual === null && this.limits.size === 0) return;
    const window = this.#windowOf(principal, source);
    if (window.version !== this.limits.version) this.#readLimit(window, principal);
    const { limit } = window;
    if (limit === null) return;
    const waitMs = window.take(this.monotonicMs(), limit);
    if (waitMs > 0) {
      this.#refusals.inc({ kind: principal.kind });
      throw tooMany(limit, waitMs);
    }
    if (window.untold === 1) this.#share?.tell(window);
  }

  onModuleDestroy(): void {
    this.#share?.stop();
  }

  #windowOf(principal: Principal, source: () => string): RateWindow {
    if (principal.kind === 'network') return this.#named(`network:${source()}`);
    const known = this.#byPrincipal.get(principal);
    if (known !== undefined) return known;
    const window = this.#named(nameOf(principal));
    this.#byPrincipal.set(principal, window);
    return window;
  }

  #named(name: string): RateWindow {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const window = new RateWindow(name);
    if (this.#byName.size >= MAX_WINDOWS) this.#makeRoom();
    this.#byName.set(name, window);
    return window;
  }

  /** Drops those that are over among the oldest, and the oldest of all in any case. */
  #makeRoom(): void {
    const now = this.monotonicMs();
    let looked = 0;
    for (const [name, window] of this.#byName) {
      if (looked === 0 || window.isOver(now)) this.#byName.delete(name);
      if (++looked === SWEEP) return;
    }
  }

  /** The limit of the one account the principal acts for, where it has its own, else the usual one. */
  #readLimit(window: RateWindow, { accounts }: Principal): void {
    const own = accounts !== '*' && accounts.length === 1 ? this.limits.of(accounts[0]!) : undefined;
    window.limit = own ?? this.#usual;
    window.version = this.limits.version;
  }
}

/** A subject is a name only together with the account it is of. */
function nameOf({ kind, id, accounts }: Principal): string {
  return kind === 'jwt' ? `jwt:${id}@${accounts[0]}` : `${kind}:${id}`;
}

function tooMany({ requests, windowMs }: RateLimit, waitMs: number): DomainError {
  const message = `No more than ${requests} requests are answered in ${windowMs} ms`;
  return new DomainError('rate-limited', message, [], Math.ceil(waitMs / 1_000));
}
