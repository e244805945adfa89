import type { INestApplicationContext } from '@nestjs/common';
import { hash } from 'node:crypto';
import type { Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import { focusHeader, focusLine, type FocusCharge } from '../core/focus-charge';
import { listCharge, type ListPrice, pricedSegments, type PricedSegment } from '../core/list-price';
import type { Meter } from '../core/meter';
import type { Currency } from '../core/money';
import { ONE } from '../core/quantity';
import { addRatios, divideRatios, RATIO_ZERO, ratio, type Ratio } from '../core/ratio';
import { AccountService } from '../cost-centers/account.service';
import type { Principal } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { Database, sqlOn, type Sql } from '../platform/transaction';
import { ListPriceService } from '../pricing/list-price.service';
import { MeterService } from '../pricing/meter.service';
import { ListChargeService } from '../usage/list-charge.service';
import { RollupService } from '../usage/rollup.service';
import { readDays, readFirstUse, type MeteredDay } from './charged-usage.repository';

export interface ExportOptions extends Stretch {
  /** Null = all. */
  readonly accounts: readonly AccountKey[] | null;
  /** One line per day, or one per period of the account. */
  readonly by: 'day' | 'period';
  /** Null = the only one a meter has prices in. */
  readonly currency: Currency | null;
  readonly issuer: string;
}

/** Meters whose usage is not in the export, by their key, and why. */
export type LeftOut = Map<string, string>;

const EXPORTER: Principal = {
  id: 'exporter',
  kind: 'internal',
  name: 'FOCUS export',
  scopes: new Set(['usage:read']),
  accounts: '*',
};
const ACCOUNTS_AT_ONCE = 500;
const DAY = 86_400_000;

/**
 * Writes usage rated by list prices as lines of CSV in the columns of FOCUS 1.2, in memory that does not grow with the
 * export. Sums and counts are told by day when asked; every other meter has one line per period, because the figures
 * of its days do not add up. Usage that has no price is left out and named in `leftOut`.
 */
export async function* focusExport(
  app: INestApplicationContext,
  options: ExportOptions,
  leftOut: LeftOut,
): AsyncGenerator<string> {
  const database = app.get(Database, { strict: false });
  await app.get(RollupService, { strict: false }).catchUp();
  const client = await database.connect({ applicationName: 'tallyhouse export' });
  try {
    // One snapshot for the whole export: what is recorded meanwhile belongs to the next one.
    await client.query('begin isolation level repeatable read read only');
    const exporter = await Exporter.over(app, options, { sql: sqlOn(client), leftOut });
    yield focusHeader();
    for await (const charge of exporter.charges()) yield focusLine(charge, options);
  } finally {
    await client.end();
  }
}

interface Setting {
  readonly sql: Sql;
  readonly leftOut: LeftOut;
}

/** A meter with the versions of its price in one currency. */
interface PricedMeter {
  readonly meter: Meter;
  readonly versions: readonly ListPrice[];
}

/** A charge before it is known whose it is. */
type Part = Omit<FocusCharge, 'account' | 'accountName' | 'id'>;

class Exporter {
  private constructor(
    private readonly app: INestApplicationContext,
    private readonly options: ExportOptions,
    private readonly setting: Setting,
    private readonly meters: ReadonlyMap<number, PricedMeter>,
  ) {}

  static async over(
    app: INestApplicationContext,
    options: ExportOptions,
    setting: Setting,
  ): Promise<Exporter> {
    const { byId } = await app.get(MeterService, { strict: false }).reread();
    const prices = await app.get(ListPriceService, { strict: false }).all();
    const meters = [...byId.values()].map((meter) => {
      return [
        meter.id,
        { meter, versions: versionsOf(prices.get(meter.id) ?? [], options.currency) },
      ] as const;
    });
    return new Exporter(app, options, setting, new Map(meters));
  }

  async *charges(): AsyncGenerator<FocusCharge> {
    for await (const account of this.#accounts()) {
      for await (const part of this.#summed(account)) yield named(part, account);
      for await (const part of this.#others(account)) yield named(part, account);
    }
  }

  async *#accounts(): AsyncGenerator<Account> {
    const service = this.app.get(AccountService, { strict: false });
    const { accounts } = this.options;
    for (const key of accounts ?? []) yield service.get(key);
    if (accounts !== null) return;
    for (let [last, full] = [0, true]; full;) {
      const page = await service.list(last, ACCOUNTS_AT_ONCE, null);
      yield* page;
      last = page.at(-1)?.id ?? last;
      full = page.length === ACCOUNTS_AT_ONCE;
    }
  }

  /** Sums and counts, out of stored days; a day is rated with all that came before it in its period. */
  async *#summed(account: Account): AsyncGenerator<Part> {
    const service = this.app.get(AccountService, { strict: false });
    const { from, to } = this.options;
    const stretch = { from: service.segmentAt(account, from).from, to };
    let run: DayRun | null = null;
    for await (const day of readDays(this.setting.sql, account, stretch)) {
      const priced = this.#priced(day.meterId);
      if (priced === null || !isDaily(priced)) continue;
      if (run === null || run.meter !== priced.meter || day.from >= run.segment.to) {
        if (run !== null) yield* this.#rated(run);
        const period = service.segmentAt(account, day.from);
        run = {
          meter: priced.meter,
          period,
          segment: segmentAt(priced.versions, period, day.from),
          days: [],
        };
      }
      run.days.push(day);
    }
    if (run !== null) yield* this.#rated(run);
  }

  /** The days of one meter in one segment, oldest first, as charges. */
  *#rated({ meter, period, segment, days }: DayRun): Generator<Part> {
    const price = segment.version;
    if (price === null) return void this.#leaveOut(meter, 'was used before its first list price');
    const { from, by } = this.options;
    const { divideBy } = meter;
    const isOver =
      segment.to <= Math.min(this.options.to, this.app.get(Clock, { strict: false }).now().getTime());
    let before: Ratio = RATIO_ZERO;
    const parts: Part[] = [];
    for (const day of days) {
      const after = addRatios(before, ratio(day.sum, ONE));
      const final = isOver && day === days.at(-1);
      const amount = listCharge(segment, { before, after, divideBy, final })!;
      const quantity = divideRatios(ratio(day.sum, ONE), divideBy);
      if (day.from >= from)
        parts.push({ from: day.from, to: day.to, period, meter, price, quantity, amount });
      before = after;
    }
    if (by === 'day') return yield* parts;
    const whole = { from: Math.max(segment.from, from), to: Math.min(segment.to, this.options.to) };
    if (parts.length > 0) yield { ...parts.reduce(joined), ...whole };
  }

  /** Every other meter, by the question that its own figures answer. */
  async *#others(account: Account): AsyncGenerator<Part> {
    const charges = this.app.get(ListChargeService, { strict: false });
    const service = this.app.get(AccountService, { strict: false });
    for (const [meterId, first] of await readFirstUse(this.setting.sql, account)) {
      const priced = this.#priced(meterId);
      if (priced === null || isDaily(priced)) continue;
      const from = Math.max(this.options.from, service.segmentAt(account, first).from);
      const whose = { ...priced, account, principal: EXPORTER };
      for await (const { price, amount, ...line } of charges.lines(whose, { from, to: this.options.to })) {
        if (line.quantity.numerator === 0n && (amount?.numerator ?? 0n) === 0n) continue;
        if (price === null || amount === null)
          this.#leaveOut(priced.meter, 'was used before its first list price');
        else yield { ...line, meter: priced.meter, price, amount };
      }
    }
  }

  /** The meter with its price; null, and told, when there is none to rate its usage by. */
  #priced(meterId: number): PricedMeter | null {
    const priced = this.meters.get(meterId)!;
    const currencies = new Set(priced.versions.map(({ currency }) => currency));
    if (currencies.size === 1) return priced;
    const reason =
      currencies.size === 0
        ? `has no list price${this.options.currency === null ? '' : ` in ${this.options.currency}`}`
        : `has list prices in ${[...currencies].join(' and ')}: choose one by --currency`;
    this.#leaveOut(priced.meter, reason);
    return null;
  }

  #leaveOut(meter: Meter, reason: string): void {
    this.setting.leftOut.set(meter.key, reason);
  }
}

