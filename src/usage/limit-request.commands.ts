import { z } from 'zod';
import { AccountKeyPath } from '../cost-centers/account-path';
import type { Properties } from '../core/event';
import { parseQuantity, QUANTITY_MAX } from '../core/quantity';
import { parsedBy } from '../platform/doors/parsed-by';
import { CONSUME_ITEMS_MAX } from './consume-usage.commands';
import { RESERVATION_MS } from './reservation.commands';
import { AccountParameter } from './usage-query.commands';

/** What is sent to the doors of limits, over REST and over gRPC: these schemas are the only judges of both. */

const NAME = /^[^\p{Cc}\p{Cs}]+$/u;
const Name = z.string().min(1).max(255).regex(NAME, 'must not hold control characters');
const MeterKey = z.string().min(1).max(100).meta({ example: 'scans' });

const NOT_AN_AMOUNT =
  'must be a plain decimal string with at most 23 digits before and 15 after the point, not below zero';

/** As in events: a decimal string, or a whole JSON number. */
const Amount = parsedBy(
  z.union([z.string().regex(/^\d{1,23}(\.\d{1,15})?$/, NOT_AN_AMOUNT), z.int().min(0)], {
    error: NOT_AN_AMOUNT,
  }),
  (value, field) => parseQuantity(String(value), field),
)
  .refine((amount) => amount <= QUANTITY_MAX, 'must be at most 1000000000000000')
  .meta({ description: 'In base units, as an event of the meter reports it.', example: '1' });

const CheckMeterItem = z
  .strictObject({
    meter: MeterKey,
    type: Name.optional(),
    quantity: Amount.prefault('1').meta({
      description:
        'In base units, as an event of the meter reports it; of a gauge in units of the meter. By default 1.',
    }),
  })
  .transform(({ type = null, ...item }) => ({ ...item, type }));
const CheckEntitlementItem = z.strictObject({ entitlement: Name });

export const CheckBody = z.strictObject({
  account: AccountParameter,
  items: z
    .array(z.union([CheckMeterItem, CheckEntitlementItem]))
    .min(1)
    .max(CONSUME_ITEMS_MAX),
});

const Item = z
  .strictObject({
    meter: MeterKey,
    type: Name.optional().meta({
      description: 'Which of the meter’s types of event it is; by default the first.',
    }),
    quantity: Amount.prefault('1'),
    resource: Name.optional(),
    properties: z.record(z.string().max(100), z.unknown()).optional(),
  })
  .transform(({ type = null, resource = null, properties = null, ...item }) => ({
    ...{ ...item, type, resource },
    properties: properties as Properties | null,
  }));
const Items = z.array(Item).min(1).max(CONSUME_ITEMS_MAX);

export const ConsumeBody = z.strictObject({ account: AccountParameter, items: Items });
export type ConsumeBody = z.infer<typeof ConsumeBody>;

const SECOND = 1000;
export const ReserveBody = z
  .strictObject({
    account: AccountParameter,
    items: Items,
    expires_in_seconds: z
      .int()
      .min(Math.trunc(RESERVATION_MS.least / SECOND))
      .max(Math.trunc(RESERVATION_MS.most / SECOND))
      .default(Math.trunc(RESERVATION_MS.usual / SECOND)),
  })
  .transform(({ expires_in_seconds: seconds, ...body }) => ({ ...body, expiresInMs: seconds * SECOND }));
export type ReserveBody = z.infer<typeof ReserveBody>;

export const CommitBody = z
  .strictObject({
    quantities: z.array(Amount).min(1).max(CONSUME_ITEMS_MAX).optional().meta({
      description:
        'What was really used, one for each item in their order. By default all that was asked for.',
    }),
  })
  .transform(({ quantities = null }) => ({ quantities }));

export const ReservationPath = AccountKeyPath.extend({
  id: z.guid().meta({ description: 'As its making answered.' }),
}).transform(({ key: account, id }) => ({ account, id: id.toLowerCase() }));

/** The names of the two lists in their cursors. */
export const OVERAGE_LIST = 'overages';
export const CROSSING_LIST = 'crossings';

/** Microseconds since 1970 as text, and what tells rows of one instant apart. */
export const OveragePosition = z.strictObject({
  at: z.string().regex(/^\d{1,18}$/),
  key: z.guid(),
  meter: z.int(),
});
export type OveragePosition = z.infer<typeof OveragePosition>;
/** Milliseconds since 1970. */
export const CrossingPosition = z.strictObject({
  at: z
    .int()
    .min(0)
    .max(Date.UTC(9999, 11, 31)),
  meter: z.int(),
  from: z.int(),
  percent: z.int(),
});
export type CrossingPosition = z.infer<typeof CrossingPosition>;
