import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';
import { newProduct } from './products';

/** A price as it stands after its creation; also for `price_data` of items and lines. */
export function newPrice(world: World, params: StripeObject): StripeObject {
  const recurring = params.recurring ? recurringOf(world, params.recurring as StripeObject) : null;
  const product = params.product_data
    ? newProduct(world, params.product_data as StripeObject)
    : world.named('product', (params.product as string | undefined) ?? '', 'product');
  if (params.lookup_key) takeLookupKey(world, params);
  const price = world.save({
    id: world.id('price'),
    object: 'price',
    active: (params.active as boolean | undefined) ?? true,
    billing_scheme: (params.billing_scheme as string | undefined) ?? 'per_unit',
    created: world.now(),
    currency: (params.currency as string).toLowerCase(),
    custom_unit_amount: null,
    livemode: false,
    lookup_key: (params.lookup_key as string | undefined) ?? null,
    metadata: mergedMetadata(null, params.metadata),
    nickname: (params.nickname as string | undefined) ?? null,
    product: product.id as string,
    recurring,
    tax_behavior: (params.tax_behavior as string | undefined) ?? 'unspecified',
    tiers_mode: (params.tiers_mode as string | undefined) ?? null,
    tiers: null,
    transform_quantity: params.transform_quantity ?? null,
    type: recurring ? 'recurring' : 'one_time',
    ...amountsOf(params),
  });
  emit(world, 'price.created', price);
  return price;
}

function recurringOf(world: World, wanted: StripeObject): StripeObject {
  const usage = (wanted.usage_type as string | undefined) ?? 'licensed';
  const meter = (wanted.meter as string | undefined) ?? null;
  // Since 2025-03-31 usage is only counted by meters.
  if (usage === 'metered' && meter === null) {
    throw invalidRequest('A metered price needs a meter.', {
      code: 'parameter_missing',
      param: 'recurring[meter]',
    });
  }
  if (usage === 'licensed' && meter !== null) {
    throw invalidRequest('Only a metered price has a meter.', { param: 'recurring[meter]' });
  }
  if (meter !== null && world.named('billing.meter', meter, 'recurring[meter]').status !== 'active') {
    throw invalidRequest('The meter is not active.', { param: 'recurring[meter]' });
  }
  const { interval, interval_count: count = 1, trial_period_days: trial = null } = wanted;
  return { interval, interval_count: count, meter, trial_period_days: trial, usage_type: usage };
}

function amountsOf(params: StripeObject): StripeObject {
  if (params.billing_scheme === 'tiered') {
    const tiers = params.tiers as StripeObject[] | undefined;
    if (!tiers || !params.tiers_mode) {
      throw invalidRequest('A tiered price needs tiers and tiers_mode.', { param: 'tiers' });
    }
    if (tiers.at(-1)!.up_to !== 'inf') {
      throw invalidRequest('The last tier has no upper bound: up_to must be inf.', { param: 'tiers' });
    }
    return { unit_amount: null, unit_amount_decimal: null, tiers: tiers.map(tierOf) };
  }
  const given = ['unit_amount', 'unit_amount_decimal'].filter((name) => params[name] !== undefined);
  if (given.length !== 1) {
    throw invalidRequest('Exactly one of unit_amount and unit_amount_decimal is needed.', {
      param: 'unit_amount',
    });
  }
  const decimal = decimalText(params.unit_amount_decimal ?? String(params.unit_amount));
  return { unit_amount: wholeOrNull(decimal), unit_amount_decimal: decimal };
}

function tierOf(tier: StripeObject): StripeObject {
  const decimal = (name: string): string | null => {
    const value = (tier[`${name}_decimal`] ?? tier[name]) as string | number | undefined;
    return value === undefined ? null : decimalText(String(value));
  };
  const [flat, unit] = [decimal('flat_amount'), decimal('unit_amount')];
  return {
    flat_amount: flat === null ? null : wholeOrNull(flat),
    flat_amount_decimal: flat,
    unit_amount: unit === null ? null : wholeOrNull(unit),
    unit_amount_decimal: unit,
    up_to: tier.up_to === 'inf' ? null : Number(tier.up_to),
  };
}

/** At most twelve places, as Stripe takes them; without zeros at the end. */
function decimalText(text: string): string {
  if (!/^-?\d+(\.\d{1,12})?$/.test(text)) {
    throw invalidRequest(`Not a decimal of at most 12 places: ${text}`, { param: 'unit_amount_decimal' });
  }
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function wholeOrNull(decimal: string): number | null {
  return decimal.includes('.') ? null : Number(decimal);
}

/** A lookup key belongs to one price; with `transfer_lookup_key` it is taken from the other. */
function takeLookupKey(world: World, params: StripeObject, except?: StripeObject): void {
  const holder = world.all('price').find((one) => one.lookup_key === params.lookup_key && one !== except);
  if (!holder) return;
  if (!params.transfer_lookup_key) {
    throw invalidRequest(`Another price has the lookup key ${params.lookup_key}.`, { param: 'lookup_key' });
  }
  change(world, holder, 'price.updated', () => void (holder.lookup_key = null));
}

/** Prices; their amounts never change, and none can be deleted. */
export const prices: Record<string, Handler> = {
  'Prices.create': (world, { params }) => view(world, newPrice(world, params)),
  'Prices.retrieve': (world, { ids }) => view(world, world.need('price', ids.price!)),
  'Prices.update': (world, { ids, params }) => {
    const price = world.need('price', ids.price!);
    const apply = (): void => {
      if (params.lookup_key) takeLookupKey(world, params, price);
      Object.assign(price, sent(params, ['active', 'nickname', 'lookup_key', 'tax_behavior']));
      price.metadata = mergedMetadata(price.metadata, params.metadata);
    };
    return view(world, change(world, price, 'price.updated', apply));
  },
  'Prices.list': (world, call) => {
    const keys = call.params.lookup_keys as string[] | undefined;
    const meter = call.params.recurring?.meter as string | undefined;
    const wanted = world
      .all('price')
      .filter((one) => !keys || keys.includes(one.lookup_key as string))
      .filter((one) => !meter || one.recurring?.meter === meter);
    return page(world, call, wanted, ['active', 'currency', 'product', 'type']);
  },
};
