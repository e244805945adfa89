import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { DomainError } from '../core/errors';
import type { Properties } from '../core/event';
import { ONE, quantity } from '../core/quantity';
import { accountOfOrganization } from '../cost-centers/organization-id';
import type { AnswerOf } from '../platform/doors/open-api-answer';
import { readScorpius } from '../platform/doors/scorpius-body';
import type { ConsumeAnswer } from './consume-usage.commands';
import {
  instantText,
  limitUnits,
  LimitUnits,
  remainingUnits,
  usedUnits,
  UsedUnits,
} from './scorpius-number.wire';
import { TrackBody, TrackHeaders, type TrackUsage } from './scorpius-track.commands';

export const ResetDate = z.string().meta({
  format: 'date-time',
  description: 'When the next period begins, in UTC, such as 2026-02-01T00:00:00Z.',
});

export const TrackAnswer = z
  .strictObject({
    org_id: z.string(),
    feature: z.string(),
    current_usage: UsedUnits,
    limit: LimitUnits,
    remaining: z.int().meta({ description: '-1 = unlimited.' }),
    reset_date: ResetDate,
  })
  .meta({ id: 'ScorpiusTracked' });

/** Reads a request of `POST /usage/track`. Throws `invalid-argument` with every wrong field. */
export function fromTrack(body: unknown, headers: IncomingHttpHeaders): TrackUsage {
  const { org_id: orgId, feature, quantity: units, metadata } = readScorpius(TrackBody, body);
  const key = readScorpius(TrackHeaders, headers)['idempotency-key'] ?? null;
  return {
    ...{ orgId, account: accountOfOrganization(orgId), feature },
    quantity: quantity(BigInt(units) * ONE),
    metadata: metadata as Properties,
    idempotencyKey: key,
  };
}

/** Where an organisation stands with a feature; the same words whether its units were counted or refused. */
export function toTracked(
  { orgId, feature }: TrackUsage,
  { period, items }: ConsumeAnswer,
): AnswerOf<typeof TrackAnswer> {
  const { used, limit } = items[0]!;
  return {
    org_id: orgId,
    feature,
    current_usage: usedUnits(used),
    limit: limitUnits(limit),
    remaining: remainingUnits(used, limit),
    reset_date: instantText(new Date(period.to)),
  };
}

/** Names of an event's parts, by what the request calls them. */
const SENT_AS: Readonly<Record<string, string>> = {
  id: 'idempotency-key',
  properties: 'metadata',
  account: 'org_id',
};

const KEY_TAKEN = 'The Idempotency-Key named another request before';

/** A refusal of the event as one of the request that it was made from; every other error stays what it is. */
export function inWordsOfTrack(error: unknown): unknown {
  if (!(error instanceof DomainError)) return error;
  if (error.code === 'conflict') return new DomainError('conflict', KEY_TAKEN);
  const fields = error.fields.map(({ field, reason }) => {
    const [, part, rest] = /^(?:(?:items|events)\[\d+\]\.)?(\w+)(.*)$/.exec(field) ?? ['', field, ''];
    return { field: `${SENT_AS[part] ?? part}${rest}`, reason };
  });
  return new DomainError(error.code, error.message, fields, error.retryAfterSeconds);
}
