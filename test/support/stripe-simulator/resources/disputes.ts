import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata } from '../metadata';
import { DAY, RULES } from '../rules';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';

const EVIDENCE = [
  'access_activity_log',
  'billing_address',
  'cancellation_policy',
  'cancellation_policy_disclosure',
  'cancellation_rebuttal',
  'customer_communication',
  'customer_email_address',
  'customer_name',
  'customer_purchase_ip',
  'customer_signature',
  'duplicate_charge_documentation',
  'duplicate_charge_explanation',
  'duplicate_charge_id',
  'product_description',
  'receipt',
  'refund_policy',
  'refund_policy_disclosure',
  'refund_refusal_explanation',
  'service_date',
  'service_documentation',
  'shipping_address',
  'shipping_carrier',
  'shipping_date',
  'shipping_documentation',
  'shipping_tracking_number',
  'uncategorized_file',
  'uncategorized_text',
];

/** The card's holder complains: the money is withdrawn at once. @throws StripeRefusal when there is a dispute already */
export function openDispute(
  world: World,
  charge: StripeObject,
  wanted: { amount?: number; reason?: string },
): StripeObject {
  if (charge.disputed) throw invalidRequest('The charge is disputed already.');
  if (!charge.captured) throw invalidRequest('Only what was captured can be disputed.');
  const created = world.nowFor(charge);
  const dueBy = created + RULES.disputeEvidenceDays * DAY;
  const dispute: StripeObject = {
    id: world.id('dp'),
    object: 'dispute',
    amount: wanted.amount ?? (charge.amount_captured as number),
    balance_transactions: [],
    charge: charge.id,
    created,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: { ...Object.fromEntries(EVIDENCE.map((field) => [field, null])), enhanced_evidence: {} },
    evidence_details: {
      due_by: dueBy,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      type: 'card',
      card: { brand: 'visa', case_type: 'chargeback', network: 'visa', network_reason_code: '10.4' },
    },
    reason: wanted.reason ?? 'fraudulent',
    status: 'needs_response',
    _clock: charge._clock,
  };
  charge.disputed = true;
  world.save(charge);
  world.save(dispute);
  emit(world, 'charge.dispute.created', dispute);
  moveFunds(world, dispute, -(dispute.amount as number));
  emit(world, 'charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

/** The bank decides. */
export function closeDispute(world: World, dispute: StripeObject, status: 'won' | 'lost'): StripeObject {
  if (isClosed(dispute)) throw invalidRequest(`The dispute is closed already: ${dispute.status}.`);
  change(world, dispute, 'charge.dispute.updated', () => void (dispute.status = status));
  if (status === 'won') {
    moveFunds(world, dispute, dispute.amount as number);
    emit(world, 'charge.dispute.funds_reinstated', dispute);
  }
  emit(world, 'charge.dispute.closed', dispute);
  return dispute;
}

function isClosed(dispute: StripeObject): boolean {
  return dispute.status === 'won' || dispute.status === 'lost';
}

function moveFunds(world: World, dispute: StripeObject, amount: number): void {
  const fee = amount < 0 ? 1500 : 0;
  const moved = {
    id: world.id('txn'),
    object: 'balance_transaction',
    amount,
    available_on: world.nowFor(dispute),
    balance_type: 'payments',
    created: world.nowFor(dispute),
    currency: dispute.currency as string,
    description: null,
    exchange_rate: null,
    fee,
    fee_details: [],
    net: amount - fee,
    reporting_category: amount < 0 ? 'dispute' : 'dispute_reversal',
    source: dispute.id as string,
    status: 'available',
    type: 'adjustment',
  };
  world.save(moved);
  dispute.balance_transactions = [...(dispute.balance_transactions as StripeObject[]), moved];
  world.save(dispute);
}

const update: Handler = (world, { ids, params }) => {
  const dispute = world.need('dispute', ids.dispute!);
  if (isClosed(dispute)) throw invalidRequest('The dispute is closed.');
  const evidence = (params.evidence ?? {}) as StripeObject;
  const submit = ((params.submit as boolean | undefined) ?? true) && Object.keys(evidence).length > 0;
  change(world, dispute, 'charge.dispute.updated', () => {
    dispute.metadata = mergedMetadata(dispute.metadata, params.metadata);
    dispute.evidence = { ...dispute.evidence, ...evidence };
    const details = dispute.evidence_details as StripeObject;
    const count = (details.submission_count as number) + (submit ? 1 : 0);
    const has = Boolean(details.has_evidence) || Object.keys(evidence).length > 0;
    dispute.evidence_details = { ...details, submission_count: count, has_evidence: has };
    if (submit) dispute.status = 'under_review';
  });
  return view(world, dispute);
};

/** Disputes: opened and decided by control, answered or given up by the merchant. */
export const disputes: Record<string, Handler> = {
  'Disputes.retrieve': (world, { ids }) => view(world, world.need('dispute', ids.dispute!)),
  'Disputes.list': (world, call) => page(world, call, world.all('dispute'), ['charge', 'payment_intent']),
  'Disputes.update': update,
  'Disputes.close': (world, { ids }) =>
    view(world, closeDispute(world, world.need('dispute', ids.dispute!), 'lost')),
};
