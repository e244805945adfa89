import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { Redis } from 'ioredis';
import { Logger } from './logger';
import { Readiness } from './readiness';
import { REDIS } from './redis.module';
import { Database } from './transaction';

export type DependencyState = 'healthy' | 'unhealthy' | 'not_configured';
type Dependency = 'database' | 'redis' | 'stripe';
export type DependencyStates = Readonly<Record<Dependency, DependencyState>>;

export interface ServiceState {
  /** Whether requests should come here: the doors are open, Postgres answers, nobody is shutting this process down. */
  readonly isReady: boolean;
  readonly status: 'ready' | 'degraded' | 'unavailable' | 'starting' | 'shutting_down';
  readonly services: DependencyStates;
}

/** A dependency that takes longer is as good as gone; a probe must not wait for it. */
const DATABASE_PATIENCE_MS = 2_000;
const REDIS_PATIENCE_MS = 500;

/**
 * What this process can do now. Postgres and Redis are asked; Stripe is only what our last calls to it met, because a probe
 * every few seconds from every replica is no way to treat somebody else's service.
 */
@Injectable()
export class HealthService {
  #asking: Promise<DependencyStates> | null = null;
  #stripe: DependencyState = 'not_configured';

  constructor(
    private readonly database: Database,
    private readonly indicators: HealthIndicatorService,
    private readonly logger: Logger,
    private readonly readiness: Readiness,
    @Inject(REDIS) private readonly redis: Redis | null,
  ) {}

  /** Whether this process is on its way out; it goes on answering what still comes. */
  get isShuttingDown(): boolean {
    return this.readiness.state === 'draining';
  }

  /** Told by whoever calls Stripe, after each call. */
  reportStripe(state: DependencyState): void {
    this.#stripe = state;
  }

  /** Without Postgres nothing can be promised; without Redis everything still works, only slower. */
  async state(): Promise<ServiceState> {
    const services = await this.dependencies();
    if (this.isShuttingDown) return { isReady: false, status: 'shutting_down', services };
    if (this.readiness.state === 'starting') return { isReady: false, status: 'starting', services };
    if (services.database !== 'healthy') return { isReady: false, status: 'unavailable', services };
    return { isReady: true, status: services.redis === 'unhealthy' ? 'degraded' : 'ready', services };
  }

  /** The state of each dependency. All who ask while an answer is under way get that answer. */
  dependencies(): Promise<DependencyStates> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Postgres as terminus sees it. */
  async databaseIndicator(): Promise<HealthIndicatorResult<'database'>> {
    const indicator = this.indicators.check('database');
    const answers = await this.#answers(
      'database',
      () => this.database.query('select 1'),
      DATABASE_PATIENCE_MS,
    );
    return answers ? indicator.up() : indicator.down();
  }

  /** Redis as terminus sees it; not configured is well. */
  async redisIndicator(): Promise<HealthIndicatorResult<'redis'>> {
    const { redis } = this;
    const indicator = this.indicators.check('redis');
    if (redis === null) return indicator.up({ state: 'not_configured' });
    return (await this.#answers('redis', () => redis.ping(), REDIS_PATIENCE_MS))
      ? indicator.up()
      : indicator.down();
  }

  async #ask(): Promise<DependencyStates> {
    const [database, redis] = await Promise.all([this.databaseIndicator(), this.redisIndicator()]);
    return {
      database: database.database.status === 'up' ? 'healthy' : 'unhealthy',
      redis: this.redis === null ? 'not_configured' : redis.redis.status === 'up' ? 'healthy' : 'unhealthy',
      stripe: this.#stripe,
    };
  }

  async #answers(name: Dependency, ask: () => Promise<unknown>, patienceMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${patienceMs} ms`)), patienceMs);
    });
    try {
      await Promise.race([ask(), impatience]);
      return true;
    } catch (error) {
      this.logger.debug({ err: error }, `${name} does not answer`);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}
