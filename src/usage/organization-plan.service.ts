import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { termsAt } from '../core/terms';
import { TermsService } from '../cost-centers/terms.service';
import { AccountClock } from '../platform/account-clock';
import { Database } from '../platform/transaction';
import { PlanService } from '../pricing/plan.service';

/** How Scorpius's wire calls having no plan, which cannot happen there. */
export const NO_PLAN = 'none';

/** A label may be so old. */
const KEPT_MS = 10_000;
const ACCOUNTS_MAX = 10_000;

/** Which plan an organisation has, for labels of metrics: a little old rather than asked for with each request. */
@Injectable()
export class OrganizationPlan {
  readonly #plans = new Map<number, { readonly plan: string; readonly until: number }>();

  constructor(
    private readonly terms: TermsService,
    private readonly plans: PlanService,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  async labelOf(account: Account): Promise<string> {
    const known = this.#plans.get(account.id);
    if (known && known.until > performance.now()) return known.plan;
    const versions = await this.terms.versions(this.database, account);
    const id = termsAt(versions, this.clock.now(account).getTime())?.planVersionId ?? null;
    const plan = id === null ? NO_PLAN : (await this.plans.version(id)).plan;
    if (this.#plans.size >= ACCOUNTS_MAX) this.#plans.clear();
    this.#plans.set(account.id, { plan, until: performance.now() + KEPT_MS });
    return plan;
  }
}
