import { z } from 'zod';
import { parseAttributionId } from '../core/attribution-id';
import { doubleOfRatio } from '../core/double';
import { invalid } from '../core/errors';
import type { Properties } from '../core/event';
import { quantityRatio } from '../core/quantity';
import { plainUuid } from '../core/uuid';
import type { Timestamp } from '../generated/google/protobuf/timestamp';
import {
  type ListUsageRequest,
  ListUsageRequest_Ordering as Ordering,
  type ListUsageResponse,
  type ReconcileUsageRequest,
  type Usage,
  Usage_Kind,
} from '../generated/usage/v1/usage';
import type { AnswerOf } from '../platform/doors/open-api-answer';
import {
  DurationText,
  Int64Text,
  ProtoInt64,
  ProtoText,
  ProtoTimestamp,
  TimestampText,
  durationText,
  protoEnum,
  protoMessage,
  timestampOf,
  timestampText,
} from '../platform/doors/proto-json';
import type { ListUsage, ListedUsage, UsagePage } from './list-usage.service';

/** The messages of usage.v1.UsageService about spans, of both doors. */

/** 7,200 hours. */
const RANGE_MAX_MS = 25_920_000_000;
const PER_PAGE_DEFAULT = 50n;
const PER_PAGE_MAX = 1_000n;
const EPOCH: Timestamp = { seconds: '0', nanos: 0 };
const NIL = '00000000-0000-0000-0000-000000000000';
/** The seconds of the years 1 to 9999, all that a Timestamp may say. */
const [FIRST_SECOND, LAST_SECOND] = [-62_135_596_800n, 253_402_300_799n];

/** Checked in the order in which the contract checks, so that the same request is refused for the same reason. */
export function fromRpcListUsage(request: ListUsageRequest, now: Date): ListUsage {
  const to = request.to === null ? now : instantOf(request.to, 'to');
  const from =
    request.from === null ? new Date(to.getTime() - RANGE_MAX_MS) : instantOf(request.from, 'from');
  if (from > to) throw invalid('from', 'must not be after to');
  if (to.getTime() - from.getTime() > RANGE_MAX_MS) {
    throw invalid('from', 'must be at most 7200 hours before to');
  }
  const perPage = BigInt(request.pagination?.perPage ?? 0);
  if (perPage < 0n || perPage > PER_PAGE_MAX) {
    throw invalid('pagination.per_page', `must be from 0 to ${PER_PAGE_MAX}`);
  }
  const page = BigInt(request.pagination?.page ?? 0);
  if (page < 0n) throw invalid('pagination.page', 'must not be negative');
  const account = parseAttributionId(request.attributionId);
  const userId = request.userId === '' ? null : plainUuid(request.userId);
  if (request.userId !== '' && userId === null) throw invalid('user_id', 'must be a uuid');
  const order = request.order === Ordering.ORDERING_ASCENDING ? 'asc' : 'desc';
  const size = parseInt(String(perPage === 0n ? PER_PAGE_DEFAULT : perPage), 10);
  return { account, userId, from, to, order, perPage: size, page: page === 0n ? 1n : page };
}

/** A time that is missing is 1970, as the contract reads it. */
export function fromRpcReconcileUsage(request: ReconcileUsageRequest): { from: Date; to: Date } {
  const from = instantOf(request.from ?? EPOCH, 'from');
  const to = instantOf(request.to ?? EPOCH, 'to');
  if (to < from) throw invalid('to', 'must not be before from');
  return { from, to };
}

/** Milliseconds; what is finer is cut off. */
function instantOf({ seconds, nanos }: Timestamp, field: string): Date {
  const whole = BigInt(seconds);
  if (whole < FIRST_SECOND || whole > LAST_SECOND || nanos < 0 || nanos > 999_999_999) {
    throw invalid(field, 'must be an instant of the years 1 to 9999');
  }
  const milliseconds = parseInt(String(nanos).padStart(9, '0').slice(0, 3), 10);
  return new Date(parseInt(`${whole}000`, 10) + milliseconds);
}

