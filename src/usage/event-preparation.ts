import { DomainError, invalid } from '../core/errors';
import {
  type Properties,
  type Reading,
  canonicalText,
  propertyText,
  readings,
  separatePersonal,
} from '../core/event';
import { formatQuantity } from '../core/quantity';
import type { Stretch } from '../core/contribution';
import type { Account } from '../core/account';
import type { Catalogue } from '../pricing/meter.service';
import type { RecordUsage } from './event-record.commands';
import type { Ask, PreparedEvent } from './prepared-event';
import { FREE_FEATURES_METER } from './scorpius-feature';
import type { LimitsAt } from './limits-in-force.service';

const PROPERTIES_MAX = 32_768;

export interface Preparation {
  readonly account: Account;
  readonly segment: Stretch;
  readonly limits: LimitsAt;
  readonly isExempt: boolean;
  /** The meter whose running total the sender wants to hear; null = none. */
  readonly ask: string | null;
  readonly at: number;
  /** Now, for the account. */
  readonly now: number;
  readonly key: string;
  readonly catalogue: Catalogue;
  readonly contentOf: (parts: readonly (string | number | null)[]) => string;
}

/**
 * Turns a command into what is stored: meters read it, personal attributes leave it. Throws `invalid-argument` when
 * no meter listens to its type or a meter cannot read it.
 */
export function prepareEvent(record: RecordUsage, preparation: Preparation): PreparedEvent {
  const { account, segment, at, now, key, catalogue } = preparation;
  const meters = catalogue.byType.get(record.type);
  if (!meters) throw invalid('type', `no meter listens to ${JSON.stringify(record.type)}`);
  const { kept, personal } = record.properties === null ? NOTHING : separatePersonal(record.properties);
  const attributes = attributesOf(record, personal);
  const subject = record.subject?.id ?? (attributes && (userOf(kept) ?? key));
  const { type, source, id: eventId, occurredAt: occurredAtSent, resource } = record;
  const quantity = record.quantity === null ? null : formatQuantity(record.quantity);
  const properties = propertiesText(kept);
  const read = readings({ type, quantity: record.quantity, resource, properties: kept }, meters);
  return {
    bucket: account.bucket,
    accountId: account.id,
    account,
    key,
    at,
    segment,
    readings: read,
    content: preparation.contentOf([type, occurredAtSent, quantity, resource, subject, properties]),
    type,
    source,
    eventId,
    quantity,
    resource,
    subject,
    properties,
    personal: attributes && JSON.stringify(attributes),
    occurredAtSent,
    revision: catalogue.revision,
    isLate: segment.to <= now,
    limits: preparation.limits,
    isExempt: preparation.isExempt,
    ask: askFor(preparation.ask, read),
  };
}

/** Free-text features share one meter, and each has the counter of its own dimensions. */
function askFor(meter: string | null, read: readonly Reading[]): Ask | null {
  const reading = meter === null ? undefined : read.find((each) => each.meter.key === meter);
  if (!reading) return null;
  return { meterId: reading.meter.id, dims: reading.meter.key === FREE_FEATURES_METER ? reading.dims : '' };
}

const NOTHING = { kept: null, personal: null } as const;

const NAME = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/** Whose attributes they are, when the event itself names no subject. */
function userOf(properties: Properties | null): string | null {
  const user = propertyText(properties, 'user_id');
  return user !== null && NAME.test(user) ? user : null;
}

function attributesOf(record: RecordUsage, personal: Properties | null): Properties | null {
  const sent = record.subject?.attributes;
  if (personal === null && (sent === undefined || Object.keys(sent).length === 0)) return null;
  return { ...personal, ...sent };
}

function propertiesText(properties: Properties | null): string | null {
  if (properties === null) return null;
  const text = canonicalText(properties);
  if (text === '{}') return null;
  if (text.length > PROPERTIES_MAX) {
    throw new DomainError('invalid-argument', 'properties: larger than 32 KiB', [
      { field: 'properties', reason: 'must be at most 32 KiB of JSON' },
    ]);
  }
  return text;
}
