import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../clock';
import { Ids } from '../ids';
import { Logger } from '../logger';
import { counter, gauge } from '../metrics';
import { storedGauge } from '../metrics-stored';
import { Hopeless, Outbox, type OutboxTopic } from './outbox.service';
import { OutboxRepository, type ClaimedMessage } from './outbox.repository';

/** What became of the messages of one run. */
export interface OutboxRun {
  done: number;
  postponed: number;
  parked: number;
  /** Somebody else had taken over before we had finished. */
  lost: number;
}

export interface WorkerOptions {
  /** Messages under way at once in this process. */
  readonly concurrency: number;
  /** Of these, at most so many of one account. */
  readonly perAccount: number;
  readonly leaseMs: number;
}

const OPTIONS: WorkerOptions = { concurrency: 16, perAccount: 4, leaseMs: 60_000 };
const BEFORE_ALL = { bucket: -1, accountId: -1 };
const FIRST_DELAY_MS = 5_000;
const LONGEST_DELAY_MS = 12 * 3_600_000;
const RECOUNT_MS = 15_000;
const MAX_ERROR_LENGTH = 500;

/**
 * How long to wait after a failed attempt (counted from 1): three times as long each time, from five seconds up to twelve
 * hours, less up to a half by `chance` (0 to 1) so that what failed together does not come back together. In milliseconds.
 */
export function backoffMs(attempt: number, chance: number): number {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 3 ** Math.min(attempt - 1, 20));
  return Math.round(whole * (1 - chance / 2));
}

