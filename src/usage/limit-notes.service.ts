import { Injectable } from '@nestjs/common';
import type { LimitRule } from '../core/limit';
import type { Meter } from '../core/meter';
import { formatRatio } from '../core/quantity';
import { quantityRatio, type Quantity } from '../core/quantity';
import { divideRatios } from '../core/ratio';
import { BillingEvents } from '../platform/billing-events/billing-events.service';
import { counter } from '../platform/metrics';
import type { Sql } from '../platform/transaction';
import { LimitRepository, type Crossing, type Overage } from './limit.repository';

/** Keeps the two facts about limits (design row 33): use beyond one, and a threshold that was reached. */
@Injectable()
export class LimitNotes {
  readonly #crossed = counter({
    name: 'tallyhouse_limit_crossings_total',
    help: 'Thresholds of limits that were reached; also by transactions that were taken back afterwards',
  });

  constructor(
    private readonly limits: LimitRepository,
    private readonly events: BillingEvents,
  ) {}

  /** In the transaction that counted; a threshold is told of once per period. */
  async write(
    sql: Sql,
    { overages, crossings }: { overages: readonly Overage[]; crossings: readonly Crossing[] },
  ): Promise<void> {
    if (overages.length > 0) await this.limits.insertOverages(sql, overages);
    if (crossings.length === 0) return;
    const news = await this.limits.insertCrossings(sql, crossings);
    await this.events.emitAll(sql, news.map(toldOf));
    this.#crossed.inc(news.length);
  }
}

function toldOf({ account, meter, segment, percent, used, rule }: Crossing) {
  const from = new Date(segment.from).toISOString();
  return {
    account,
    type: 'usage.limit_crossed',
    key: `limit:${meter.key}:${from}:${percent}`,
    data: {
      account: account.key,
      meter: meter.key,
      percent,
      used: inUnits(used, meter),
      limit: inUnits(rule.limit, meter),
      on_exceed: rule.onExceed,
      period: { from, to: new Date(segment.to).toISOString() },
    },
  };
}

/** An amount of base units in units of the meter, as text. */
export function inUnits(amount: Quantity, { divideBy }: Pick<Meter, 'divideBy'>): string {
  return formatRatio(divideRatios(quantityRatio(amount), divideBy));
}

/** Why something was refused, in a sentence. */
export function limitText(refusal: {
  readonly meter: Meter;
  readonly used: Quantity;
  readonly reserved: Quantity;
  readonly delta: Quantity;
  readonly rule: LimitRule;
}): string {
  const { meter, used, reserved, delta, rule } = refusal;
  const held = reserved > 0n ? ` and ${inUnits(reserved, meter)} reserved` : '';
  const standing = `${inUnits(used, meter)} of ${inUnits(rule.limit, meter)} ${meter.unit} are used${held}`;
  return `quantity: ${inUnits(delta, meter)} more would go beyond the limit of ${meter.key}: ${standing}`;
}
