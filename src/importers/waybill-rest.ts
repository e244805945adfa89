import type { AccountKey } from '../core/account-key';
import { DomainError } from '../core/errors';
import type { UsageEvent } from '../core/event';
import { RestDoor } from './rest-door';
import type { RowVerdict } from './row-verdict';
import type { Standing, StandingBudget, WantedBudget, WantedGrant, WaybillTarget } from './waybill-target';

interface Subscription {
  readonly status: string;
  readonly plan: string | null;
  readonly period_start: string;
  readonly next: { readonly plan: string | null; readonly at: string } | null;
}

/** Moves a Waybill through the REST doors of a running service. */
export class RestWaybillTarget implements WaybillTarget {
  readonly #door: RestDoor;

  constructor(base: string, apiKey: string) {
    this.#door = new RestDoor(base, apiKey);
  }

  record(events: readonly UsageEvent[]): Promise<readonly RowVerdict[]> {
    return this.#door.record(events);
  }

  /** Asks first: to put an account that is there would take its name away. */
  async makeAccount(account: AccountKey): Promise<void> {
    try {
      await this.#door.send('GET', pathOf(account));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'not-found') throw error;
      await this.#door.send('PUT', pathOf(account), { body: {} });
    }
  }

  async standing(account: AccountKey): Promise<Standing> {
    const path = `${pathOf(account)}/subscription`;
    const { status, plan, period_start, next } = await this.#door.send<Subscription>('GET', path);
    return {
      isAny: status !== 'none' || next !== null,
      plan: plan ?? next?.plan ?? null,
      endsAt: next !== null && next.plan === null ? Date.parse(next.at) : null,
      periodStart: Date.parse(period_start),
    };
  }

  async subscribe(account: AccountKey, { plan, from }: { plan: string; from: number }): Promise<void> {
    const body = { plan, effective: textOf(from), trial_days: 0 };
    await this.#door.send('PUT', `${pathOf(account)}/subscription`, { body });
  }

  async endPlan(account: AccountKey, at: number): Promise<void> {
    await this.#door.send('DELETE', `${pathOf(account)}/subscription?at=${textOf(at)}`);
  }

  async give(account: AccountKey, key: string, grant: WantedGrant): Promise<void> {
    const headers = { 'idempotency-key': key };
    await this.#door.send('POST', `${pathOf(account)}/grants`, { body: grant, headers });
  }

  async budgets(project: string): Promise<readonly StandingBudget[]> {
    const path = `/api/v1/projects/${project}/budgets`;
    return (await this.#door.send<{ budgets: StandingBudget[] }>('GET', path)).budgets;
  }

  async makeBudget(project: string, body: WantedBudget): Promise<void> {
    await this.#door.send('POST', `/api/v1/projects/${project}/budgets`, { body });
  }
}

const pathOf = (account: AccountKey): string => `/api/v1/accounts/${encodeURIComponent(account)}`;
const textOf = (at: number): string => new Date(at).toISOString();
