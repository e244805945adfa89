import type { ApiDoor } from '../platform/doors/open-api-door';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import { CheckUsageAnswer } from './check-usage.wire';
import { ConsumeUsageAnswer } from './consume-usage.wire';
import { CheckBody, ConsumeBody } from './limit-request.commands';

/** What the API document says of the doors of limits that stand in front of Nest. */

const WITHOUT_POSTGRES =
  'While the database cannot be reached the meters decide by their `on_unavailable`, one closed meter for all: `applied` says so.';

export const CHECK_DOOR: ApiDoor = {
  name: 'checkUsage',
  tag: 'limits',
  summary: 'Says whether an account may use so much more, and what its plan grants',
  description: [
    'Judges all items together and counts nothing; a no is an answer, not an error. Everything recorded before is seen.',
    'An account nobody knows is answered for as it would begin.',
    WITHOUT_POSTGRES,
  ].join(' '),
  body: CheckBody.meta({
    example: { account: 'org:acme', items: [{ meter: 'scans', quantity: '1' }, { entitlement: 'sso' }] },
  }),
  answers: { 200: CheckUsageAnswer },
  errors: ['not-found', 'failed-precondition'],
};

export const CONSUME_DOOR: ApiDoor = {
  name: 'consumeUsage',
  tag: 'limits',
  summary: 'Counts use if all of it is allowed, else nothing',
  description: [
    'Durable when it answers. A refusal is an answer: nothing was counted, and the same key may be sent again.',
    'Without `Idempotency-Key` sending it again counts it again.',
    WITHOUT_POSTGRES,
  ].join(' '),
  headers: IdempotencyHeaders,
  body: ConsumeBody.meta({
    example: { account: 'org:acme', items: [{ meter: 'scans', quantity: '1' }] },
  }),
  answers: { 200: ConsumeUsageAnswer },
  errors: ['not-found', 'conflict', 'failed-precondition'],
};
