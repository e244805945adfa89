import { emit } from './events';
import { mergedMetadata } from './metadata';
import { DAY } from './rules';
import type { StripeObject } from './stripe-object';
import { invalidRequest } from './stripe-refusal';
import type { World } from './world';

/** Fields of a new draft that differ from Stripe's defaults. */
export interface DraftWishes {
  readonly customer: StripeObject;
  readonly currency: string;
  readonly reason: string;
  readonly params?: StripeObject;
  readonly subscription?: StripeObject | null;
  readonly autoAdvance?: boolean;
  readonly finalizesAt?: number | null;
}

/** A draft as Stripe makes it, without lines and not yet remembered. */
export function newDraft(world: World, wishes: DraftWishes): StripeObject {
  const { customer, subscription = null, params = {} } = wishes;
  const now = world.nowFor(customer);
  const collection = (params.collection_method ??
    subscription?.collection_method ??
    'charge_automatically') as string;
  const daysUntilDue = (params.days_until_due ?? subscription?.days_until_due ?? null) as number | null;
  if (collection === 'send_invoice' && daysUntilDue === null && params.due_date === undefined) {
    throw invalidRequest('An invoice that is sent needs days_until_due or due_date.', {
      param: 'days_until_due',
    });
  }
  const automatic = Boolean(params.automatic_tax?.enabled ?? subscription?.automatic_tax.enabled ?? false);
  return {
    ...constants(),
    id: world.id('in'),
    object: 'invoice',
    auto_advance: wishes.autoAdvance ?? (params.auto_advance as boolean | undefined) ?? false,
    automatic_tax: {
      disabled_reason: null,
      enabled: automatic,
      liability: automatic ? { type: 'self' } : null,
      provider: automatic ? 'stripe' : null,
      status: null,
    },
    automatically_finalizes_at: wishes.finalizesAt ?? null,
    billing_reason: wishes.reason,
    collection_method: collection,
    created: now,
    currency: wishes.currency,
    customer: customer.id as string,
    customer_address: customer.address as unknown,
    customer_email: customer.email as unknown,
    customer_name: customer.name as unknown,
    customer_phone: customer.phone as unknown,
    customer_shipping: customer.shipping as unknown,
    customer_tax_exempt: customer.tax_exempt as unknown,
    default_payment_method: params.default_payment_method ?? null,
    description: (params.description as string | undefined) ?? null,
    due_date: params.due_date ?? (daysUntilDue === null ? null : now + daysUntilDue * DAY),
    footer: params.footer ?? null,
    metadata: mergedMetadata(null, params.metadata),
    parent: subscription
      ? {
          quote_details: null,
          subscription_details: {
            metadata: { ...subscription.metadata },
            subscription: subscription.id as string,
          },
          type: 'subscription_details',
        }
      : null,
    period_end: now,
    period_start: now,
    test_clock: customer.test_clock as string | null,
    _subscription: subscription?.id ?? null,
    _defaultTaxRates: (params.default_tax_rates ?? subscription?._defaultTaxRates ?? []) as string[],
  };
}

/** What a fresh draft always says. */
function constants(): StripeObject {
  const payment = { default_mandate: null, payment_method_options: null, payment_method_types: null };
  const transitions = { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null };
  const nulls = [
    ...[
      'account_name',
      'account_tax_ids',
      'application',
      'customer_account',
      'custom_fields',
      'default_source',
    ],
    ...[
      'effective_at',
      'ending_balance',
      'from_invoice',
      'hosted_invoice_url',
      'invoice_pdf',
      'last_finalization_error',
    ],
    ...['latest_revision', 'next_payment_attempt', 'number', 'on_behalf_of', 'receipt_number', 'rendering'],
    ...[
      'shipping_cost',
      'shipping_details',
      'statement_descriptor',
      'webhooks_delivered_at',
      'confirmation_secret',
    ],
  ];
  return {
    ...Object.fromEntries(nulls.map((field) => [field, null])),
    account_country: 'US',
    amount_due: 0,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: 0,
    amount_shipping: 0,
    attempt_count: 0,
    attempted: false,
    customer_tax_ids: [],
    default_tax_rates: [],
    discounts: [],
    issuer: { type: 'self' },
    livemode: false,
    payment_settings: payment,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    starting_balance: 0,
    status: 'draft',
    status_transitions: transitions,
    subtotal: 0,
    subtotal_excluding_tax: 0,
    total: 0,
    total_discount_amounts: [],
    total_excluding_tax: 0,
    total_pretax_credit_amounts: [],
    total_taxes: [],
  };
}

/** Remembers the draft with its first lines in place and says so. */
export function openDraft(world: World, invoice: StripeObject): StripeObject {
  const customer = world.find('customer', invoice.customer as string)!;
  if (customer.currency === null) customer.currency = invoice.currency;
  world.save(invoice);
  emit(world, 'invoice.created', invoice);
  return invoice;
}