export function toRpcListUsage(
  { entries, total, creditsUsed }: UsagePage,
  { account, perPage, page }: ListUsage,
  ledgerIntervalMs: number | null,
): ListUsageResponse {
  const size = BigInt(perPage);
  return {
    usageEntries: entries.map((entry) => entryOf(account, entry)),
    pagination: {
      perPage: String(perPage),
      totalPages: String((total + size - 1n) / size),
      total: String(total),
      page: String(page),
    },
    creditsUsed: doubleOfRatio(quantityRatio(creditsUsed)),
    // A duration is the instant so long after 1970, as the wire has both.
    ledgerInterval: timestampOf(new Date(ledgerIntervalMs ?? 0)),
  };
}

/** What an invoice or a credit note is never among these, as in the contract's own service. */
function entryOf(attributionId: string, entry: ListedUsage): Usage {
  return {
    ...{ id: entry.id, attributionId, description: '', draft: entry.isDraft },
    credits: doubleOfRatio(quantityRatio(entry.credits)),
    effectiveTime: timestampOf(entry.effectiveAt),
    kind: Usage_Kind.KIND_WORKSPACE_INSTANCE,
    workspaceInstanceId: entry.resource,
    metadata: metadataOf(entry),
  };
}

/** The names and their order are what readers of the contract know. */
export function metadataOf(entry: ListedUsage): string {
  const { attributes, profile } = entry;
  return JSON.stringify({
    workspaceId: textOf(attributes, 'workspace_id'),
    workspaceType: textOf(attributes, 'workspace_type'),
    workspaceClass: entry.class,
    contextURL: textOf(attributes, 'context_url'),
    creationTime: timeText(entry.createdAt),
    startTime: timeText(entry.startedAt),
    endTime: timeText(entry.endedAt),
    stoppedTime: timeText(entry.stoppedAt),
    userId: textOf(attributes, 'user_id') || NIL,
    userName: textOf(profile, 'user_name'),
    userAvatarURL: textOf(profile, 'user_avatar_url'),
  });
}

function textOf(properties: Properties | null, name: string): string {
  const value = properties?.[name];
  return typeof value === 'string' ? value : '';
}

const timeText = (at: Date | null): string => at?.toISOString() ?? '';

const TEAM = 'team:12345678-1234-1234-1234-123456789abc';

export const ListUsageBody = z
  .strictObject({
    attributionId: ProtoText,
    userId: ProtoText,
    from: ProtoTimestamp,
    to: ProtoTimestamp,
    order: protoEnum(['ORDERING_DESCENDING', 'ORDERING_ASCENDING']),
    pagination: protoMessage(z.strictObject({ perPage: ProtoInt64, page: ProtoInt64 })),
  })
  .meta({
    example: {
      attributionId: TEAM,
      from: '2026-01-01T00:00:00Z',
      to: '2026-02-01T00:00:00Z',
      pagination: { perPage: '50', page: '1' },
    },
  });

export const ReconcileUsageBody = z
  .strictObject({ from: ProtoTimestamp, to: ProtoTimestamp })
  .meta({ example: { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' } });

export const ListUsageAnswer = z
  .strictObject({
    usageEntries: z.array(
      z.strictObject({
        id: z.string(),
        attributionId: z.string(),
        description: z.string(),
        credits: z.number(),
        effectiveTime: TimestampText,
        kind: z.enum(['KIND_WORKSPACE_INSTANCE', 'KIND_INVOICE']),
        workspaceInstanceId: z.string(),
        draft: z.boolean(),
        metadata: z.string(),
      }),
    ),
    pagination: z.strictObject({
      perPage: Int64Text,
      totalPages: Int64Text,
      total: Int64Text,
      page: Int64Text,
    }),
    creditsUsed: z.number(),
    ledgerInterval: DurationText,
  })
  .meta({ id: 'UsageV1ListUsageResponse' });

/** The answer in protobuf's JSON. */
export function toRestRpcListUsage({
  usageEntries,
  pagination,
  ...response
}: ListUsageResponse): AnswerOf<typeof ListUsageAnswer> {
  return {
    usageEntries: usageEntries.map((entry) => ({
      ...entry,
      effectiveTime: timestampText(entry.effectiveTime)!,
    })),
    pagination: pagination!,
    creditsUsed: response.creditsUsed,
    ledgerInterval: durationText(response.ledgerInterval)!,
  };
}
