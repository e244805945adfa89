import { change } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata } from '../metadata';
import type { StripeObject } from '../stripe-object';
import { view } from '../view';
import type { World } from '../world';

/** Moves a customer's balance; below nought is a credit, above it is debt that the next invoice takes up. */
export function moveBalance(
  world: World,
  customer: StripeObject,
  amount: number,
  more: StripeObject,
): StripeObject {
  change(world, customer, 'customer.updated', () => {
    customer.balance = (customer.balance as number) + amount;
  });
  return world.save({
    id: world.id('cbtxn'),
    object: 'customer_balance_transaction',
    amount,
    checkout_session: null,
    created: world.nowFor(customer),
    credit_note: null,
    currency: customer.currency ?? 'usd',
    customer: customer.id as string,
    customer_account: null,
    description: null,
    ending_balance: customer.balance as number,
    invoice: null,
    livemode: false,
    metadata: {},
    type: 'adjustment',
    ...more,
  });
}

/** The balance that invoices take from. */
export const customerBalance: Record<string, Handler> = {
  'Customers.createBalanceTransaction': (world, { ids, params }) => {
    const customer = world.need('customer', ids.customer!, 'customer');
    const { currency, description = null, metadata } = params;
    const more = { currency, description, metadata: mergedMetadata(null, metadata) };
    return view(world, moveBalance(world, customer, params.amount as number, more));
  },
  'Customers.retrieveBalanceTransaction': (world, { ids }) =>
    view(world, world.need('customer_balance_transaction', ids.transaction!)),
  'Customers.listBalanceTransactions': (world, call) => {
    const customer = world.need('customer', call.ids.customer!, 'customer');
    return page(world, call, world.owned('customer_balance_transaction', 'customer', customer));
  },
};
