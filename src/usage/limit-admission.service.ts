import { Inject, Injectable } from '@nestjs/common';
import type { Sum } from '../core/contribution';
import { crossings, guardOf, overageDelta, type LimitRule } from '../core/limit';
import { isGauge } from '../core/meter';
import { type Quantity, ZERO, quantity } from '../core/quantity';
import { AccountClock } from '../platform/account-clock';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import type { Sql } from '../platform/transaction';
import type { CounterGuard } from './counter-guard';
import { UNSAID } from './counter-guard';
import type { PreparedEvent } from './prepared-event';
import { LimitNotes } from './limit-notes.service';
import {
  countersOf,
  type Held,
  isRefused,
  refusalOf,
  type GroupState,
  type Step,
  stepsOf,
} from './limit-steps';
import {
  LimitRepository,
  nameOf,
  type CounterRef,
  type Crossing,
  type Hold,
  type Overage,
  type StandingLevel,
  type WantedCounter,
} from './limit.repository';
import { LimitsInForce } from './limits-in-force.service';
import type { LimitRefusal } from './outcome';

/** What was decided about the events of a group. */
export interface Admission {
  readonly refused: ReadonlyMap<PreparedEvent, LimitRefusal>;
  /** What a counter is told about its limit when the admitted events are added. */
  readonly guardOf: (counter: Sum) => CounterGuard;
  readonly overages: readonly Overage[];
  readonly crossings: readonly Crossing[];
}

/** What one reservation holds. */
export interface OwnHolds {
  readonly id: string;
  readonly holds: readonly Hold[];
}

const NOTHING: Admission = { refused: new Map(), guardOf: () => UNSAID, overages: [], crossings: [] };

/**
 * Judges events one by one against the limits of their accounts, while the rows of the counters are held (decision 5). What
 * is refused is skipped, what follows may still fit.
 */
@Injectable()
export class LimitAdmission {
  readonly #thresholds: readonly number[];

  constructor(
    private readonly limits: LimitRepository,
    private readonly inForce: LimitsInForce,
    private readonly notes: LimitNotes,
    private readonly clock: AccountClock,
    private readonly wallClock: Clock,
    @Inject(CONFIG) config: Pick<Config, 'limitThresholds'>,
  ) {
    this.#thresholds = config.limitThresholds;
  }

  /**
   * Inside the transaction that has taken the keys of these events, all of which are new. `own` = the reservation that
   * holds something for them already.
   */
  async admit(sql: Sql, events: readonly PreparedEvent[], own?: OwnHolds): Promise<Admission> {
    const held = await this.hold(sql, countersOf(events), own?.id);
    for (const { quantity: amount, ...counter } of own?.holds ?? []) {
      const found = held.get(nameOf(counter));
      if (found) found.reserved = quantity(found.reserved - amount);
    }
    if (held.size === 0) return NOTHING;
    this.#renew(events, held);
    const state = await this.#state(sql, events, held);
    const refused = new Map<PreparedEvent, LimitRefusal>();
    const overages: Overage[] = [];
    const crossed: Crossing[] = [];
    for (const event of events) {
      const steps = stepsOf(event, held, state);
      const wall = event.isExempt ? undefined : steps.find(isRefused);
      if (wall) {
        refused.set(event, refusalOf(wall));
        continue;
      }
      for (const step of steps) this.#count(event, step, { overages, crossed, state });
    }
    return { refused, overages, crossings: crossed, guardOf: this.#guards(held) };
  }

  /** Records what the admitted events of a group went beyond and what they reached. */
  async note(sql: Sql, admission: Admission): Promise<void> {
    await this.notes.write(sql, admission);
  }

  /**
   * The rows of all counters with a limit, locked; only then are the terms read that are in force. What is reserved leaves
   * out what has lapsed, swept or not, except for the reservation `own`.
   */
  async hold(sql: Sql, wanted: readonly WantedCounter[], own?: string): Promise<Map<string, Held>> {
    if (wanted.length === 0) return new Map();
    const rows = await this.limits.lock(sql, wanted);
    const missing = wanted.filter((counter) => counter.isLimited && !rows.has(nameOf(counter)));
    if (missing.length > 0) {
      await this.limits.make(sql, missing);
      for (const [name, row] of await this.limits.lock(sql, missing)) rows.set(name, row);
    }
    const locked = wanted.filter((counter) => rows.has(nameOf(counter)));
    const lapsed = await this.#lapsed(
      sql,
      locked.filter((counter) => rows.get(nameOf(counter))!.reserved > 0n),
      own,
    );
    const limitsOf = await this.inForce.read(sql, locked);
    return new Map(
      locked.map(({ account, meter, segment }) => {
        const counter = { account, meter, segment };
        const { used, reserved } = rows.get(nameOf(counter))!;
        const limits = limitsOf(account, segment);
        const left = quantity(reserved - (lapsed.get(nameOf(counter)) ?? ZERO));
        return [nameOf(counter), { ...counter, used, reserved: left, limits, rule: limits.ruleOf(meter) }];
      }),
    );
  }

