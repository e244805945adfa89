import { parseAccountKey } from '../../src/core/account-key';
import { DEFAULT_CALENDAR } from '../../src/core/account';
import type { Waiting } from '../../src/usage/commit-queue';
import type { PreparedEvent } from '../../src/usage/prepared-event';
import { LimitsAt, RuleBook } from '../../src/usage/limits-in-force.service';

/** An event of an account that is ready to be stored; of it only the key and the account matter here. */
function prepared(key: string, accountId: number): PreparedEvent {
  return {
    bucket: 0,
    accountId,
    key,
    at: 0,
    segment: { from: 0, to: 1 },
    readings: [],
    account: {
      id: accountId,
      bucket: 0,
      key: parseAccountKey(`org:${accountId}`),
      name: null,
      calendar: DEFAULT_CALENDAR,
      createdAt: new Date(0),
      closedAt: null,
    },
    content: '0',
    type: 'used',
    source: '',
    eventId: key,
    quantity: null,
    resource: null,
    subject: null,
    properties: null,
    personal: null,
    isLate: false,
    occurredAtSent: null,
    revision: '1',
    limits: new LimitsAt(0, 1, '1:1', new RuleBook(new Map())),
    isExempt: false,
    ask: null,
  };
}

/** Somebody who waits for the event with this key. */
export function waiting(key: string, accountId: number): Waiting {
  const nothing = (): void => undefined;
  return { event: prepared(key, accountId), since: 0, settle: nothing, fail: nothing };
}
