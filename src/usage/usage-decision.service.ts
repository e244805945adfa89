import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import type { Meter, OnUnavailable } from '../core/meter';
import { AccountService } from '../cost-centers/account.service';
import { type Spending, SpendingService } from '../cost-centers/spending.service';
import { type Principal, requireAccount } from '../platform/auth/principal';
import { MeterService } from '../pricing/meter.service';
import type { CheckAnswer, CheckUsage, UnjudgedAnswer } from './check-usage.commands';
import { CheckUsageService } from './check-usage.service';
import type { ConsumeAnswer, ConsumeUsage } from './consume-usage.commands';
import { ConsumeUsageService } from './consume-usage.service';
import { type DecisionDoor, LimitMetrics } from './limit-metrics.service';
import type {
  CommitReservation,
  ReservationAnswer,
  ReservationRef,
  ReserveUsage,
} from './reservation.commands';
import { type Remembered, RememberedStandings } from './remembered-standing.service';
import { ReservationService } from './reservation.service';
import { SpentAccounts } from './spent-accounts.service';

/** Who asks, and at which door. */
export interface Asking {
  readonly principal: Principal;
  readonly door: DecisionDoor;
}

/** With the spending limit of the account where it was that which refused. */
type Judged<Answer> = Answer & { readonly spending?: Spending };

export type CheckDecision = CheckAnswer | (UnjudgedAnswer & { readonly remembered: Remembered | null });
export type ConsumeDecision = Judged<ConsumeAnswer> | UnjudgedAnswer;
export type ReserveDecision =
  Judged<ReservationAnswer> | (UnjudgedAnswer & { readonly state: 'unavailable' });

/**
 * Check, consume and reserve as our doors offer them: judged by the limits of meters and by the spending limit of the
 * account, and while Postgres cannot be reached by the policies of the meters.
 *
 * A spending limit is judged before anything is counted, and only of accounts that have a cost centre. Reconciliation moves
 * what it is judged by: it may be overshot by what one of its intervals adds.
 */
@Injectable()
export class UsageDecisions {
  constructor(
    private readonly checks: CheckUsageService,
    private readonly consumption: ConsumeUsageService,
    private readonly reservations: ReservationService,
    private readonly spent: SpentAccounts,
    private readonly accounts: AccountService,
    private readonly spending: SpendingService,
    private readonly meters: MeterService,
    private readonly metrics: LimitMetrics,
    private readonly remembered: RememberedStandings,
  ) {}

  /** Throws what `CheckUsageService.check` throws, and `unavailable` when a meter is not known to this process. */
  async check(command: CheckUsage, { principal, door }: Asking): Promise<CheckDecision> {
    try {
      const answer = await this.checks.check(command, principal);
      this.metrics.decided(door, answer.isAllowed ? 'allowed' : 'denied');
      return answer;
    } catch (error) {
      // What a plan grants is not known without Postgres, and no meter says what to do about it.
      const keys = command.items.map((item) => ('meter' in item ? item.meter : null));
      const answer = this.#byPolicy(error, { door, policy: this.#policyOf(keys) });
      return { ...answer, remembered: await this.remembered.of(command, principal) };
    }
  }

  /**
   * Throws what `ConsumeUsageService.consume` throws. After an answer without Postgres the use may have been counted all
   * the same, when it was the answer to the COMMIT that was lost: the same id sent again tells.
   */
  async consume(command: ConsumeUsage, { principal, door }: Asking): Promise<ConsumeDecision> {
    requireAccount(principal, command.account);
    try {
      const spending = await this.#reachedSpending(command);
      const answer: Judged<ConsumeAnswer> =
        spending && !(await this.spent.isConsumed(command))
          ? { ...(await this.spent.refuseConsume(command, principal)), spending }
          : await this.consumption.consume(command, principal);
      this.metrics.decided(door, answer.status);
      return answer;
    } catch (error) {
      const policy = this.#policyOf(command.items.map(({ meter }) => meter));
      return this.#byPolicy(placed(error, command), { door, policy });
    }
  }

