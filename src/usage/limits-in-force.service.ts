import { Inject, Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { Allowance } from '../core/allowance';
import type { Stretch } from '../core/contribution';
import { limitInBaseUnits, type LimitRule } from '../core/limit';
import type { Aggregation, Meter } from '../core/meter';
import { termsAt, type TermsVersion } from '../core/terms';
import { AccountService } from '../cost-centers/account.service';
import { TermsService } from '../cost-centers/terms.service';
import { AccountClock } from '../platform/account-clock';
import { CONFIG, type Config } from '../platform/config';
import { SharedLoad } from '../platform/shared-load';
import { Database, type Sql } from '../platform/transaction';

/** Where a running total exists that one more event can bring over a limit. */
const LIMITED: ReadonlySet<Aggregation> = new Set(['sum', 'count', 'unique']);

/** Whether a limit is kept while events come: of totals always, of what all resources stand at together when it refuses. */
function isKept({ aggregation }: Meter, { onExceed }: Allowance): boolean {
  return LIMITED.has(aggregation) || (aggregation === 'gauge_peak' && onExceed === 'refuse');
}

/** The limits of one wording of a plan, shared by all accounts that have it. */
export class RuleBook {
  readonly #rules = new Map<string, LimitRule | null>();

  constructor(private readonly allowances: ReadonlyMap<string, Allowance>) {}

  get isEmpty(): boolean {
    return this.allowances.size === 0;
  }

  /** Null = use of the meter has no limit. */
  ruleOf(meter: Meter): LimitRule | null {
    let rule = this.#rules.get(meter.key);
    if (rule === undefined) this.#rules.set(meter.key, (rule = this.#ruleOf(meter)));
    return rule;
  }

  #ruleOf(meter: Meter): LimitRule | null {
    const allowance = this.allowances.get(meter.key);
    if (!allowance || allowance.limit === null || !isKept(meter, allowance)) return null;
    return { limit: limitInBaseUnits(allowance.limit, meter.divideBy), onExceed: allowance.onExceed };
  }
}

const NO_RULES = new RuleBook(new Map());

export type Reached = 'over' | 'watched';

const NONE_REACHED: ReadonlyMap<number, Reached> = new Map();

/** The limits of an account in a stretch of one of its periods. */
export class LimitsAt implements Stretch {
  /**
   * Meters whose counters have reached their limit, as far as this process knows: of `over` ones all use is overage, the
   * others have to be looked at each time. A hint and no more: the rows of the counters decide.
   */
  get reached(): ReadonlyMap<number, Reached> {
    return this.#reached ?? NONE_REACHED;
  }

  // Nearly no account has one, and there are many accounts.
  #reached: Map<number, Reached> | null = null;

  constructor(
    readonly from: number,
    readonly to: number,
    /** Names the terms (how many versions there are, and which is in force) and the thresholds: what guards depend on. */
    readonly under: string,
    private readonly book: RuleBook,
    /** The key of the plan; null = there is none. */
    readonly plan: string | null = null,
  ) {}

  /** Whether no meter has a limit. */
  get isEmpty(): boolean {
    return this.book.isEmpty;
  }

  /** Null = use of the meter has no limit. */
  ruleOf(meter: Meter): LimitRule | null {
    return this.book.ruleOf(meter);
  }

  /** Remembers how the counter of a meter stands to its limit; null = below it. */
  mark({ id }: Meter, reached: Reached | null): void {
    if (reached === null) this.#reached?.delete(id);
    else (this.#reached ??= new Map<number, Reached>()).set(id, reached);
  }
}

interface Known {
  /** How many versions of the terms there were. */
  readonly versions: number;
  /** Tile the segment. */
  readonly stretches: readonly LimitsAt[];
}

/** Periods of an account that are remembered at a time: one request of late events may fall into as many as it has records. */
const SEGMENTS_MAX = 10_000;

/**
 * Which limits hold for an account: those of its newest terms, for the whole of the period (design row 15). What is
 * remembered here may be outdated; the guards of counters find that out in the transaction that counts.
 */
@Injectable()
export class LimitsInForce {
  readonly #known = new WeakMap<Account, Map<number, Known>>();
  readonly #books = new WeakMap<ReadonlyMap<string, Allowance>, RuleBook>();
  readonly #loads = new SharedLoad<{ account: Account; segment: Stretch }>((pairs) => this.#load(pairs));

