import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { Stretch } from '../core/contribution';
import { DomainError, invalid } from '../core/errors';
import { listCharge, pricedSegments, type ListPrice, type PricedSegment } from '../core/list-price';
import type { Meter } from '../core/meter';
import type { Currency } from '../core/money';
import { addRatios, divideRatios, RATIO_ZERO, subtractRatios, type Ratio } from '../core/ratio';
import { AccountService } from '../cost-centers/account.service';
import type { Principal } from '../platform/auth/principal';
import { AccountClock } from '../platform/account-clock';
import { ListPriceService } from '../pricing/list-price.service';
import type { ReadListCharges } from './list-charge.commands';
import { UsageQueryService } from './usage-query.service';

/** More periods than this are asked for in several questions: each one costs two reads of usage. */
const PERIODS_MAX = 120;

/** What one meter's usage costs by the list in one period, or in the part of it under one version of the price. */
export interface ListChargeLine extends Stretch {
  readonly period: Stretch;
  readonly price: ListPrice | null;
  /** In units of the meter. */
  readonly quantity: Ratio;
  /** In major units, exact; null where nobody has said what usage costs. */
  readonly amount: Ratio | null;
}

export interface ListChargeAnswer extends Stretch {
  readonly meter: Meter;
  readonly account: Account;
  readonly currency: Currency;
  readonly lines: readonly ListChargeLine[];
  readonly amount: Ratio;
}

/** Whose usage of what is rated, by which versions of its price, the oldest first. */
export interface Whose {
  readonly meter: Meter;
  readonly account: Account;
  readonly versions: readonly ListPrice[];
  readonly principal: Principal;
}

/** Rates usage by list prices: what whoever has no plan would owe, before any rounding. */
@Injectable()
export class ListChargeService {
  constructor(
    private readonly accounts: AccountService,
    private readonly prices: ListPriceService,
    private readonly usage: UsageQueryService,
    private readonly clock: AccountClock,
  ) {}

  /**
   * The charges of a stretch, period by period: the rating up to its end less the rating up to its beginning, so that
   * charges of adjoining stretches add up. Throws `not-found` for an unknown meter or account, `invalid-argument` for a
   * stretch or a currency that cannot be, `failed-precondition` when the meter has no list price.
   */
  async read(query: ReadListCharges, principal: Principal): Promise<ListChargeAnswer> {
    const account = await this.accounts.getFor(principal, query.account);
    const { meter, versions } = await this.prices.of(query.meter);
    const currency = currencyOf(query.currency, versions, meter);
    const stretch = this.#stretch(query, account);
    this.#refuseTooLong(stretch, account);
    const known = versions.filter((version) => version.currency === currency);
    const lines: ListChargeLine[] = [];
    for await (const line of this.lines({ meter, account, versions: known, principal }, stretch))
      lines.push(line);
    const amount = lines.reduce((sum, line) => addRatios(sum, line.amount ?? RATIO_ZERO), RATIO_ZERO);
    return { meter, account, currency, ...stretch, lines, amount };
  }

  /** The same for a known meter and account, under the versions of one currency, without end. */
  async *lines(whose: Whose, stretch: Stretch): AsyncGenerator<ListChargeLine> {
    for (let at = stretch.from; at < stretch.to;) {
      const period = this.accounts.segmentAt(whose.account, at);
      for (const segment of pricedSegments(whose.versions, period)) {
        const part = { from: Math.max(segment.from, stretch.from), to: Math.min(segment.to, stretch.to) };
        if (part.from < part.to) yield await this.#line({ segment, part, period }, whose);
      }
      at = period.to;
    }
  }

  #refuseTooLong({ from, to }: Stretch, account: Account): void {
    for (let [at, periods] = [from, 1]; at < to; periods++) {
      if (periods > PERIODS_MAX) throw invalid('to', `leaves more than ${PERIODS_MAX} periods after from`);
      at = this.accounts.segmentAt(account, at).to;
    }
  }

  /** The running period unless the query says otherwise; a stretch that begins elsewhere ends now. */
  #stretch({ from, to }: ReadListCharges, account: Account): Stretch {
    const now = this.clock.now(account).getTime();
    const period = this.accounts.segmentAt(account, now);
    const stretch = { from: from ?? period.from, to: to ?? (from === null ? period.to : now) };
    if (stretch.from >= stretch.to) throw invalid('to', 'must be after from');
    return stretch;
  }

  async #line(
    { segment, part, period }: { segment: PricedSegment; part: Stretch; period: Stretch },
    whose: Whose,
  ): Promise<ListChargeLine> {
    const before =
      part.from > segment.from ? await this.#usage({ from: segment.from, to: part.from }, whose) : RATIO_ZERO;
    const after = await this.#usage({ from: segment.from, to: part.to }, whose);
    const { divideBy } = whose.meter;
    const final = part.to === segment.to && segment.to <= this.clock.now(whose.account).getTime();
    return {
      ...part,
      period,
      price: segment.version,
      quantity: divideRatios(subtractRatios(after, before), divideBy),
      amount: listCharge(segment, { before, after, divideBy, final }),
    };
  }

  async #usage({ from, to }: Stretch, { meter, account, principal }: Whose): Promise<Ratio> {
    const query = { meter: meter.key, account: account.key, from, to, window: 'total' } as const;
    const ungrouped = { timeZone: null, groupBy: [], filters: new Map<string, readonly string[]>() };
    const { rows } = await this.usage.read({ ...query, ...ungrouped }, principal);
    return rows[0]?.usage ?? RATIO_ZERO;
  }
}

/** The currency asked for, or the only one there is. */
function currencyOf(wanted: Currency | null, versions: readonly ListPrice[], meter: Meter): Currency {
  const known = [...new Set(versions.map(({ currency }) => currency))];
  const [first] = known;
  if (first === undefined) {
    throw new DomainError('failed-precondition', `Meter ${meter.key} has no list price`);
  }
  if (wanted === null && known.length === 1) return first;
  if (wanted !== null && known.includes(wanted)) return wanted;
  throw invalid('currency', `must be one of ${known.join(', ')}, the currencies of the list prices`);
}
