import type { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { sumContributions } from '../core/contribution';
import { DomainError } from '../core/errors';
import { toDomainError } from '../platform/database-errors';
import { type Database, type Sql, sqlOn } from '../platform/transaction';
import { CarefulCommit, OutdatedCatalogue, recordedAs } from './careful-commit.service';
import { freshGuards } from './counter-guard';
import { groupFailure } from './group-failure';
import type { PlainSums } from './group-sums';
import { IngestRepository, type Totals } from './ingest.repository';
import type { PreparedEvent } from './prepared-event';
import type { Outcome } from './outcome';

export interface ConnectionOptions {
  readonly name: string;
  readonly lockTimeoutMs: number;
  /** Percent of a limit at which a use is looked at. */
  readonly thresholds: readonly number[];
  /** Told of events once they are committed, and of those that may be. */
  readonly afterwards?: (events: readonly PreparedEvent[]) => void;
}

export interface CommitOptions {
  /** Refuses all when one is in conflict or refused: nothing is stored and the outcomes say who. */
  readonly allOrNothing?: boolean;
}

const STATEMENT_TIMEOUT_MS = 15_000;
const ATTEMPTS = 8;
/** Groups after a known key that take the careful path at once: duplicates come in bursts. */
const CAREFUL_GROUPS = 16;
/** How long a lost connection is sought again before groups are given up as `unavailable`, the later ones at once. */
const RECONNECT_MS = 2_000;

class RolledBack extends Error {
  constructor(readonly outcomes: Outcome[]) {
    super('rolled back on purpose');
  }
}

/** One dedicated connection that commits one group at a time and outlives its Postgres. */
export class CommitConnection {
  #client: Client | null = null;
  #lostAt: number | null = null;
  #carefulGroups = 0;

  constructor(
    private readonly database: Database,
    private readonly ingest: IngestRepository,
    private readonly careful: CarefulCommit,
    private readonly options: ConnectionOptions,
  ) {}

  /**
   * Commits the events, each once, and answers after COMMIT with one outcome per event. Events must be distinct and
   * sorted by key. Throws what `groupFailure` names; `unavailable` when Postgres stays away.
   */
  async commit(events: readonly PreparedEvent[], options: CommitOptions = {}): Promise<Outcome[]> {
    try {
      return await this.#commit(events, options);
    } finally {
      this.options.afterwards?.(events);
    }
  }

  async #commit(events: readonly PreparedEvent[], options: CommitOptions): Promise<Outcome[]> {
    let [mine, isNear] = [false, false];
    for (let attempt = 1; ; attempt++) {
      try {
        const outcomes = await this.#once(events, { ...options, mine, isNear });
        this.#lostAt = null;
        return outcomes;
      } catch (error) {
        const failure = groupFailure(error);
        if (failure === 'limit-near') {
          isNear = true;
        } else if (failure === 'lost') {
          mine = await this.#afterLoss(error);
        } else if (attempt >= ATTEMPTS || !(await this.#mend(failure))) {
          throw failure === 'again' ? tooOftenInTheWay() : error;
        }
      }
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  async #once(
    events: readonly PreparedEvent[],
    options: CommitOptions & { mine: boolean; isNear: boolean },
  ): Promise<Outcome[]> {
    const sql = await this.#sql();
    const mayBePlain = !options.mine && !options.isNear && !options.allOrNothing && this.#carefulGroups === 0;
    const sums = mayBePlain && events.every(isPlain) ? this.#sums(events) : null;
    if (sums) {
      const totals = await this.#plainly(sql, events, sums);
      return events.map((event) => recordedAs(event, totals));
    }
    const outcomes = await this.#carefully(sql, events, options);
    if (this.#carefulGroups > 0 && outcomes.every(({ status }) => status === 'recorded'))
      this.#carefulGroups--;
    return outcomes;
  }

  /** What one statement adds up; null when a limit may be in its way. */
  #sums(events: readonly PreparedEvent[]): PlainSums | null {
    const sums = sumContributions(events);
    const fresh = freshGuards(events, sums.counters, this.options.thresholds);
    return fresh && { ...sums, ...fresh };
  }

  async #plainly(sql: Sql, events: readonly PreparedEvent[], sums: PlainSums): Promise<Totals> {
    if (events.some(({ isLate }) => isLate)) {
      return this.#within(sql, () => this.careful.insertLate(sql, events, sums));
    }
    const totals = await this.ingest.insertNew(sql, events, sums);
    if (totals === null) throw new OutdatedCatalogue();
    return totals;
  }

  async #carefully(
    sql: Sql,
    events: readonly PreparedEvent[],
    options: CommitOptions & { mine: boolean },
  ): Promise<Outcome[]> {
    try {
      return await this.#within(sql, async () => {
        const outcomes = await this.careful.store(sql, events, { mine: options.mine });
        if (
          options.allOrNothing &&
          outcomes.some(({ status }) => status === 'conflict' || status === 'refused')
        ) {
          throw new RolledBack(outcomes);
        }
        return outcomes;
      });
    } catch (error) {
      if (error instanceof RolledBack) return error.outcomes;
      throw error;
    }
  }

  async #within<R>(sql: Sql, work: () => Promise<R>): Promise<R> {
    await sql.query('begin');
    try {
      const result = await work();
      await sql.query('commit');
      return result;
    } catch (error) {
      await sql.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  /** Whether the failure is one that running the group again can cure, after doing what it asks for. */
  async #mend(failure: ReturnType<typeof groupFailure>): Promise<boolean> {
    switch (failure) {
      case 'known-key':
        this.#carefulGroups = CAREFUL_GROUPS;
        return true;
      case 'again':
        // Postgres has ended the other side's wait already; a short pause lets it commit first.
        await sleep(5);
        return true;
      case 'missing-partition':
        // Whatever goes wrong here, the group meets it again in its own next attempt.
        await this.ingest.ensurePartition(await this.#sql()).catch(() => undefined);
        return true;
      default:
        return false;
    }
  }

  /**
   * Drops the connection; true = try again, and take a known key with the same content for our own. While Postgres stays
   * away a group tries only once: whoever waits behind it must hear so soon.
   */
  async #afterLoss(error: unknown): Promise<true> {
    await this.close();
    this.#lostAt ??= performance.now();
    if (performance.now() - this.#lostAt > RECONNECT_MS) throw toDomainError(error);
    await sleep(100);
    return true;
  }

  async #sql(): Promise<Sql> {
    this.#client ??= await this.database.connect({
      applicationName: `tallyhouse ${this.options.name}`,
      lockTimeoutMs: this.options.lockTimeoutMs,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    });
    return sqlOn(this.#client);
  }
}

function tooOftenInTheWay(): DomainError {
  return new DomainError('unavailable', 'Other transactions were in the way too often', [], 1);
}

/** Whether one statement can store it: amounts only, and nobody's personal attributes. */
function isPlain(event: PreparedEvent): boolean {
  return event.personal === null && event.readings.every((reading) => reading.kind === 'add');
}
