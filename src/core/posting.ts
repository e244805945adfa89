import type { Asset } from './asset';
import type { GrantKind } from './grant';
import { type Quantity, quantity } from './quantity';
import type { LedgerName, Posting, TransferKind } from './transfer';

/** What caused a posting and when it took effect. */
interface Cause {
  readonly asset: Asset;
  readonly source: string;
  readonly at: Date;
}

/** One amount moved. */
export interface Fact extends Cause {
  readonly amount: Quantity;
}

/** An amount with the tax on it; either may be zero, and then moves nothing. */
export interface TaxedFact extends Cause {
  readonly net: Quantity;
  readonly tax: Quantity;
}

type Legs = readonly [debit: LedgerName, credit: LedgerName];

function posting(kind: TransferKind, [debit, credit]: Legs, fact: Fact): Posting {
  const { asset, amount, source, at } = fact;
  return { asset, debit, credit, amount, kind, source, effectiveAt: at, reverses: null };
}

/** The net amount and the tax as postings of their own, without the one that is zero. */
function taxed(kind: TransferKind, legs: { net: Legs; tax: Legs }, fact: TaxedFact): Posting[] {
  const parts = [
    { legs: legs.net, amount: fact.net },
    { legs: legs.tax, amount: fact.tax },
  ];
  return parts
    .filter(({ amount }) => amount !== 0n)
    .map(({ legs: between, amount }) => posting(kind, between, { ...fact, amount }));
}

/** Rated usage or a fee: owed, not yet invoiced. */
export function charge(fact: Fact): Posting {
  return posting('charge', ['receivable', 'usage'], fact);
}

/** What was owed is invoiced, and the tax on it with it. */
export function invoiceFinalised(fact: TaxedFact): Posting[] {
  return taxed('invoice', { net: ['settlement', 'receivable'], tax: ['settlement', 'tax'] }, fact);
}

/** An invoice taken back: what it held is owed and not invoiced again. */
export function invoiceVoided(fact: TaxedFact): Posting[] {
  return taxed('invoice_void', { net: ['receivable', 'settlement'], tax: ['tax', 'settlement'] }, fact);
}

/** Money for an invoice, at most what is open on it; what was paid beyond that is a prepaid grant. */
export function payment(fact: Fact): Posting {
  return posting('payment', ['payments', 'settlement'], fact);
}

/** Lowers an unpaid invoice, or says what was refunded of a paid one. */
export function creditNote(fact: TaxedFact, lowers: 'unpaid' | 'paid'): Posting[] {
  const credit = lowers === 'unpaid' ? 'settlement' : 'payments';
  return taxed('credit_note', { net: ['adjustments', credit], tax: ['tax', credit] }, fact);
}

/** What is open on an invoice will not be paid. */
export function uncollectible(fact: Fact): Posting {
  return posting('uncollectible', ['adjustments', 'settlement'], fact);
}

/** Where the value of a grant comes from: a present of ours, money paid ahead or too much, a difference no invoice absorbed. */
const GRANT_ORIGINS = {
  promotional: 'adjustments',
  prepaid: 'payments',
  carried: 'receivable',
} as const satisfies Record<GrantKind, LedgerName>;

export function grantIssued(kind: GrantKind, fact: Fact): Posting {
  return posting('grant_issued', [GRANT_ORIGINS[kind], 'grants'], fact);
}

/** Grants pay for an invoice, or for what is owed before there is one. */
export function grantUsed(pays: 'settlement' | 'receivable', fact: Fact): Posting {
  return posting('grant_used', ['grants', pays], fact);
}

/** What was left of a grant at its end. */
export function grantExpired(fact: Fact): Posting {
  return posting('grant_expired', ['grants', 'adjustments'], fact);
}

/** Usage given back without an invoice, in credits; taken again where the amount is below zero. Zero moves nothing. */
export function usageCreditNote(fact: Fact): Posting[] {
  const legs: Legs = fact.amount > 0n ? ['adjustments', 'receivable'] : ['receivable', 'adjustments'];
  const amount = quantity(fact.amount < 0n ? -fact.amount : fact.amount);
  return amount === 0n ? [] : [posting('usage_credit_note', legs, { ...fact, amount })];
}

/** A new cycle forgives what was owed up to the allowance. */
export function allowanceReset(fact: Fact): Posting {
  return posting('allowance_reset', ['allowance', 'receivable'], fact);
}

/** Whoever begins to pay is free of what he owed before. */
export function debtSettled(fact: Fact): Posting {
  return posting('debt_settled', ['allowance', 'receivable'], fact);
}

/** What is owed is made another amount, by no usage and no payment: more of it, or less where the amount is below zero. */
export function adjustment(fact: Fact): Posting[] {
  const legs: Legs = fact.amount > 0n ? ['receivable', 'adjustments'] : ['adjustments', 'receivable'];
  const amount = quantity(fact.amount < 0n ? -fact.amount : fact.amount);
  return amount === 0n ? [] : [posting('adjustment', legs, { ...fact, amount })];
}
