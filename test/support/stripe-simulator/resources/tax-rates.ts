import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import { newTaxRate } from '../tax';
import { view } from '../view';

const FIELDS = [
  'country',
  'description',
  'display_name',
  'inclusive',
  'jurisdiction',
  'percentage',
  'state',
  'tax_type',
  'active',
];

/** Tax rates named on lines and invoices. */
export const taxRates: Record<string, Handler> = {
  'TaxRates.create': (world, { params }) => {
    const fields = { ...sent(params, FIELDS), metadata: mergedMetadata(null, params.metadata) };
    const rate = world.save(newTaxRate(world, world.id('txr'), fields));
    emit(world, 'tax_rate.created', rate);
    return view(world, rate);
  },
  'TaxRates.retrieve': (world, { ids }) => view(world, world.need('tax_rate', ids.tax_rate!)),
  'TaxRates.update': (world, { ids, params }) => {
    const rate = world.need('tax_rate', ids.tax_rate!);
    const apply = (): void => {
      Object.assign(rate, sent(params, FIELDS));
      rate.metadata = mergedMetadata(rate.metadata, params.metadata);
    };
    return view(world, change(world, rate, 'tax_rate.updated', apply));
  },
  'TaxRates.list': (world, call) => page(world, call, world.all('tax_rate'), ['active', 'inclusive']),
};
