import { emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { view } from '../view';

/** Tax ids of customers; the simulator verifies none, they stay pending. */
export const taxIds: Record<string, Handler> = {
  'Customers.createTaxId': (world, { ids, params }) => {
    const customer = world.need('customer', ids.customer!, 'customer').id as string;
    const value = params.value as string;
    const id = world.save({
      id: world.id('txi'),
      object: 'tax_id',
      country: value.slice(0, 2).toUpperCase(),
      created: world.now(),
      customer,
      customer_account: null,
      livemode: false,
      owner: { type: 'customer', customer, customer_account: null },
      type: params.type as string,
      value,
      verification: { status: 'pending', verified_address: null, verified_name: null },
    });
    emit(world, 'customer.tax_id.created', id);
    return view(world, id);
  },
  'Customers.retrieveTaxId': (world, { ids }) => view(world, world.need('tax_id', ids.id!)),
  'Customers.listTaxIds': (world, call) =>
    page(
      world,
      call,
      world.owned('tax_id', 'customer', world.need('customer', call.ids.customer!, 'customer')),
    ),
  'Customers.deleteTaxId': (world, { ids }) => {
    const id = world.need('tax_id', ids.id!);
    world.remove(id);
    emit(world, 'customer.tax_id.deleted', id);
    return { id: id.id, object: 'tax_id', deleted: true };
  },
};
