import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../core/errors';
import { apartFromCall } from '../call-life';
import { Clock } from '../clock';
import { Lock } from '../lock';
import { Logger } from '../logger';
import { JobMetrics } from './job-metrics.service';
import { JobRepository, type StoredRun, type StoredTurn } from './job.repository';
import { JobRuns, type JobRun, type RunOutcome } from './job-runs.service';

/** A job that can be run: by its schedule, by hand over REST, by the command line. */
export interface Job {
  readonly name: string;
  /** What it does, in a phrase. */
  readonly does: string;
  /** When it runs by itself, for people: `every 5 s`. */
  readonly when: string;
  /** How often a turn is to succeed, for whoever watches; null or left out = there is no such promise. */
  readonly everyMs?: number | null;
  readonly leaseMs: number;
  /** One turn. A job of periods catches up here with what it missed, by `Jobs.catchUp`. */
  readonly run: () => Promise<unknown>;
}

/** A job as it is listed: its last turn, and of a job of periods its last run. */
export interface ListedJob extends Pick<Job, 'name' | 'does' | 'when'> {
  readonly lastTurn: StoredTurn | null;
  readonly lastRun: StoredRun | null;
}

const NOTE_EVERY_MS = 60_000;
const MAX_ERROR_LENGTH = 500;

/** How long a shutdown waits for turns under way. */
const PATIENCE_MS = 5_000;

/** The jobs of this process, and the work they do once per period. */
@Injectable()
export class Jobs implements OnModuleDestroy {
  readonly #jobs = new Map<string, Job>();
  readonly #underWay = new Set<Promise<unknown>>();
  #stopped = false;
  readonly #noted = new Map<string, { at: number; failed: boolean }>();

  constructor(
    private readonly stored: JobRepository,
    private readonly runs: JobRuns,
    private readonly lock: Lock,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly metrics: JobMetrics,
  ) {}

  /** Called by a module while it is being initialised. */
  add(job: Job): void {
    if (this.#jobs.has(job.name)) throw new Error(`the job ${job.name} exists already`);
    this.#jobs.set(job.name, job);
    this.metrics.know(job.name, job.everyMs ?? null);
  }

  /** Exactly one finished run for each (job, period); see `JobRuns.runOnce`. */
  runOnce(
    job: string,
    period: string,
    work: (run: JobRun) => Promise<unknown>,
    options: { leaseMs?: number } = {},
  ): Promise<RunOutcome> {
    return this.runs.runOnce(job, period, work, options);
  }

  /** Those of the periods that have no finished run, in their order. */
  missed(job: string, lastPeriods: readonly string[]): Promise<string[]> {
    return this.runs.missed(job, lastPeriods);
  }

  /** Runs what was missed; see `JobRuns.catchUp`. */
  catchUp(
    job: string,
    lastPeriods: readonly string[],
    work: (run: JobRun) => Promise<unknown>,
  ): Promise<string[]> {
    return this.runs.catchUp(job, lastPeriods, work);
  }

  /** Every job, by name. */
  async list(): Promise<ListedJob[]> {
    const names = [...this.#jobs.keys()].sort();
    const [turns, runs] = [await this.stored.lastTurns(names), await this.stored.lastRuns(names)];
    return names.map((name) => {
      const { does, when } = this.#jobs.get(name)!;
      const lastTurn = turns.find(({ job }) => job === name) ?? null;
      return { name, does, when, lastTurn, lastRun: runs.find(({ job }) => job === name) ?? null };
    });
  }

  /**
   * One turn of a job under its lock, now, and what is to be told of it; what it throws is thrown on. Throws `not-found` for
   * an unknown job, `failed-precondition` while another process is at it.
   */
  async runByHand(name: string): Promise<StoredTurn> {
    const turn = await this.turn(name, { note: true });
    if (turn === null) throw new DomainError('failed-precondition', `The job ${name} is running already`);
    return turn;
  }

  /** The last turn of a job in any process, as far as it was noted. */
  async lastTurn(name: string): Promise<StoredTurn | null> {
    return (await this.stored.lastTurns([name]))[0] ?? null;
  }

  /**
   * One turn of a job under its lock, or null when somebody else is at it or this process is on its way out. What it throws is
   * noted and thrown on.
   */
  async turn(name: string, { note = false } = {}): Promise<StoredTurn | null> {
    const job = this.#jobs.get(name);
    if (!job) throw new DomainError('not-found', `No job ${name}`);
    if (this.#stopped) return null;
    const turn = this.#turn(job, note);
    const over = turn.catch(() => undefined).then(() => void this.#underWay.delete(over));
    this.#underWay.add(over);
    return turn;
  }

  /** Begins no more turns, and lets those under way end; the locks of those that do not are given back all the same. */
  async onModuleDestroy(): Promise<void> {
    this.#stopped = true;
    const patience = new AbortController();
    const waited = sleep(PATIENCE_MS, undefined, { signal: patience.signal, ref: false }).catch(
      () => undefined,
    );
    await Promise.race([Promise.all(this.#underWay), waited]);
    patience.abort();
  }

  async #turn(job: Job, note: boolean): Promise<StoredTurn | null> {
    const { name } = job;
    const started_at = this.clock.now();
    const ended = (error: string | null): StoredTurn => ({
      ...{ job: name, started_at, finished_at: this.clock.now(), error },
    });
    try {
      const { ran } = await this.lock.withLock(name, job.leaseMs, () => this.metrics.turn(name, job.run));
      if (!ran) return null;
    } catch (error) {
      const words = (error instanceof Error ? error.message : String(error)).replaceAll('\u0000', '');
      await this.#note(ended(words.slice(0, MAX_ERROR_LENGTH)), true);
      throw error;
    }
    const turn = ended(null);
    await this.#note(turn, note);
    return turn;
  }

  /** A job that runs every second is not to write a row every second; that one failed, or works again, is always told. */
  async #note(turn: StoredTurn, must: boolean): Promise<void> {
    const noted = this.#noted.get(turn.job);
    const at = turn.finished_at.getTime();
    if (!must && noted && !noted.failed && at - noted.at < NOTE_EVERY_MS) return;
    this.#noted.set(turn.job, { at, failed: turn.error !== null });
    await apartFromCall(() => this.stored.noteTurn(turn)).catch((error: unknown) => {
      this.logger.warn({ err: error, job: turn.job }, 'the turn of a job could not be noted');
    });
  }
}
