import type { Handler } from '../handlers';
import { page } from '../lists';
import { view } from '../view';

/** The way from a payment to its invoice, since charges no longer name it. */
export const invoicePayments: Record<string, Handler> = {
  'InvoicePayments.retrieve': (world, { ids }) =>
    view(world, world.need('invoice_payment', ids.invoice_payment!)),
  'InvoicePayments.list': (world, call) => {
    const intent = call.params.payment?.payment_intent as string | undefined;
    const wanted = world
      .all('invoice_payment')
      .filter((one) => intent === undefined || one.payment.payment_intent === intent);
    return page(world, call, wanted, ['invoice', 'status']);
  },
};
