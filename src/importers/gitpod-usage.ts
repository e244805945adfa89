import type { AccountKey } from '../core/account-key';
import { CREDIT } from '../core/asset';
import { parseAttributionId } from '../core/attribution-id';
import { creditsOfCents, wholeCreditsOf } from '../core/credits';
import { DomainError, invalid } from '../core/errors';
import { adjustment, allowanceReset, debtSettled, invoiceFinalised, usageCreditNote } from '../core/posting';
import { type Quantity, quantity, ZERO } from '../core/quantity';
import { plainUuid } from '../core/uuid';
import type { ImportedTransfer, ImportedVersion } from '../cost-centers/history-import.service';
import { readGitpodTime } from './gitpod-time';
import type { Cells } from './table-file';

const KINDS = ['workspaceinstance', 'invoice', 'creditnote'] as const;

/** A row of the original's ledger; positive credits are owed. */
export interface UsageRow {
  readonly id: string;
  readonly account: AccountKey;
  readonly kind: (typeof KINDS)[number];
  readonly credits: Quantity;
  /** When it took effect, in milliseconds; of an instance that runs, up to when it was priced. */
  readonly at: number;
  readonly instanceId: string | null;
  readonly description: string;
  readonly userId: string | null;
}

/** Reads a row of d_b_usage. Throws `invalid-argument` naming the column. */
export function readUsageRow(cells: Cells): UsageRow {
  const id = plainUuid(cells['id'] ?? '');
  if (id === null) throw invalid('id', 'must be a uuid');
  const kind = KINDS.find((each) => each === cells['kind']);
  if (kind === undefined) throw invalid('kind', `is none of ${KINDS.join(', ')}`);
  const cents = cells['creditCents'] ?? '';
  if (!/^-?\d{1,17}$/.test(cents)) throw invalid('creditCents', 'must be a whole number');
  const at = readGitpodTime(cells['effectiveTime'] ?? '', 'effectiveTime');
  if (at === null) throw invalid('effectiveTime', 'is missing');
  const instance = cells['workspaceInstanceId'] ?? '';
  return {
    ...{ id, kind, at },
    account: parseAttributionId(cells['attributionId'] ?? '', 'attributionId'),
    credits: creditsOfCents(BigInt(cents)),
    instanceId: instance === '' ? null : (plainUuid(instance) ?? instance),
    description: (cells['description'] ?? '').trim(),
    userId: userOf(cells['metadata'] ?? ''),
  };
}

function userOf(metadata: string): string | null {
  try {
    const { userId } = JSON.parse(metadata) as { userId?: unknown };
    return typeof userId === 'string' ? plainUuid(userId) : null;
  } catch {
    return null;
  }
}

const RESET_DESCRIPTION = 'Credits';
const NOTE_WITHOUT_WORDS = 'Given back';

/**
 * What a row that is no instance moves here. `Credits` is a new cycle, or the debt of somebody who began to pay; every other
 * invoice is one of the payment provider. A sign that its kind never has makes it an adjustment.
 */
export function transferOf(row: UsageRow, history: readonly ImportedVersion[]): ImportedTransfer {
  const { id, kind, description, userId } = row;
  const amount = quantity(-row.credits);
  const fact = { asset: CREDIT, amount, source: `gitpod:${id}`, at: new Date(row.at) } as const;
  if (kind === 'creditnote') {
    const credits = wholeCreditsOf(amount);
    if (credits === null) return { postings: usageCreditNote(fact), note: null };
    // A note that is kept as one has the cause that notes have here.
    const source = `usage-credit-note:${id}`;
    const words = { description: description || NOTE_WITHOUT_WORDS, userId, createdAt: fact.at };
    return { postings: usageCreditNote({ ...fact, source }), note: { id, credits, ...words } };
  }
  if (amount <= ZERO) return { postings: adjustment({ ...fact, amount: row.credits }), note: null };
  if (description !== RESET_DESCRIPTION) {
    const { asset, source, at } = fact;
    return { postings: invoiceFinalised({ asset, source, at, net: amount, tax: ZERO }), note: null };
  }
  const reset = beganToPay(row.at, history) ? debtSettled(fact) : allowanceReset(fact);
  return { postings: [reset], note: null };
}

/** The original wrote the row of a debt just before the version that says who pays. */
const WRITTEN_WITHIN_MS = 60_000;

function beganToPay(at: number, history: readonly ImportedVersion[]): boolean {
  const place = history.findIndex(({ createdAt }) => createdAt.getTime() >= at);
  const next = history[place];
  if (!next || next.createdAt.getTime() > at + WRITTEN_WITHIN_MS) return false;
  return next.strategy === 'stripe' && history[place - 1]?.strategy !== 'stripe';
}

/** Reads, or answers why not. */
export function judged<T>(read: () => T): { readonly value: T } | { readonly reason: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { reason: error.message };
  }
}
