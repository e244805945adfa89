import type { AccountKey } from '../core/account-key';
import { invalid } from '../core/errors';
import type { UsageEvent } from '../core/event';
import { ONE, quantity } from '../core/quantity';
import { keyedId } from '../platform/keyed-id';

/** Where the opening events come from: ids are unique below it. */
export const SCORPIUS_SOURCE = 'scorpius-import';

/** Features that are meters of their own, fed by events of their name; of any other the meter `feature_usage` keeps count by name. */
export const FEATURE_METERS: ReadonlySet<string> = new Set(['scans', 'wallet_checks', 'api_requests']);
const FEATURE_USED = 'feature.used';

const FEATURE = /^[^\p{Cc}\p{Cs}\ufffd]{1,200}$/u;

/** What a counter of the original says. Instants are milliseconds since 1970. */
export interface Counter {
  readonly organisation: string;
  readonly feature: string;
  readonly count: bigint;
  readonly period: { readonly from: number; readonly to: number };
}

/**
 * The count of a period as one event at its beginning. Its id is made of what was counted for whom until when, so that it is
 * counted once however often it is imported. Throws `invalid-argument` for a feature that cannot be told.
 */
export function openingEvent(
  { organisation, feature, count, period }: Counter,
  account: AccountKey,
): UsageEvent {
  if (!FEATURE.test(feature)) throw invalid('feature', 'must be 1 to 200 characters in one line');
  const isMeter = FEATURE_METERS.has(feature);
  return {
    ...{ account, source: SCORPIUS_SOURCE },
    id: keyedId(SCORPIUS_SOURCE, organisation, feature, new Date(period.to).toISOString()),
    type: isMeter ? feature : FEATURE_USED,
    occurredAt: period.from,
    quantity: quantity(count * ONE),
    resource: null,
    properties: isMeter ? null : { feature },
  };
}
