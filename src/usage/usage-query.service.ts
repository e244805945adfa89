import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import { invalid } from '../core/errors';
import { type GroupLabel, type Grouping, type Groups, groupsOf } from '../core/grouping';
import { type Meter, isGauge } from '../core/meter';
import type { Ratio } from '../core/ratio';
import { EMPTY_STATE, usageOf } from '../core/rollup';
import { type WindowSize, queryWindows } from '../core/window';
import { AccountService } from '../cost-centers/account.service';
import type { Principal } from '../platform/auth/principal';
import { AccountClock } from '../platform/account-clock';
import { Database, type Sql } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import { CounterUsageService } from './counter-usage.service';
import { GaugeUsageService } from './gauge-usage.service';
import { RollupService } from './rollup.service';
import type { ReadUsage } from './usage-query.commands';
import { type UsageCell, type UsageQuestion, refuseTooMany } from './usage-question';
import { UsageRepository } from './usage.repository';

/** One line of the answer: usage in base units, in one window and, when asked for, of one group. */
export interface UsageRow extends Stretch {
  readonly group: GroupLabel | null;
  readonly usage: Ratio | null;
}

/** One meter of one account in one stretch, told apart by these of the meter's dimensions. */
export interface StretchQuestion {
  readonly account: Account;
  readonly meter: Meter;
  readonly stretch: Stretch;
  readonly groupBy: readonly string[];
  /** Levels that will hold after it are not usage yet. */
  readonly now: number;
}

const NO_FILTERS: Grouping['filters'] = new Map();

export interface UsageAnswer extends Stretch {
  readonly meter: Meter;
  readonly account: AccountKey;
  readonly window: WindowSize;
  readonly timeZone: string;
  readonly rows: readonly UsageRow[];
}

/** What is asked of one account's usage of one meter. */
export type UsageOf = Omit<ReadUsage, 'account' | 'meter'>;

/** Reads usage: of any stretch, in windows of any time zone, by the meter's dimensions. */
@Injectable()
export class UsageQueryService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountService,
    private readonly meters: MeterService,
    private readonly rollups: RollupService,
    private readonly usage: UsageRepository,
    private readonly counters: CounterUsageService,
    private readonly gauges: GaugeUsageService,
    private readonly clock: AccountClock,
  ) {}

  /**
   * Everything recorded before the call is in the answer. Throws `not-found` for an unknown meter and, in the same
   * words, for an unknown account and one beyond the caller's scope; `invalid-argument` for a stretch, a dimension or
   * a number of windows or rows that cannot be; `failed-precondition` for usage that is kept no longer.
   */
  async read(query: ReadUsage, principal: Principal): Promise<UsageAnswer> {
    const account = await this.accounts.getFor(principal, query.account);
    return this.of(account, await this.meters.get(query.meter), query);
  }

  /** The same for an account and a meter that are known, whoever asks. */
  async of(account: Account, meter: Meter, query: UsageOf): Promise<UsageAnswer> {
    checkDimensions(query, meter);
    const now = this.clock.now(account).getTime();
    const segmentAt = (at: number): Stretch => this.accounts.segmentAt(account, at);
    const stretch = stretchOf(query, { now, period: segmentAt(now) });
    const timeZone = query.timeZone ?? account.calendar.timeZone;
    const windows = windowsOf(stretch, query.window, timeZone);
    const owner = { bucket: account.bucket, accountId: account.id, meterId: meter.id };
    const rows = await this.#read({ ...owner, meter, windows, segmentAt, now }, query);
    return { meter, account: account.key, ...stretch, window: query.window, timeZone, rows };
  }

  /**
   * The usage of one stretch in the caller's transaction, in one row or one for each group. It holds what was rolled up when
   * it is called, so the caller catches up before.
   */
  async readStretch(
    sql: Sql,
    { account, meter, stretch, groupBy, now }: StretchQuestion,
  ): Promise<UsageRow[]> {
    const segmentAt = (at: number): Stretch => this.accounts.segmentAt(account, at);
    const owner = { bucket: account.bucket, accountId: account.id, meterId: meter.id };
    const question = { ...owner, meter, windows: [stretch], segmentAt, now };
    return this.#rows(sql, question, { groupBy, filters: NO_FILTERS });
  }

  /** One snapshot for all that is read, so that rows, events and levels agree with each other. */
  async #read(question: Omit<UsageQuestion, 'groups'>, query: UsageOf): Promise<UsageRow[]> {
    if (!isGauge(question.meter.aggregation)) await this.rollups.catchUp();
    return this.database.transaction(
      async (tx) => {
        // Locked before the first look, so that no partition of events can go between the two.
        await tx.query('set transaction read only; lock table only usage_event in access share mode');
        return this.#rows(tx, question, query);
      },
      { isolation: 'repeatable read' },
    );
  }

  async #rows(tx: Sql, question: Omit<UsageQuestion, 'groups'>, grouping: Grouping): Promise<UsageRow[]> {
    const whole = { ...question, groups: await this.#groups(tx, question, grouping) };
    const reader = isGauge(question.meter.aggregation) ? this.gauges : this.counters;
    return rowsOf(whole, await reader.read(tx, whole));
  }

  /** The combinations of dimensions asked for. A gauge has rows for its total; its levels began at any time before. */
  async #groups(tx: Sql, question: Omit<UsageQuestion, 'groups'>, query: Grouping): Promise<Groups> {
    const { meter, windows } = question;
    const isTotal = query.groupBy.length === 0 && query.filters.size === 0;
    const gauge = isGauge(meter.aggregation);
    if (meter.dimensions.length === 0 || (gauge && isTotal)) return groupsOf([''], query);
    const from = gauge ? 0 : windows[0]!.from;
    return groupsOf(await this.usage.readDimensions(tx, question, { from, to: windows.at(-1)!.to }), query);
  }
}