  constructor(
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly clock: AccountClock,
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Pick<Config, 'limitThresholds'>,
  ) {}

  /** What holds now for use in a segment; undefined = this process has not learnt it. */
  of(account: Account, segment: Stretch, now: number): LimitsAt | undefined {
    const known = this.#known.get(account)?.get(segment.from);
    return known && stretchAt(known.stretches, now);
  }

  /** Makes `of` answer for the account in the period that holds each of the instants. */
  async learn(wanted: readonly { account: Account; at: number }[]): Promise<void> {
    const missing: { account: Account; segment: Stretch }[] = [];
    for (const { account, at } of wanted) {
      const segment = this.accounts.segmentAt(account, at);
      if (this.of(account, segment, at) === undefined) missing.push({ account, segment });
    }
    await this.#loads.need(missing);
  }

  /** The same read again, as it stands in the caller's transaction; remembered as well. */
  async read(
    sql: Sql,
    wanted: readonly { account: Account; segment: Stretch }[],
  ): Promise<(account: Account, segment: Stretch) => LimitsAt> {
    const versions = await this.terms.versionsOfMany(sql, [
      ...new Map(wanted.map(({ account }) => [account.id, account])).values(),
    ]);
    const read = new Map<string, LimitsAt>();
    for (const { account, segment } of wanted) {
      const stretches = await this.#stretches(account, segment, versions.get(account.id)!);
      const limits = stretchAt(stretches, this.clock.now(account).getTime());
      read.set(`${account.id} ${segment.from}`, limits);
    }
    return (account, segment) => read.get(`${account.id} ${segment.from}`)!;
  }

  async #load(pairs: { account: Account; segment: Stretch }[]): Promise<void> {
    await this.read(this.database, pairs);
  }

  /** Versions are appended only: as many as before are the same as before. */
  async #stretches(
    account: Account,
    segment: Stretch,
    versions: readonly TermsVersion[],
  ): Promise<readonly LimitsAt[]> {
    const known = this.#known.get(account)?.get(segment.from);
    if (known?.versions === versions.length) return known.stretches;
    const stretches = await this.cut(segment, versions);
    this.#remember(account, segment, { versions: versions.length, stretches });
    return stretches;
  }

  /** The limits of a segment under these versions of terms: stretches that tile it. */
  async cut(segment: Stretch, versions: readonly TermsVersion[]): Promise<LimitsAt[]> {
    const takeovers = versions.map(({ validFrom }) => validFrom);
    const within = takeovers.filter((at) => at > segment.from && at < segment.to);
    const starts = [...new Set([segment.from, ...within])].sort((a, b) => a - b);
    return Promise.all(
      starts.map(async (from, i) => {
        const terms = termsAt(versions, from);
        const under = `${versions.length}:${terms?.version ?? 0}@${this.config.limitThresholds.join('/')}`;
        const { book, plan } = await this.#cardOf(terms);
        return new LimitsAt(from, starts[i + 1] ?? segment.to, under, book, plan);
      }),
    );
  }

  async #cardOf(terms: TermsVersion | null): Promise<{ book: RuleBook; plan: string | null }> {
    if (terms === null || terms.planVersionId === null) return { book: NO_RULES, plan: null };
    const { planVersionId, overrides } = terms;
    const { allowances, plan } = await this.terms.card({ planVersionId, overrides });
    let book = this.#books.get(allowances);
    if (!book) this.#books.set(allowances, (book = new RuleBook(allowances)));
    return { book, plan };
  }

  #remember(account: Account, segment: Stretch, known: Known): void {
    let segments = this.#known.get(account);
    if (!segments) this.#known.set(account, (segments = new Map<number, Known>()));
    if (segments.size >= SEGMENTS_MAX) segments.clear();
    segments.set(segment.from, known);
  }
}

/** For a period that is over its last limits hold, for one to come its first. */
function stretchAt(stretches: readonly LimitsAt[], now: number): LimitsAt {
  if (stretches.length === 1) return stretches[0]!;
  return stretches.find(({ to }) => now < to) ?? stretches.at(-1)!;
}
