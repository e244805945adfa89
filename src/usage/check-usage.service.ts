import { Injectable } from '@nestjs/common';
import { entitlementOf } from '../core/entitlement';
import { DomainError, invalid } from '../core/errors';
import { isGauge, type Meter, weightOf } from '../core/meter';
import { multiplyQuantities, ONE, quantityRatio } from '../core/quantity';
import { addRatios, compareRatios, multiplyRatios, type Ratio, RATIO_ZERO } from '../core/ratio';
import { isLetThrough, leftOf } from '../core/standing';
import { SpendingService } from '../cost-centers/spending.service';
import { AccountClock } from '../platform/account-clock';
import type { Principal } from '../platform/auth/principal';
import { type Catalogue, MeterService } from '../pricing/meter.service';
import type {
  CheckAnswer,
  CheckedEntitlement,
  CheckedItem,
  CheckItem,
  CheckMeter,
  CheckUsage,
} from './check-usage.commands';
import { type Asker, type MeterStanding, StandingService } from './standing.service';

interface Judging {
  readonly asker: Asker;
  readonly catalogue: Catalogue;
  readonly standings: ReadonlyMap<string, MeterStanding>;
  /** What items before have asked for of a meter. */
  readonly asked: Map<string, Ratio>;
}

/** "May I?" without counting: somebody else may use it up in between, which `consume` and `reserve` rule out. */
@Injectable()
export class CheckUsageService {
  constructor(
    private readonly standings: StandingService,
    private readonly spending: SpendingService,
    private readonly meters: MeterService,
    private readonly clock: AccountClock,
  ) {}

  /**
   * Judges all items together, as one request to consume them would be judged by the meters it names; a meter that shares
   * its events with others is not judged by theirs. Reads what was recorded before the call, and makes and writes nothing.
   * Throws `not-found` (account), `invalid-argument` naming the item, `failed-precondition` (the account is closed) and
   * `unavailable`.
   */
  async check(command: CheckUsage, principal: Principal): Promise<CheckAnswer> {
    const asker = await this.standings.asker(command.account, principal);
    this.#requireOpen(asker);
    const catalogue = await this.#catalogueFor(command.items);
    command.items.forEach((item, i) => checkItem(item, catalogue, `items[${i}]`));
    const names = command.items.map((item) => ('meter' in item ? item.meter : item.entitlement));
    const wanted = [...new Set(names)].flatMap((name) => this.#meterOf(name, asker, catalogue, command));
    const read = await this.standings.read(asker, wanted);
    const standings = new Map(read.map((standing) => [standing.meter.key, standing]));
    const judging: Judging = { asker, catalogue, standings, asked: new Map() };
    const items = command.items.map((item) => judged(item, judging));
    const spending = asker.account && (await this.spending.of(asker.account));
    const isAllowed = items.every((item) => item.isAllowed) && spending?.isReached !== true;
    return { status: 'checked', isAllowed, period: asker.period, items, spending };
  }

  /** The meters of a name: asked for by themselves, or as what a plan grants. */
  #meterOf(name: string, { card }: Asker, { byKey }: Catalogue, { items }: CheckUsage): Meter[] {
    const meter = byKey.get(name);
    const isAsked = items.some((item) => 'meter' in item && item.meter === name);
    return meter && (isAsked || card.allowances.has(name)) ? [meter] : [];
  }

  async #catalogueFor(items: readonly CheckItem[]): Promise<Catalogue> {
    const catalogue = await this.meters.catalogue();
    const isKnown = (item: CheckItem): boolean => !('meter' in item) || catalogue.byKey.has(item.meter);
    return items.every(isKnown) ? catalogue : this.meters.reread();
  }

  #requireOpen({ account }: Asker): void {
    if (account === null || account.closedAt === null) return;
    if (this.clock.now(account) < account.closedAt) return;
    const since = account.closedAt.toISOString();
    throw new DomainError('failed-precondition', `account: ${account.key} is closed since ${since}`, [
      { field: 'account', reason: 'is closed' },
    ]);
  }
}

function checkItem(item: CheckItem, { byKey }: Catalogue, place: string): void {
  if (!('meter' in item)) return;
  const meter = byKey.get(item.meter);
  if (!meter) {
    throw invalid(`${place}.meter`, `${JSON.stringify(item.meter)} is not a meter of the catalogue`);
  }
  if (item.type !== null && !meter.eventTypes.includes(item.type)) {
    throw invalid(`${place}.type`, `meter ${item.meter} does not listen to ${JSON.stringify(item.type)}`);
  }
}

function judged(item: CheckItem, judging: Judging): CheckedItem {
  if (!('meter' in item)) return entitled(item.entitlement, judging);
  const standing = judging.standings.get(item.meter)!;
  const total = addRatios(judging.asked.get(item.meter) ?? RATIO_ZERO, addedBy(item, standing.meter));
  const isAllowed = isLetThrough(standing, total);
  if (isAllowed) judging.asked.set(item.meter, total);
  return { asked: item, standing, isAllowed };
}

/** What such an event would add, in base units; one that brings a distinct value adds one at most. */
function addedBy({ type, quantity }: CheckMeter, meter: Meter): Ratio {
  if (isGauge(meter.aggregation)) return multiplyRatios(quantityRatio(quantity), meter.divideBy);
  if (meter.aggregation !== 'sum') return quantityRatio(ONE);
  return quantityRatio(multiplyQuantities(quantity, weightOf(meter, type ?? meter.eventTypes[0]!)));
}

/** Of an allowance something has to be left, unless what goes beyond it is billed or flagged. */
function entitled(name: string, { asker, standings }: Judging): CheckedEntitlement {
  const entitlement = entitlementOf(asker.card, name);
  const standing = entitlement.kind === 'metered' ? (standings.get(name) ?? null) : null;
  if (entitlement.kind === 'boolean') {
    return { name, entitlement, standing, isAllowed: entitlement.granted };
  }
  const left = standing && leftOf(standing);
  const isUsedUp = left !== null && compareRatios(left, RATIO_ZERO) === 0;
  const isAllowed = entitlement.kind !== 'none' && !(isUsedUp && standing?.onExceed === 'refuse');
  return { name, entitlement, standing, isAllowed };
}
