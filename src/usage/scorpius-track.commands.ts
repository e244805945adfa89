import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import type { Properties } from '../core/event';
import type { Quantity } from '../core/quantity';
import { OrganizationId } from '../cost-centers/organization-id';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';

/** The most units that one request may track. */
export const UNITS_MAX = 1_000_000_000_000_000;

/** The body of `POST /usage/track`. Fields it does not know are ignored, as the original's clients are used to. */
export const TrackBody = z.object({
  org_id: OrganizationId,
  feature: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters')
    .meta({ description: 'A feature of the catalogue, such as `scans`, or any other name.' }),
  quantity: z.int().min(1).max(UNITS_MAX).default(1),
  metadata: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({ description: 'Kept with the event; at most 32 KiB of JSON.' }),
});

/** No key and an empty one are the same. */
export const TrackHeaders = z.object({
  'idempotency-key': z
    .literal('')
    .transform(() => undefined)
    .or(IdempotencyHeaders.shape['idempotency-key'].unwrap())
    .optional(),
});

/** A request to count units of a feature. */
export interface TrackUsage {
  /** As it was sent. */
  readonly orgId: string;
  readonly account: AccountKey;
  readonly feature: string;
  readonly quantity: Quantity;
  readonly metadata: Properties;
  /** Null = the request has no name: sent again, it counts again. */
  readonly idempotencyKey: string | null;
}
