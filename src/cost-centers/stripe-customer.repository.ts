import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Sql } from '../platform/transaction';

/** A customer of Stripe as it is stored: its id is encrypted, and found by its index. */
export interface StoredStripeCustomer {
  readonly index: Buffer;
  readonly customer: Buffer;
  readonly currency: string;
  readonly invalidBillingAddress: boolean | null;
  readonly createdAt: Date;
}

const INSERT_CUSTOMER_ONCE = `
  insert into stripe_customer (customer_index, account_id, bucket, customer, currency, invalid_billing_address, created_at)
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (customer_index) do nothing returning account_id`;

const FIND_ACCOUNT_OF = 'select account_id from stripe_customer where customer_index = $1';

const READ_NEWEST_OF = `
  select customer_index, customer, currency, invalid_billing_address, created_at from stripe_customer
  where account_id = $1 order by created_at desc, customer_index limit 1`;

interface CustomerRow {
  customer_index: Buffer;
  customer: Buffer;
  currency: string;
  invalid_billing_address: boolean | null;
  created_at: Date;
}

/** The rows of `stripe_customer`. */
@Injectable()
export class StripeCustomerRepository {
  /** False = there is one of this id. */
  async insert(
    sql: Sql,
    { id, bucket }: AccountRef,
    { index, customer, currency, invalidBillingAddress, createdAt }: StoredStripeCustomer,
  ): Promise<boolean> {
    const values = [index, id, bucket, customer, currency, invalidBillingAddress, createdAt];
    return (await sql.query(INSERT_CUSTOMER_ONCE, values)).length > 0;
  }

  /** Whose customer it is, by the account's id; null = nobody's. */
  async accountOf(sql: Sql, index: Buffer): Promise<number | null> {
    const [row] = await sql.query<{ account_id: string }>(FIND_ACCOUNT_OF, [index]);
    return row ? Number(row.account_id) : null;
  }

  /** The one that counts; null = there is none. */
  async newestOf(sql: Sql, { id }: AccountRef): Promise<StoredStripeCustomer | null> {
    const [row] = await sql.query<CustomerRow>(READ_NEWEST_OF, [id]);
    if (!row) return null;
    return {
      index: row.customer_index,
      customer: row.customer,
      currency: row.currency,
      invalidBillingAddress: row.invalid_billing_address,
      createdAt: row.created_at,
    };
  }
}
