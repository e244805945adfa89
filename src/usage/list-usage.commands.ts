import { z } from 'zod';
import { plainUuid } from '../core/uuid';
import { PageQuery, decodeCursor } from '../platform/doors/pagination';
import { InstantParameter } from './usage-query.commands';

/** The name of the list in its cursors. */
export const USAGE_ENTRY_LIST = 'usage-entries';

const [EARLIEST, LATEST] = [0, Date.UTC(9999, 11, 31)];

const At = z.int().min(EARLIEST).max(LATEST);
const Position = z.strictObject({ at: At, id: z.guid(), as_of: At.nullable() });

const UserId = z
  .string()
  .max(50)
  .transform((text, context) => {
    const plain = plainUuid(text);
    if (plain === null) context.addIssue({ code: 'custom', message: 'must be a uuid' });
    return plain;
  });

/** Which entries of usage to list. */
export const ListUsageEntries = PageQuery.extend({
  from: InstantParameter.default(EARLIEST),
  to: InstantParameter.default(LATEST),
  order: z.enum(['asc', 'desc']).default('desc'),
  user_id: UserId.optional().meta({ description: 'Only what this user caused.' }),
})
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be after from' })
  .transform(({ cursor, from, to, user_id, ...rest }) => {
    const position = cursor === undefined ? null : decodeCursor(USAGE_ENTRY_LIST, Position, cursor);
    return {
      ...rest,
      from: new Date(from),
      to: new Date(to),
      userId: user_id ?? null,
      after: position && {
        at: new Date(position.at),
        id: position.id,
        asOf: position.as_of === null ? null : new Date(position.as_of),
      },
    };
  });
export type ListUsageEntries = z.infer<typeof ListUsageEntries>;
