import { Inject, Injectable } from '@nestjs/common';
import { type Account, DEFAULT_CALENDAR, DEFAULT_PLANS } from '../core/account';
import { type AccountKey, accountScheme } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import type { Entitling } from '../core/entitlement';
import { DomainError } from '../core/errors';
import { limitInBaseUnits } from '../core/limit';
import { type Aggregation, isGauge, type Meter } from '../core/meter';
import { periodAt } from '../core/period';
import { quantityRatio, ZERO } from '../core/quantity';
import { RATIO_ZERO } from '../core/ratio';
import type { Standing } from '../core/standing';
import { termsAt } from '../core/terms';
import { AccountService } from '../cost-centers/account.service';
import { TermsService } from '../cost-centers/terms.service';
import { AccountClock } from '../platform/account-clock';
import { type Principal, mayUseAccount } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import { Database } from '../platform/transaction';
import { PlanService } from '../pricing/plan.service';
import { StandingRepository } from './standing.repository';
import { type UsageOf, UsageQueryService } from './usage-query.service';

/** Whose standings are read, in which period and under what terms. */
export interface Asker {
  /** Null = nobody has been told of it: it stands at nothing, with what it would begin with. */
  readonly account: Account | null;
  readonly period: Stretch;
  readonly card: Entitling;
}

export interface MeterStanding extends Standing {
  readonly meter: Meter;
}

/** Meters whose running total is in their counter's row. */
const COUNTED: ReadonlySet<Aggregation> = new Set(['sum', 'count', 'unique']);

const NO_CARD: Entitling = { allowances: new Map(), entitlements: new Map() };

const RUNNING_PERIOD: UsageOf = {
  ...{ from: null, to: null, window: 'total' as const, timeZone: null },
  ...{ groupBy: [], filters: new Map() },
};

/** Reads how accounts stand with their limits, straight from Postgres: whatever was answered before is in it. */
@Injectable()
export class StandingService {
  constructor(
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly plans: PlanService,
    private readonly standings: StandingRepository,
    private readonly usage: UsageQueryService,
    private readonly accountClock: AccountClock,
    private readonly clock: Clock,
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Pick<Config, 'requireKnownAccounts'>,
  ) {}

  /**
   * Makes nothing: an account nobody knows is answered for as it would begin, unless accounts have to be known. Throws
   * `not-found`, also for an account that is not the caller's.
   */
  async asker(key: AccountKey, principal: Principal): Promise<Asker> {
    const unknown = (): DomainError => new DomainError('not-found', `No account ${key}`);
    if (!mayUseAccount(principal, key)) throw unknown();
    const account = this.accounts.known(key) ?? (await this.accounts.find(key));
    if (account) return this.askerOf(account);
    if (this.config.requireKnownAccounts) throw unknown();
    const period = periodAt(DEFAULT_CALENDAR, this.clock.now());
    const stretch = { from: period.from.getTime(), to: period.to.getTime() };
    return { account: null, period: stretch, card: await this.#firstCard(key) };
  }

  /** The terms in force now, read afresh: those of the newest hold for the whole of the period. */
  async askerOf(account: Account): Promise<Asker> {
    const now = this.accountClock.now(account).getTime();
    const terms = termsAt(await this.terms.versions(this.database, account), now);
    const planVersionId = terms?.planVersionId ?? null;
    const card =
      planVersionId === null
        ? NO_CARD
        : await this.terms.card({ planVersionId, overrides: terms!.overrides });
    return { account, period: this.accounts.segmentAt(account, now), card };
  }

  /** Counters in one statement; gauges and what has no running total are read as a usage query reads them. */
  async read({ account, period, card }: Asker, meters: readonly Meter[]): Promise<MeterStanding[]> {
    const counted = meters.filter(({ aggregation }) => COUNTED.has(aggregation));
    const rows =
      account === null || counted.length === 0
        ? new Map<number, never>()
        : await this.standings.read(this.database, account, {
            ...{ meters: counted, from: period.from, now: this.clock.now() },
          });
    const standings: MeterStanding[] = [];
    for (const meter of meters) {
      const row = rows.get(meter.id);
      const isCounted = account === null || COUNTED.has(meter.aggregation);
      const used = isCounted ? quantityRatio(row?.used ?? ZERO) : await this.#usageOf(account, meter);
      standings.push({ ...ruleOf(card, meter), meter, used, reserved: row?.reserved ?? ZERO });
    }
    return standings;
  }

  async #usageOf(account: Account, meter: Meter): Promise<Standing['used']> {
    const { rows } = await this.usage.of(account, meter, RUNNING_PERIOD);
    return rows[0]?.usage ?? (isGauge(meter.aggregation) ? RATIO_ZERO : null);
  }

  async #firstCard(key: AccountKey): Promise<Entitling> {
    const plan = DEFAULT_PLANS[accountScheme(key)];
    if (plan === undefined) return NO_CARD;
    const card = await this.plans.latest(plan).catch((error: unknown) => {
      if (error instanceof DomainError && error.code === 'not-found') return null;
      throw error;
    });
    const { interval, count } = DEFAULT_CALENDAR;
    return card?.interval === interval && card.count === count ? card : NO_CARD;
  }
}

/** What the ingest path keeps, and the limits of gauges, of which only the answer says that they are reached. */
function ruleOf(
  { allowances }: Entitling,
  { key, aggregation, divideBy }: Meter,
): Pick<Standing, 'limit' | 'onExceed'> {
  const allowance = allowances.get(key);
  const hasLimit = COUNTED.has(aggregation) || isGauge(aggregation);
  if (!allowance || allowance.limit === null || !hasLimit) return { limit: null, onExceed: 'bill' };
  return { limit: limitInBaseUnits(allowance.limit, divideBy), onExceed: allowance.onExceed };
}
