import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import { Clock } from './clock';
import { CONFIG, type Config } from './config';
import { Logger } from './logger';
import { RetentionRepository, type TrimmedTable } from './retention.repository';
import { Database, type Sql } from './transaction';

/** Answers an instant: nothing that was recorded or happened at or after it may go. Null = all may. It must be quick. */
export type RetentionGuard = (sql: Sql) => Promise<Date | null>;

/** Who keeps what, from when on. */
export interface Hold {
  readonly guard: string;
  readonly from: Date;
}

/** One thing that went, or would go: a partition, or rows of a table. */
export interface Removal {
  readonly what: string;
  /** Null for a partition, which goes as a whole. */
  readonly rows: number | null;
  /** Why it stayed after all; the next run tries again. */
  readonly stayed?: string;
}

/** What is kept how long. */
export interface RetentionRule {
  readonly name: string;
  readonly keepMs: number;
  /** Whether guards are asked; without, nobody can need it. */
  readonly isGuarded: boolean;
  /** The instants at which something may end, for what goes in pieces: the last one at or before is taken. */
  readonly align?: (before: Date) => Date;
  /** What would go; changes nothing. */
  readonly find: (before: Date) => Promise<Removal[]>;
  /** Lets it go; `ask` throws in the transaction of a drop when a guard holds something before `before`. */
  readonly remove: (before: Date, ask: (sql: Sql) => Promise<void>) => Promise<Removal[]>;
}

/** What became of one rule. */
export interface RetentionReport {
  readonly rule: string;
  /** What is older went, or would go. */
  readonly before: Date;
  /** Set when less went than should have gone by age. */
  readonly heldBy: Hold | null;
  readonly removals: readonly Removal[];
}

/** How long things are kept: rules and guards of all modules, and the run that follows them. */
@Injectable()
export class Retention {
  readonly #rules: RetentionRule[] = [];
  readonly #guards = new Map<string, RetentionGuard>();

  constructor(
    private readonly database: Database,
    private readonly stored: RetentionRepository,
    private readonly clock: Clock,
    private readonly logger: Logger,
    @Inject(CONFIG) private readonly config: Pick<Config, 'eventFutureToleranceMs'>,
  ) {}

  /** Called by a module while it is being initialised. Throws when two guards bear one name. */
  guard(name: string, ask: RetentionGuard): void {
    if (this.#guards.has(name)) throw new Error(`two guards are called: ${name}`);
    this.#guards.set(name, ask);
  }

  /** Called by a module while it is being initialised. Rules are followed in the order they were added. */
  rule(rule: RetentionRule): void {
    this.#rules.push(rule);
  }

  /** A rule for rows of tables that nobody but time needs. */
  trimming(tables: readonly TrimmedTable[]): Pick<RetentionRule, 'find' | 'remove'> {
    return {
      find: (before) => each(tables, (table) => this.stored.countOld(table, before)),
      remove: (before) => each(tables, (table) => this.stored.trim(table, before)),
    };
  }

  /**
   * Lets go what is older than its rule says and nobody holds; a dry run only tells what would go. A rule that fails is
   * logged and the others are followed; in the end it is thrown, and the next run tries again.
   */
  async run({ dryRun = false } = {}): Promise<RetentionReport[]> {
    const reports: RetentionReport[] = [];
    const failed: string[] = [];
    for (const rule of this.#rules) {
      try {
        reports.push(await this.#follow(rule, dryRun));
      } catch (error) {
        failed.push(rule.name);
        this.logger.error({ err: error, rule: rule.name }, 'what is old could not be let go');
      }
    }
    if (failed.length > 0) throw new Error(`what is old could not be let go: ${failed.join(', ')}`);
    return reports;
  }

  async #follow(rule: RetentionRule, dryRun: boolean): Promise<RetentionReport> {
    const { align = (at) => at } = rule;
    const wanted = align(new Date(this.clock.now().getTime() - rule.keepMs));
    const hold = rule.isGuarded ? await this.#earliest(this.database) : null;
    const heldBy = hold !== null && this.#startOf(hold) < wanted ? hold : null;
    const before = heldBy === null ? wanted : align(this.#startOf(heldBy));
    const ask = async (sql: Sql): Promise<void> => {
      const now = rule.isGuarded ? await this.#earliest(sql) : null;
      if (now === null || this.#startOf(now) >= before) return;
      throw new DomainError('failed-precondition', `held by: ${now.guard}`);
    };
    const removals = dryRun ? await rule.find(before) : await rule.remove(before, ask);
    const report = { rule: rule.name, before, heldBy, removals: removals.filter(({ rows }) => rows !== 0) };
    if (!dryRun) this.#tell(report);
    return report;
  }

  #tell({ rule, before, heldBy, removals }: RetentionReport): void {
    if (heldBy !== null)
      this.logger.warn({ rule, before, ...heldBy }, 'a guard holds what is old enough to go');
    if (removals.length > 0) this.logger.info({ rule, before, removals }, 'what was old was let go');
  }

  /** What happened from an instant on may have been recorded a little earlier, where a sender's clock is ahead of ours. */
  #startOf({ from }: Hold): Date {
    return new Date(from.getTime() - this.config.eventFutureToleranceMs);
  }

  /** The guard that holds most, if any does. */
  async #earliest(sql: Sql): Promise<Hold | null> {
    let earliest: Hold | null = null;
    for (const [guard, ask] of this.#guards) {
      const from = await ask(sql);
      if (from !== null && (earliest === null || from < earliest.from)) earliest = { guard, from };
    }
    return earliest;
  }
}

async function each(
  tables: readonly TrimmedTable[],
  rowsOf: (table: TrimmedTable) => Promise<number>,
): Promise<Removal[]> {
  const removals: Removal[] = [];
  for (const table of tables) removals.push({ what: table, rows: await rowsOf(table) });
  return removals;
}
