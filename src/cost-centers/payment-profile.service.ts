import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { Audit, type Actor } from '../platform/audit/audit.service';
import type { Sql } from '../platform/transaction';
import { type Overdue, PaymentProfileRepository } from './payment-profile.repository';
import { StripeCustomerService } from './stripe-customer.service';

/** How an account pays. */
export interface PaymentProfile extends Overdue {
  /** Of its newest customer; null = it has none. */
  readonly stripeCustomerId: string | null;
}

/** The action of the audit entries of this service. */
export const PAYMENT_PROFILE_CHANGED = 'payment-profile.changed';

/** How accounts pay: their customer of Stripe, and whether a payment is overdue. */
@Injectable()
export class PaymentProfileService {
  constructor(
    private readonly profiles: PaymentProfileRepository,
    private readonly customers: StripeCustomerService,
    private readonly audit: Audit,
  ) {}

  /** As the database has it now. */
  async read(account: Account): Promise<PaymentProfile> {
    const { overdue, overdueSince } = await this.profiles.read(account);
    const customer = await this.customers.newestOf(account);
    return { overdue, overdueSince, stripeCustomerId: customer?.id ?? null };
  }

  /**
   * Says in the caller's transaction that a payment is overdue since `at`, or that none is. The same again writes nothing and
   * keeps the first instant. Answers whether anything changed.
   */
  async setOverdue(
    sql: Sql,
    account: Account,
    overdue: boolean,
    { actor, at }: { actor: Actor; at: Date },
  ): Promise<boolean> {
    const before = await this.profiles.set(sql, account, { overdue, at });
    if (before === null) return false;
    await this.audit.write(sql, {
      ...{ account, actor, action: PAYMENT_PROFILE_CHANGED, subject: `account:${account.key}` },
      before: audited(before),
      after: audited({ overdue, overdueSince: overdue ? at : null }),
    });
    return true;
  }
}

function audited({ overdue, overdueSince }: Overdue): object {
  return { payment_overdue: overdue, payment_overdue_since: overdueSince };
}
