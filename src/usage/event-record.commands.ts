import type { AccountKey } from '../core/account-key';
import type { Properties, UsageEvent } from '../core/event';
import type { Quantity } from '../core/quantity';

/** Personal attributes of whoever used something; stored apart and erasable. */
export interface Subject {
  readonly id: string;
  readonly attributes: Properties;
}

/** A request to store one event. `occurredAt` null = now, by our clock; `sentAt` is what dedupe compares. */
export interface RecordUsage extends Omit<UsageEvent, 'occurredAt'> {
  readonly kind: 'usage';
  readonly occurredAt: number | null;
  readonly subject: Subject | null;
}

/** A request to take an event back (`void`) or to replace what it measured (`amend`). */
export interface CorrectUsage {
  readonly kind: 'void' | 'amend';
  readonly account: AccountKey;
  readonly source: string;
  readonly id: string;
  readonly target: { readonly source: string; readonly id: string };
  /** The new measure of an amend; null keeps the old one. Ignored by a void. */
  readonly quantity: Quantity | null;
  readonly properties: Properties | null;
  readonly reason: string;
}

export type EventRecord = RecordUsage | CorrectUsage;

/** A record that could not even be read; it keeps its place in the batch, with its reason. */
export interface UnreadableRecord {
  readonly kind: 'unreadable';
  readonly source: string;
  readonly id: string;
  readonly reason: string;
  readonly fields: readonly string[];
}

export interface RecordEvents {
  readonly records: readonly (EventRecord | UnreadableRecord)[];
  /** Takes events of any age; needs the scope events:backfill. */
  readonly backfill: boolean;
  /** One refused or conflicting record refuses all (the rule of the Waybill door). */
  readonly allOrNothing: boolean;
}

/**
 * What became of one record. `recorded` is durable; `duplicate` was durable before with the same content;
 * `conflict` = the id is taken by other content, `fields` name what differs; `refused` changed nothing.
 */
export interface Verdict {
  readonly id: string;
  readonly source: string;
  readonly status: 'recorded' | 'duplicate' | 'conflict' | 'refused';
  /** The stable id of the stored event, a uuid made from (source, id). */
  readonly eventId: string;
  readonly code?: string;
  readonly reason?: string;
  readonly fields?: readonly string[];
}
