import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import type { Sql } from '../platform/transaction';
import { UsageRetentionRepository } from './usage-retention.repository';

/** Nothing younger is ever dropped: the functions that drop refuse it. */
const NEVER_GONE_MS = 35 * 86_400_000;

/** Refuses to work out what can no longer be known, instead of answering with what happens to be left. */
@Injectable()
export class RetentionHorizon {
  constructor(
    private readonly stored: UsageRetentionRepository,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'eventFutureToleranceMs'>,
  ) {}

  /**
   * Throws `failed-precondition` unless every event that happened from the instant on (milliseconds) is still there. Ask in a
   * transaction that holds `usage_event`, or the answer may be outdated.
   */
  async requireEvents(sql: Sql, from: number, field: string): Promise<void> {
    if (this.#isYoung(from)) return;
    const { eventsFrom } = await this.stored.horizon(sql);
    // An event may have been recorded a little before it happened, by the clock of its sender.
    if (eventsFrom === null || from - this.config.eventFutureToleranceMs >= eventsFrom) return;
    throw gone(field, `events recorded before ${isoOf(eventsFrom)} are kept no longer: only whole hours are`);
  }

  /** The same for hours and days. */
  async requireWindows(sql: Sql, from: number): Promise<void> {
    if (this.#isYoung(from)) return;
    const { windowsFrom } = await this.stored.horizon(sql);
    if (windowsFrom === null || from >= windowsFrom) return;
    throw gone('from', `hours and days before ${isoOf(windowsFrom)} are kept no longer`);
  }

  #isYoung(from: number): boolean {
    return from >= this.clock.now().getTime() - NEVER_GONE_MS;
  }
}

function gone(field: string, reason: string): DomainError {
  return new DomainError('failed-precondition', `${field}: ${reason}`, [{ field, reason }]);
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
