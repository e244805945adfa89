import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import { attempt, canCancel, cancelIntent, captureIntent, unexpectedState } from '../payments';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';
import { usablePaymentMethod } from './payment-methods';

const FIELDS = ['description', 'receipt_email', 'setup_future_usage', 'statement_descriptor', 'shipping'];

/** An intent as it stands after its creation; also for invoices. */
export function newPaymentIntent(world: World, params: StripeObject): StripeObject {
  if ((params.amount as number) < 1) {
    throw invalidRequest('The amount must be at least 1.', {
      code: 'parameter_invalid_integer',
      param: 'amount',
    });
  }
  const customer = params.customer ? world.named('customer', params.customer as string, 'customer') : null;
  const method = params.payment_method ? usablePaymentMethod(world, params.payment_method as string) : null;
  const id = world.id('pi');
  const intent = world.save({
    id,
    object: 'payment_intent',
    amount: params.amount as number,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: params.automatic_payment_methods ?? null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: (params.capture_method as string | undefined) ?? 'automatic_async',
    client_secret: `${id}_secret_sim`,
    confirmation_method: (params.confirmation_method as string | undefined) ?? 'automatic',
    created: customer ? world.nowFor(customer) : world.now(),
    currency: (params.currency as string).toLowerCase(),
    customer: customer?.id ?? null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: mergedMetadata(null, params.metadata),
    next_action: null,
    on_behalf_of: null,
    payment_method: method?.id ?? null,
    payment_method_configuration_details: null,
    payment_method_options: params.payment_method_options ?? {},
    payment_method_types: params.payment_method_types ?? ['card'],
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: method ? 'requires_confirmation' : 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
    _clock: customer?.test_clock ?? null,
    _invoice: null,
    ...sent(params, FIELDS),
  });
  emit(world, 'payment_intent.created', intent);
  return intent;
}

const create: Handler = (world, { params }) => {
  const intent = newPaymentIntent(world, params);
  if (params.confirm) attempt(world, intent, { offSession: Boolean(params.off_session) });
  return view(world, intent);
};

const confirm: Handler = (world, { ids, params }) => {
  const intent = world.need('payment_intent', ids.intent!);
  const open = ['requires_payment_method', 'requires_confirmation', 'requires_action'];
  if (!open.includes(intent.status as string)) throw unexpectedState(intent, 'confirmed');
  if (params.payment_method) {
    intent.payment_method = usablePaymentMethod(world, params.payment_method as string).id as string;
  }
  if (intent.payment_method === null) {
    throw invalidRequest('The intent has no payment method to confirm it with.', {
      code: 'payment_intent_unexpected_state',
    });
  }
  Object.assign(intent, sent(params, FIELDS));
  attempt(world, intent, { offSession: Boolean(params.off_session) });
  return view(world, intent);
};

const update: Handler = (world, { ids, params }) => {
  const intent = world.need('payment_intent', ids.intent!);
  const money = params.amount !== undefined || params.currency !== undefined;
  if (money && ['succeeded', 'canceled', 'requires_capture'].includes(intent.status as string)) {
    throw unexpectedState(intent, 'given another amount');
  }
  const method = params.payment_method ? usablePaymentMethod(world, params.payment_method as string) : null;
  const customer = params.customer ? world.named('customer', params.customer as string, 'customer') : null;
  change(world, intent, 'payment_intent.updated', () => {
    Object.assign(intent, sent(params, [...FIELDS, 'amount', 'currency']));
    intent.metadata = mergedMetadata(intent.metadata, params.metadata);
    if (customer) intent.customer = customer.id;
    if (!method) return;
    intent.payment_method = method.id;
    if (intent.status === 'requires_payment_method') intent.status = 'requires_confirmation';
  });
  return view(world, intent);
};

/** Intents to pay: an ordinary one succeeds when it is confirmed, one with manual capture holds the money until it is captured or cancelled. */
export const paymentIntents: Record<string, Handler> = {
  'PaymentIntents.create': create,
  'PaymentIntents.retrieve': (world, { ids }) => view(world, world.need('payment_intent', ids.intent!)),
  'PaymentIntents.update': update,
  'PaymentIntents.list': (world, call) => page(world, call, world.all('payment_intent'), ['customer']),
  'PaymentIntents.confirm': confirm,
  'PaymentIntents.capture': (world, { ids, params }) => {
    const intent = world.need('payment_intent', ids.intent!);
    return view(world, captureIntent(world, intent, params.amount_to_capture as number | undefined));
  },
  'PaymentIntents.cancel': (world, { ids, params }) => {
    const intent = world.need('payment_intent', ids.intent!);
    if (!canCancel(intent)) throw unexpectedState(intent, 'cancelled');
    if (intent._invoice) throw invalidRequest('An intent of an invoice is cancelled by voiding the invoice.');
    return view(
      world,
      cancelIntent(world, intent, (params.cancellation_reason as string | undefined) ?? null),
    );
  },
};
