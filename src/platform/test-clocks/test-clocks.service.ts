import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError, invalid } from '../../core/errors';
import { CONFIG, type Config } from '../config';
import { Ids } from '../ids';
import { Logger } from '../logger';
import { Database, type Sql } from '../transaction';
import type { TestClock } from './test-clock';
import { TestClockRepository } from './test-clock.repository';

/** How long another process may take to notice that a clock was moved. */
const RELOAD_EVERY_MS = 2_000;

/** Clocks moved by hand, and the accounts that live by them. Refused altogether unless TEST_CLOCKS allows them. */
@Injectable()
export class TestClocks implements OnApplicationBootstrap, OnApplicationShutdown {
  #times: ReadonlyMap<number, Date> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly clocks: TestClockRepository,
    private readonly database: Database,
    private readonly ids: Ids,
    private readonly logger: Logger,
    @Inject(CONFIG) private readonly config: Pick<Config, 'testClocks'>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.testClocks) return;
    await this.#reloadQuietly();
    this.#timer = setInterval(() => void this.#reloadQuietly(), RELOAD_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** The time of an account that lives by a test clock; undefined = it lives by everybody's. */
  timeOf(accountId: number): Date | undefined {
    return this.#times.get(accountId);
  }

  async reload(): Promise<void> {
    this.#times = await this.clocks.attached();
  }

  /** Throws `failed-precondition` where test clocks are not allowed. */
  async make({ name, now }: { name: string; now: Date }): Promise<TestClock> {
    this.#requireAllowed();
    return this.clocks.make({ id: this.ids.uuidv7(), name, now });
  }

  /** Throws `not-found`. */
  async get(id: string): Promise<TestClock> {
    const clock = await this.clocks.find(id);
    if (!clock) throw unknownClock();
    return clock;
  }

  list(limit: number, before: string | null): Promise<TestClock[]> {
    return this.clocks.list(limit, before);
  }

  /** Lets an account live by the clock from now on. Throws `failed-precondition` when it has another one. */
  async attach(accountId: number, id: string): Promise<TestClock> {
    this.#requireAllowed();
    const clock = await this.database.transaction(async (tx) => {
      const found = await this.clocks.lock(tx, id);
      if (!found) throw unknownClock();
      if (!(await this.clocks.attach(tx, accountId, id))) throw precondition('The account has a test clock');
      return found;
    });
    await this.reload();
    return clock;
  }

  /**
   * Moves a clock in the caller's transaction, which holds it from then on; `reload` afterwards. Throws `invalid-argument`
   * for a time before its own.
   */
  async move(sql: Sql, id: string, now: Date): Promise<TestClock> {
    this.#requireAllowed();
    const clock = await this.clocks.lock(sql, id);
    if (!clock) throw unknownClock();
    if (now < clock.now)
      throw invalid('now', `must not be before the clock's own ${clock.now.toISOString()}`);
    await this.clocks.move(sql, id, now);
    return { ...clock, now };
  }

  /** Takes a clock away; its accounts live by everybody's again. Throws `not-found`. */
  async remove(id: string): Promise<void> {
    if (!(await this.clocks.remove(id))) throw unknownClock();
    await this.reload();
  }

  #requireAllowed(): void {
    if (!this.config.testClocks) throw precondition('Test clocks are off (TEST_CLOCKS)');
  }

  async #reloadQuietly(): Promise<void> {
    try {
      await this.reload();
    } catch (error) {
      this.logger.debug({ err: error }, 'test clocks could not be read');
    }
  }
}

function unknownClock(): DomainError {
  return new DomainError('not-found', 'There is no such test clock');
}

function precondition(message: string): DomainError {
  return new DomainError('failed-precondition', message);
}
