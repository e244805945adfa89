import type { Handler } from '../handlers';
import { RULES } from '../rules';
import { searchable } from '../search-index';
import { parseQuery } from '../search-query';
import { view } from '../view';

const search =
  (kind: string): Handler =>
  (world, call) => {
    const fits = parseQuery(call.params.query as string);
    const found = searchable(world, kind).filter(fits).reverse();
    const limit = (call.params.limit as number | undefined) ?? RULES.listDefault;
    const from = call.params.page === undefined ? 0 : Number(call.params.page);
    const data = found.slice(from, from + limit).map((object) => view(world, object));
    const more = from + limit < found.length;
    return {
      object: 'search_result',
      data,
      has_more: more,
      next_page: more ? String(from + limit) : null,
      url: call.path,
    };
  };

/** Search, which lags behind what was written. */
export const searches: Record<string, Handler> = {
  'Customers.search': search('customer'),
  'Invoices.search': search('invoice'),
  'Subscriptions.search': search('subscription'),
  'Prices.search': search('price'),
  'Products.search': search('product'),
  'PaymentIntents.search': search('payment_intent'),
  'Charges.search': search('charge'),
};