interface DayRun {
  readonly meter: Meter;
  readonly period: Stretch;
  readonly segment: PricedSegment;
  readonly days: MeteredDay[];
}

function versionsOf(versions: readonly ListPrice[], currency: Currency | null): readonly ListPrice[] {
  return currency === null ? versions : versions.filter((version) => version.currency === currency);
}

/** Whether stored days can be rated one by one: they add up, and no version of the price begins inside of one. */
function isDaily({ meter, versions }: PricedMeter): boolean {
  const adds = meter.aggregation === 'sum' || meter.aggregation === 'count';
  return adds && versions.every(({ validFrom }) => validFrom % DAY === 0);
}

function segmentAt(versions: readonly ListPrice[], period: Stretch, at: number): PricedSegment {
  return pricedSegments(versions, period).find(({ from, to }) => from <= at && at < to)!;
}

function joined(a: Part, b: Part): Part {
  return { ...a, quantity: addRatios(a.quantity, b.quantity), amount: addRatios(a.amount, b.amount) };
}

function named(part: Part, { key, name }: Account): FocusCharge {
  const { meter, price, from, to } = part;
  const id = hash('sha256', JSON.stringify([key, meter.key, price.currency, from, to]), 'hex').slice(0, 32);
  return { ...part, account: key, accountName: name, id };
}
