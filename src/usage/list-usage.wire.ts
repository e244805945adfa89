import { z } from 'zod';
import { formatQuantity } from '../core/quantity';
import { type AnswerOf, DecimalText, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { encodeCursor, pageOf } from '../platform/doors/pagination';
import { ListUsageEntries, USAGE_ENTRY_LIST } from './list-usage.commands';
import type { ListedUsage } from './list-usage.service';

export const fromRestListUsageEntries = (query: unknown): ListUsageEntries => ListUsageEntries.parse(query);

const UsageEntryAnswer = z
  .strictObject({
    id: z.string(),
    resource: z.string(),
    class: z.string(),
    credits: DecimalText,
    effective_at: InstantText.meta({ description: 'Where it ended, else when it was last accrued.' }),
    draft: z.boolean().meta({ description: 'Its end may still move, and its credits with it.' }),
    created_at: InstantText.nullable(),
    started_at: InstantText,
    ended_at: InstantText.nullable(),
    stopped_at: InstantText.nullable(),
    attributes: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'UsageEntry' });
export const UsageEntryPageAnswer = pageAnswer(UsageEntryAnswer);

function toRestUsageEntry(entry: ListedUsage): AnswerOf<typeof UsageEntryAnswer> {
  return {
    ...{ id: entry.id, resource: entry.resource, class: entry.class, draft: entry.isDraft },
    credits: formatQuantity(entry.credits),
    effective_at: entry.effectiveAt.toISOString(),
    created_at: entry.createdAt?.toISOString() ?? null,
    started_at: entry.startedAt.toISOString(),
    ended_at: entry.endedAt?.toISOString() ?? null,
    stopped_at: entry.stoppedAt?.toISOString() ?? null,
    attributes: { ...entry.attributes, ...entry.profile },
  };
}

/** Cuts the page out of one row too many; `asOf` goes with the cursor, so that what runs keeps its place. */
export function toRestUsageEntryPage(
  { entries, asOf }: { entries: readonly ListedUsage[]; asOf: Date | null },
  limit: number,
): AnswerOf<typeof UsageEntryPageAnswer> {
  const page = pageOf(entries, limit, ({ effectiveAt, id }) =>
    encodeCursor(USAGE_ENTRY_LIST, { at: effectiveAt.getTime(), id, as_of: asOf?.getTime() ?? null }),
  );
  return { items: page.items.map(toRestUsageEntry), next_cursor: page.next_cursor };
}
