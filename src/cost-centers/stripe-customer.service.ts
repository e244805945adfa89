import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import { Audit, type Actor } from '../platform/audit/audit.service';
import { BlindIndex } from '../platform/blind-index';
import { SecretBox } from '../platform/secret-box';
import { Database, type Sql } from '../platform/transaction';
import { AccountService } from './account.service';
import type { HistoryOutcome } from './history-import.service';
import { StripeCustomerRepository } from './stripe-customer.repository';

/** A customer of Stripe; null = whether its address is wrong is not known yet. */
export interface StripeCustomer {
  readonly id: string;
  readonly currency: string;
  readonly invalidBillingAddress: boolean | null;
  readonly createdAt: Date;
}

/** Which customers of Stripe accounts have. */
@Injectable()
export class StripeCustomerService {
  constructor(
    private readonly customers: StripeCustomerRepository,
    private readonly accounts: AccountService,
    private readonly blindIndex: BlindIndex,
    private readonly box: SecretBox,
    private readonly audit: Audit,
    private readonly database: Database,
  ) {}

  /** Keeps a customer for an account, which is made when it is not there; `conflict` = it is another account's. */
  async keep(actor: Actor, key: AccountKey, customer: StripeCustomer): Promise<HistoryOutcome> {
    await this.accounts.learn([key]);
    const account = await this.accounts.get(key);
    return this.database.transaction((tx) => this.keepIn(tx, { actor, account }, customer));
  }

  /** The same in the caller's transaction. */
  async keepIn(
    tx: Sql,
    { actor, account }: { actor: Actor; account: Account },
    { id, ...customer }: StripeCustomer,
  ): Promise<HistoryOutcome> {
    const index = this.blindIndex.ofStripeCustomer(id);
    const stored = { ...customer, index, customer: this.box.seal(id, placeOf(index)) };
    if (!(await this.customers.insert(tx, account, stored))) {
      return (await this.customers.accountOf(tx, index)) === account.id ? 'stands' : 'conflict';
    }
    await this.audit.write(tx, {
      ...{ account, actor, action: 'stripe-customer.kept', subject: `account:${account.key}` },
      after: { currency: customer.currency, created_at: customer.createdAt },
    });
    return 'imported';
  }

  /** The account's newest customer; null = it has none. */
  async newestOf(account: Account): Promise<StripeCustomer | null> {
    const found = await this.customers.newestOf(this.database, account);
    if (found === null) return null;
    const { index, customer, ...rest } = found;
    return { id: this.box.open(customer, placeOf(index)), ...rest };
  }
}

const placeOf = (index: Buffer): string => `stripe_customer/${index.toString('hex')}/customer`;