function checkDimensions({ groupBy, filters }: UsageOf, meter: Meter): void {
  const refuse = (field: string, name: string): never => {
    throw invalid(field, `meter ${meter.key} has no dimension ${JSON.stringify(name)}`);
  };
  for (const name of groupBy) if (!meter.dimensions.includes(name)) refuse('group_by', name);
  for (const name of filters.keys()) if (!meter.dimensions.includes(name)) refuse(`filter.${name}`, name);
}

/** The running period unless the query says otherwise; a stretch that begins elsewhere ends now. */
function stretchOf({ from, to }: UsageOf, { now, period }: { now: number; period: Stretch }): Stretch {
  const stretch = { from: from ?? period.from, to: to ?? (from === null ? period.to : now) };
  if (stretch.from >= stretch.to) throw invalid('to', 'must be after from');
  return stretch;
}

function windowsOf({ from, to }: Stretch, size: WindowSize, timeZone: string): Stretch[] {
  const windows = queryWindows({ from: new Date(from), to: new Date(to), size, timeZone });
  return windows.map((window) => ({ from: window.from.getTime(), to: window.to.getTime() }));
}

/** Grouped, only what exists is listed; without groups every window is, with the figure of nothing where it is empty. */
function rowsOf({ meter, windows, groups }: UsageQuestion, cells: readonly UsageCell[]): UsageRow[] {
  refuseTooMany(cells);
  if (groups.isGrouped) {
    return cells.map(({ window, group, usage }) => ({
      ...windows[window]!,
      group: groups.labels[group]!,
      usage,
    }));
  }
  const byWindow = new Map(cells.map((cell) => [cell.window, cell.usage]));
  const empty = usageOf(meter.aggregation, EMPTY_STATE, 0n);
  return windows.map((window, place) => ({
    ...window,
    group: null,
    usage: byWindow.has(place) ? byWindow.get(place)! : empty,
  }));
}