  async #lapsed(
    sql: Sql,
    counters: readonly CounterRef[],
    except: string | undefined,
  ): Promise<Map<string, Quantity>> {
    if (counters.length === 0) return new Map();
    return this.limits.lapsed(sql, counters, { now: this.wallClock.now(), except });
  }

  /** From here on the events know the limits that they are judged by. */
  #renew(events: readonly PreparedEvent[], held: ReadonlyMap<string, Held>): void {
    const current = new Map(
      [...held.values()].map(({ account, segment, limits }) => [`${account.id} ${segment.from}`, limits]),
    );
    for (const event of events) {
      event.limits = current.get(`${event.accountId} ${event.segment.from}`) ?? event.limits;
    }
  }

  async #state(
    sql: Sql,
    events: readonly PreparedEvent[],
    held: ReadonlyMap<string, Held>,
  ): Promise<GroupState> {
    const asked = events.flatMap(({ account, segment, readings }) =>
      readings.flatMap((reading) => {
        const counter = { account, meter: reading.meter, segment };
        const isAsked = reading.kind === 'value' && held.has(nameOf(counter));
        return isAsked ? [{ ...counter, value: reading.value }] : [];
      }),
    );
    const values = asked.length === 0 ? new Set<string>() : await this.limits.knownValues(sql, asked);
    const gauges = [...held.values()].filter(({ meter }) => isGauge(meter.aggregation));
    const levels =
      gauges.length === 0 ? new Map<string, StandingLevel>() : await this.limits.standingLevels(sql, gauges);
    for (const gauge of gauges) gauge.used = sumOf(levels, nameOf(gauge));
    return { values, levels };
  }

  #count(
    event: PreparedEvent,
    { held, delta, settle }: Step,
    notes: { overages: Overage[]; crossed: Crossing[]; state: GroupState },
  ): void {
    const { account, meter, segment, rule } = held;
    const [before, after] = [held.used, quantity(held.used + delta)];
    held.used = after;
    settle(notes.state);
    if (rule === null) return;
    const over = overageDelta({ before, after, limit: rule.limit });
    const counter = { account, meter, segment };
    if (over > 0n) notes.overages.push({ ...counter, key: event.key, quantity: over, limit: rule.limit });
    const at = this.clock.now(account);
    for (const percent of crossings({ before, after, limit: rule.limit }, this.#thresholds)) {
      notes.crossed.push({ ...counter, percent, at, used: after, rule });
    }
  }

  /** Whether nothing but overage can become of more use: it is not refused, and no threshold lies ahead. */
  #isAllOver(used: Quantity, { limit, onExceed }: LimitRule): boolean {
    const last = this.#thresholds.at(-1) ?? 0;
    return onExceed !== 'refuse' && used * 100n >= limit * BigInt(last);
  }

  #guards(held: ReadonlyMap<string, Held>): (counter: Sum) => CounterGuard {
    for (const { limits, meter, rule, used } of held.values()) {
      const isBelow = rule === null || used < rule.limit;
      limits.mark(meter, isBelow ? null : this.#isAllOver(used, rule) ? 'over' : 'watched');
    }
    return ({ accountId, meterId, from, dims }) => {
      const found = dims === '' ? held.get(`${accountId} ${meterId} ${from}`) : undefined;
      if (!found) return UNSAID;
      const { limits, rule, used } = found;
      return { under: limits.under, guard: rule && guardOf(used, rule, this.#thresholds) };
    };
  }
}

/** What the resources of a gauge stand at together. */
function sumOf(levels: ReadonlyMap<string, StandingLevel>, name: string): Quantity {
  const own = [...levels].filter(([key]) => key.startsWith(`${name} `));
  return own.reduce((sum, [, { level }]) => quantity(sum + level), ZERO);
}
