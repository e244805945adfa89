import { z } from 'zod';
import { ACCOUNT_KEY_PATTERN } from '../core/account-key';
import { INSTANT_PATTERN } from '../core/instant';
import type { ApiDoor } from '../platform/doors/open-api-door';
import { EventBody, RECORDS_MAX } from './event.wire';
import { WaybillEvent } from './waybill-event.wire';

/** What the API document says of the write doors, which stand in front of Nest and its decorators. */

const CALL = {
  id: 'call-1',
  source: 'checkout',
  account: 'org:acme',
  type: 'api.called',
  quantity: '1',
  properties: { region: 'eu' },
};
const CLOUD_CALL = {
  specversion: '1.0',
  id: 'call-2',
  source: 'checkout',
  subject: 'org:acme',
  type: 'api.called',
  data: { quantity: 1, region: 'eu' },
};
const BUILD = {
  event_type: 'build.completed',
  project_id: '6f1c1c5e-2f0f-4d0b-8f6e-2f6b1c0d9e11',
  resource_type: 'build',
  resource_id: '0d9e116f-2f0f-4d0b-8f6e-2f6b1c1c5e11',
  metrics: { duration_seconds: 84.5 },
  idempotency_key: 'build-1',
};

const Event = EventBody.meta({
  id: 'Event',
  description:
    'Told by `source` and `id`. A void or an amend names its `target`; everything but a void or an amend has a `type`.',
});
const EventBatch = z.strictObject({
  events: z.array(Event).min(1).max(RECORDS_MAX),
  backfill: z
    .boolean()
    .optional()
    .meta({ description: 'Takes events of any age; needs the scope `events:backfill` too.' }),
});

const Text = z.string().min(1).max(255);
const CloudEvent = z
  .object({
    specversion: z.literal('1.0'),
    id: Text,
    source: Text,
    type: Text,
    subject: z.string().max(233).regex(new RegExp(ACCOUNT_KEY_PATTERN)).meta({ description: 'The account.' }),
    time: z.string().max(40).regex(new RegExp(INSTANT_PATTERN)).optional(),
    datacontenttype: z.string().optional(),
    dataschema: z.string().optional(),
    data: z
      .object({
        quantity: z.union([z.number(), z.string()]).nullable().optional(),
        resource: Text.nullable().optional(),
      })
      .catchall(z.unknown())
      .optional()
      .meta({ description: 'Properties, beside the quantity and the resource of the event.' }),
  })
  .catchall(z.union([z.string(), z.number(), z.boolean()]))
  .meta({ id: 'CloudEvent', description: 'Extension attributes become properties.' });

const Verdict = z
  .strictObject({
    id: z.string(),
    source: z.string(),
    status: z.enum(['recorded', 'duplicate', 'conflict', 'refused']).meta({
      description:
        '`recorded` is durable, `duplicate` was so before with the same content, `conflict` = the id is taken by other content; `refused` changed nothing.',
    }),
    event_id: z
      .string()
      .meta({ format: 'uuid', description: 'Made from `source` and `id`; always the same.' }),
    code: z.string().optional(),
    reason: z.string().optional(),
    fields: z.array(z.string()).optional(),
  })
  .meta({ id: 'Verdict' });
const Verdicts = z.strictObject({ verdicts: z.array(Verdict) }).meta({
  id: 'Verdicts',
  description: 'One for each record, in the order they were sent.',
});

export const RECORD_EVENTS_DOOR: ApiDoor = {
  name: 'recordEvents',
  tag: 'events',
  summary: 'Records an event, or a batch of them',
  description: [
    'One event: 201 recorded, 200 duplicate, else the failure. A batch: 200 with a verdict for each record, and what',
    'cannot be read costs nobody else its place. An answer means that the events are durable and counted.',
  ].join(' '),
  body: {
    'application/json': z.union([Event, EventBatch]).meta({ example: CALL }),
    'application/cloudevents+json': CloudEvent.meta({ example: CLOUD_CALL }),
    'application/cloudevents-batch+json': z
      .array(CloudEvent)
      .min(1)
      .max(RECORDS_MAX)
      .meta({ example: [CLOUD_CALL] }),
  },
  answers: { 200: z.union([Verdict, Verdicts]), 201: Verdict },
  errors: ['not-found', 'conflict', 'failed-precondition', 'limit-refused'],
};

const Build = WaybillEvent.meta({ id: 'WaybillEvent' });

export const WAYBILL_EVENT_DOOR: ApiDoor = {
  name: 'recordWaybillEvent',
  tag: 'waybill',
  summary: 'Records an event in Waybill’s words',
  body: Build.meta({ example: BUILD }),
  answers: {
    201: z.strictObject({ event_id: z.string().meta({ format: 'uuid' }), recorded: z.literal(true) }),
  },
  errors: ['conflict', 'limit-refused'],
};

export const WAYBILL_BATCH_DOOR: ApiDoor = {
  name: 'recordWaybillEvents',
  tag: 'waybill',
  summary: 'Records a batch in Waybill’s words: all or nothing',
  body: z.object({ events: z.array(Build).max(RECORDS_MAX) }).meta({ example: { events: [BUILD] } }),
  answers: { 201: z.strictObject({ recorded: z.int() }) },
  errors: ['conflict', 'limit-refused'],
};