/** Keeps the promises of the outbox: any number of workers in any number of processes. */
@Injectable()
export class OutboxWorker implements OnModuleDestroy {
  readonly #outcomes = counter(
    { name: 'tallyhouse_outbox_attempts_total', help: 'Attempts to keep a promise, by topic and outcome' },
    ['topic', 'outcome'],
  );
  readonly #running = new Set<Promise<unknown>>();
  #after: { bucket: number; accountId: number } = BEFORE_ALL;
  #waiting = { due: 0, parked: 0 };
  #countedAt = 0;
  #stopped = false;

  constructor(
    private readonly outbox: Outbox,
    private readonly messages: OutboxRepository,
    private readonly ids: Ids,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    const help = 'Messages of the outbox, as last counted by this process';
    gauge({ name: 'tallyhouse_outbox_due', help: `${help}: not done yet` }, () => this.#waiting.due);
    gauge({ name: 'tallyhouse_outbox_parked', help: `${help}: given up` }, () => this.#waiting.parked);
    const late = 'How long the message that is due for longest has been waiting for a worker; 0 = none does';
    storedGauge({ name: 'tallyhouse_outbox_lag_seconds', help: late }, async () => [
      { value: await this.messages.lagSeconds() },
    ]);
  }

  /**
   * Works through what is due until nothing is left or `limit` messages have been taken, many at once and fairly by account.
   * What a handler throws postpones its message and is never thrown here; a lost database is.
   */
  async runDue(limit = 1_000, options: Partial<WorkerOptions> = {}): Promise<OutboxRun> {
    const settings = { ...OPTIONS, ...options };
    const run: OutboxRun = { done: 0, postponed: 0, parked: 0, lost: 0 };
    const work = this.#work(limit, settings, run);
    this.#running.add(work);
    try {
      await work;
      if (!this.#stopped) await this.#recount();
    } finally {
      this.#running.delete(work);
    }
    return run;
  }

  /** Takes no more and lets finish what is under way; the rest is for other processes or for later. */
  async onModuleDestroy(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#running);
  }

  async #work(limit: number, settings: WorkerOptions, run: OutboxRun): Promise<void> {
    const underWay = new Map<Promise<void>, ClaimedMessage>();
    let failure: unknown = null;
    for (let left = limit; ;) {
      const room =
        this.#stopped || failure !== null ? 0 : Math.min(settings.concurrency - underWay.size, left);
      const claimed = room > 0 ? await this.#claim(room, settings, [...underWay.values()]) : [];
      left -= claimed.length;
      for (const message of claimed) {
        const attempt: Promise<void> = this.#attempt(message, settings, run)
          .catch((error: unknown) => void (failure ??= error))
          .finally(() => underWay.delete(attempt));
        underWay.set(attempt, message);
      }
      if (underWay.size === 0) break;
      await Promise.race(underWay.keys());
    }
    if (failure !== null) throw failure as Error;
  }

  /** The accounts take turns: each claim goes on behind the last account of the one before, and once around. */
  async #claim(
    room: number,
    { perAccount, leaseMs }: WorkerOptions,
    underWay: readonly ClaimedMessage[],
  ): Promise<ClaimedMessage[]> {
    const topics = [...this.outbox.topics.keys()];
    if (topics.length === 0) return [];
    const claim = {
      token: this.ids.uuidv7(),
      topics,
      perAccount,
      leaseMs,
      busy: busyOf(underWay, perAccount),
    };
    const first = await this.messages.claim({ ...claim, limit: room, after: this.#after });
    const goesAround = first.length < room && this.#after !== BEFORE_ALL;
    const busy = busyOf([...underWay, ...first], perAccount);
    const rest = goesAround
      ? await this.messages.claim({ ...claim, limit: room - first.length, after: BEFORE_ALL, busy })
      : [];
    const claimed = [...first, ...rest];
    this.#after = claimed.at(-1) ?? BEFORE_ALL;
    return claimed;
  }

  async #attempt(message: ClaimedMessage, { leaseMs }: WorkerOptions, run: OutboxRun): Promise<void> {
    const topic = this.outbox.topics.get(message.topic)!;
    const { token: _token, ...shown } = message;
    let outcome: keyof OutboxRun;
    try {
      // Whoever was never heard of again has counted too: a message that ends its process must not do so for ever.
      if (message.attempt > topic.attempts) throw new Hopeless('no attempt has come back with an answer');
      await topic.handler({ ...shown, signal: AbortSignal.timeout(Math.floor(leaseMs * 0.9)) });
      outcome = (await this.messages.finish(message)) ? 'done' : 'lost';
    } catch (error) {
      outcome = await this.#failed(message, topic, error);
    }
    run[outcome] += 1;
    this.#outcomes.inc({ topic: message.topic, outcome });
  }

  async #failed(message: ClaimedMessage, topic: OutboxTopic, error: unknown): Promise<keyof OutboxRun> {
    const words = (error instanceof Error ? error.message : String(error))
      .replaceAll('\u0000', '')
      .slice(0, MAX_ERROR_LENGTH);
    const about = { err: error, topic: message.topic, message: message.id, attempt: message.attempt };
    if (error instanceof Hopeless || message.attempt >= topic.attempts) {
      this.logger.error(about, 'a message of the outbox was parked');
      return (await this.messages.park(message, words)) ? 'parked' : 'lost';
    }
    this.logger.debug(about, 'a message of the outbox failed and will be tried again');
    const chance = this.ids.random(4).readUInt32BE() / 2 ** 32;
    const delay = backoffMs(message.attempt, chance);
    return (await this.messages.postpone(message, delay, words)) ? 'postponed' : 'lost';
  }

  async #recount(): Promise<void> {
    const now = this.clock.now().getTime();
    if (now - this.#countedAt < RECOUNT_MS) return;
    this.#countedAt = now;
    this.#waiting = await this.messages.count();
  }
}

/** The accounts that have as much under way as one may have. */
function busyOf(underWay: readonly ClaimedMessage[], perAccount: number): number[] {
  const counts = new Map<number, number>();
  for (const { accountId } of underWay) counts.set(accountId, (counts.get(accountId) ?? 0) + 1);
  return [...counts].filter(([, count]) => count >= perAccount).map(([accountId]) => accountId);
}
