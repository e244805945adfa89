import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';

const FIELDS = [
  'active',
  'description',
  'images',
  'marketing_features',
  'name',
  'package_dimensions',
  'shippable',
  'statement_descriptor',
  'tax_code',
  'unit_label',
  'url',
  'default_price',
];

/** A product as it stands after its creation. @throws StripeRefusal when the id that was asked for is taken */
export function newProduct(world: World, params: StripeObject): StripeObject {
  const id = (params.id as string | undefined) ?? world.id('prod');
  if (world.find('product', id)) {
    throw invalidRequest(`A product with the id ${id} exists.`, {
      code: 'resource_already_exists',
      param: 'id',
    });
  }
  const product = world.save({
    id,
    object: 'product',
    active: true,
    created: world.now(),
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: mergedMetadata(null, params.metadata),
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    type: 'service',
    unit_label: null,
    updated: world.now(),
    url: null,
    ...sent(params, FIELDS),
  });
  emit(world, 'product.created', product);
  return product;
}

/** Products; one that has prices cannot be deleted. */
export const products: Record<string, Handler> = {
  'Products.create': (world, { params }) => view(world, newProduct(world, params)),
  'Products.retrieve': (world, { ids }) => view(world, world.need('product', ids.id!)),
  'Products.update': (world, { ids, params }) => {
    const product = world.need('product', ids.id!);
    const apply = (): void => {
      Object.assign(product, sent(params, FIELDS), { updated: world.now() });
      product.metadata = mergedMetadata(product.metadata, params.metadata);
    };
    return view(world, change(world, product, 'product.updated', apply));
  },
  'Products.del': (world, { ids }) => {
    const product = world.need('product', ids.id!);
    if (world.all('price').some((price) => price.product === product.id)) {
      throw invalidRequest('The product has prices and cannot be deleted; it can be deactivated.');
    }
    world.remove(product);
    emit(world, 'product.deleted', product);
    return { id: product.id, object: 'product', deleted: true };
  },
  'Products.list': (world, call) => {
    const wanted = call.params.ids as string[] | undefined;
    const all = world.all('product').filter((one) => !wanted || wanted.includes(one.id as string));
    return page(world, call, all, ['active', 'shippable', 'url']);
  },
};
