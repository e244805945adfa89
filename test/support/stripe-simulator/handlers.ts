import type { Call, StripeObject } from './stripe-object';
import type { World } from './world';
import { customers } from './resources/customers';
import { customerBalance } from './resources/customer-balance';
import { disputes } from './resources/disputes';
import { eventDestinations } from './resources/event-destinations';
import { eventList } from './resources/event-list';
import { invoiceItems } from './resources/invoice-items';
import { invoiceLines } from './resources/invoice-lines';
import { invoicePayments } from './resources/invoice-payments';
import { invoicePreview } from './resources/invoice-preview';
import { invoices } from './resources/invoices';
import { meterEvents } from './resources/meter-events';
import { meterSummaries } from './resources/meter-summaries';
import { meters } from './resources/meters';
import { paymentIntents } from './resources/payment-intents';
import { paymentMethods } from './resources/payment-methods';
import { prices } from './resources/prices';
import { products } from './resources/products';
import { charges } from './resources/charges';
import { refunds } from './resources/refunds';
import { searches } from './resources/searches';
import { subscriptionItems } from './resources/subscription-items';
import { subscriptions } from './resources/subscriptions';
import { taxIds } from './resources/tax-ids';
import { taxRates } from './resources/tax-rates';
import { testClocks } from './resources/test-clocks';
import { webhookEndpoints } from './resources/webhook-endpoints';

/** What one operation does to the world and answers. */
export type Handler = (world: World, call: Call) => StripeObject;

/** Every operation that is modelled, by its name in the SDK's catalogue. */
export const handlers: Readonly<Record<string, Handler>> = {
  ...customers,
  ...customerBalance,
  ...disputes,
  ...eventDestinations,
  ...eventList,
  ...invoiceItems,
  ...invoiceLines,
  ...invoicePayments,
  ...invoicePreview,
  ...invoices,
  ...meterEvents,
  ...meterSummaries,
  ...meters,
  ...paymentIntents,
  ...paymentMethods,
  ...prices,
  ...products,
  ...charges,
  ...refunds,
  ...searches,
  ...subscriptionItems,
  ...subscriptions,
  ...taxIds,
  ...taxRates,
  ...testClocks,
  ...webhookEndpoints,
};
