import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../core/account-key';
import type { EntitlementValue } from '../core/entitlement';
import type { Meter } from '../core/meter';
import { type Spending, SpendingService } from '../cost-centers/spending.service';
import { AccountService } from '../cost-centers/account.service';
import type { Principal } from '../platform/auth/principal';
import { decodeCursor, encodeCursor, type Page, type PageQuery, pageOf } from '../platform/doors/pagination';
import { MeterService } from '../pricing/meter.service';
import { LimitFactsRepository, type StoredCrossing, type StoredOverage } from './limit-facts.repository';
import { CROSSING_LIST, CrossingPosition, OVERAGE_LIST, OveragePosition } from './limit-request.commands';
import { type Asker, type MeterStanding, StandingService } from './standing.service';

/** What an account is limited to in its running period, and what its plan grants besides. */
export interface AccountLimits extends Pick<Asker, 'period'> {
  readonly standings: readonly MeterStanding[];
  readonly entitlements: ReadonlyMap<string, EntitlementValue>;
  readonly spending: Spending | null;
}

type OfMeter<Fact> = Fact & { readonly meter: Meter };
export type MeterOverage = OfMeter<StoredOverage>;
export type MeterCrossing = OfMeter<StoredCrossing>;

/** Reads the limits of an account, and what was recorded when they were reached and passed. */
@Injectable()
export class LimitFacts {
  constructor(
    private readonly accounts: AccountService,
    private readonly meters: MeterService,
    private readonly standings: StandingService,
    private readonly spending: SpendingService,
    private readonly facts: LimitFactsRepository,
  ) {}

  /** Every meter with a limit, by key. Throws `not-found`, also for an account that is not the caller's. */
  async limits(key: AccountKey, caller: Principal): Promise<AccountLimits> {
    const asker = await this.standings.askerOf(await this.accounts.getFor(caller, key));
    const { allowances, entitlements } = asker.card;
    const limited = [...allowances].filter(([, { limit }]) => limit !== null).map(([name]) => name);
    const { byKey } = await this.meters.catalogue();
    const catalogue = limited.every((name) => byKey.has(name)) ? byKey : (await this.meters.reread()).byKey;
    const meters = limited.sort().flatMap((name) => catalogue.get(name) ?? []);
    const standings = await this.standings.read(asker, meters);
    const spending = await this.spending.of(asker.account!);
    return { period: asker.period, standings, entitlements, spending };
  }

  /** Use beyond limits, event by event, newest first. Throws `not-found` like `limits`. */
  async overages(
    { account, limit, cursor }: PageQuery & { readonly account: AccountKey },
    caller: Principal,
  ): Promise<Page<MeterOverage>> {
    const owner = await this.accounts.getFor(caller, account);
    const after = cursor === undefined ? null : decodeCursor(OVERAGE_LIST, OveragePosition, cursor);
    const rows = await this.#withMeters(await this.facts.overages(owner, limit + 1, after));
    return pageOf(rows, limit, ({ recordedMicros: at, key, meterId: meter }) =>
      encodeCursor(OVERAGE_LIST, { at, key, meter }),
    );
  }

  /** Thresholds of limits that were reached, once each in a period, newest first. Throws `not-found` like `limits`. */
  async crossings(
    { account, limit, cursor }: PageQuery & { readonly account: AccountKey },
    caller: Principal,
  ): Promise<Page<MeterCrossing>> {
    const owner = await this.accounts.getFor(caller, account);
    const after = cursor === undefined ? null : decodeCursor(CROSSING_LIST, CrossingPosition, cursor);
    const rows = await this.#withMeters(await this.facts.crossings(owner, limit + 1, after));
    return pageOf(rows, limit, ({ crossedAt, meterId: meter, from, percent }) =>
      encodeCursor(CROSSING_LIST, { at: crossedAt.getTime(), meter, from: from.getTime(), percent }),
    );
  }

  async #withMeters<Fact extends { readonly meterId: number }>(
    facts: readonly Fact[],
  ): Promise<OfMeter<Fact>[]> {
    const { byId } = await this.meters.catalogue();
    const isKnown = facts.every(({ meterId }) => byId.has(meterId));
    const meters = isKnown ? byId : (await this.meters.reread()).byId;
    return facts.map((fact) => ({ ...fact, meter: meters.get(fact.meterId)! }));
  }
}