  /** Throws what `ReservationService.reserve` throws. Without Postgres nothing can be held: every meter answers as closed. */
  async reserve(command: ReserveUsage, { principal, door }: Asking): Promise<ReserveDecision> {
    requireAccount(principal, command.account);
    try {
      const spending = await this.#reachedSpending(command);
      const answer: Judged<ReservationAnswer> =
        spending && !(await this.spent.isReserved(command))
          ? { ...(await this.spent.refuseReserve(command, principal)), spending }
          : await this.reservations.reserve(command, principal);
      this.metrics.decided(door, answer.state === 'refused' ? 'refused' : 'reserved');
      return answer;
    } catch (error) {
      const policy = this.#policyOf(command.items.map(({ meter }) => meter)) && 'closed';
      return { ...this.#byPolicy(placed(error, command), { door, policy }), state: 'unavailable' };
    }
  }

  /** Throws what `ReservationService.commit` throws; what was reserved is not judged by the spending limit again. */
  async commit(command: CommitReservation, { principal, door }: Asking): Promise<ReservationAnswer> {
    const answer = await this.reservations.commit(command, principal);
    this.metrics.decided(door, answer.state === 'refused' ? 'refused' : 'committed');
    return answer;
  }

  /** Throws what `ReservationService.release` throws. */
  async release(ref: ReservationRef, { principal, door }: Asking): Promise<ReservationAnswer> {
    const answer = await this.reservations.release(ref, principal);
    this.metrics.decided(door, 'released');
    return answer;
  }

  /** The meters that an answer names, by their keys. */
  async metersOf(decision: ConsumeDecision | ReserveDecision): Promise<ReadonlyMap<string, Meter>> {
    const items = 'items' in decision ? decision.items : [];
    const { byKey } = await this.meters.catalogue();
    return items.every(({ meter }) => byKey.has(meter)) ? byKey : (await this.meters.reread()).byKey;
  }

  async #reachedSpending({ account: key }: Pick<ConsumeUsage, 'account'>): Promise<Spending | null> {
    if (!this.spending.hasLimit(key)) return null;
    const account = this.accounts.known(key) ?? (await this.accounts.find(key));
    const spending = account && (await this.spending.of(account));
    return spending?.isReached === true ? spending : null;
  }

  /** One closed meter closes all. Null = not every meter is known to this process. */
  #policyOf(keys: readonly (string | null)[]): OnUnavailable | null {
    const known = this.meters.currentCatalogue?.byKey;
    if (known === undefined) return null;
    const policies = keys.map((key) => (key === null ? 'closed' : known.get(key)?.onUnavailable));
    if (policies.includes(undefined)) return null;
    return policies.includes('closed') ? 'closed' : 'open';
  }

  #byPolicy(
    error: unknown,
    { door, policy }: { door: DecisionDoor; policy: OnUnavailable | null },
  ): UnjudgedAnswer {
    const isUnavailable = error instanceof DomainError && error.code === 'unavailable';
    if (!isUnavailable || policy === null) throw error;
    this.metrics.decided(door, policy);
    return { status: 'unavailable', applied: policy };
  }
}

const OF_AN_ITEM = /^(meter|type|quantity|resource|properties)\b/;

/** What is said of the only item of a request is said of `items[0]`, as it is of any of several. */
function placed(error: unknown, { items }: Pick<ConsumeUsage, 'items'>): unknown {
  if (!(error instanceof DomainError) || error.code !== 'invalid-argument' || items.length !== 1)
    return error;
  const at = (text: string): string => (OF_AN_ITEM.test(text) ? `items[0].${text}` : text);
  const fields = error.fields.map(({ field, reason }) => ({ field: at(field), reason }));
  return new DomainError(error.code, at(error.message), fields);
}
