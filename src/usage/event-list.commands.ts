import { z } from 'zod';
import { PageQuery, decodeCursor } from '../platform/doors/pagination';
import { AccountParameter, InstantParameter } from './usage-query.commands';

/** The name of the list in its cursors. */
export const EVENT_LIST = 'events';

/** Every instant that an event can have. */
const [EARLIEST, LATEST] = [0, Date.UTC(9999, 11, 31)];

/** More than a meter listens to. */
const TYPES_MAX = 100;
const EventTypeText = z.string().min(1).max(200);

/** Keys have the shape of a uuid and no version in it. */
const Position = z.strictObject({ at: z.int().min(EARLIEST).max(LATEST), key: z.guid() });

/** Which events of an account to list, newest first. */
export const ListEvents = PageQuery.extend({
  account: AccountParameter,
  from: InstantParameter.default(EARLIEST),
  to: InstantParameter.default(LATEST),
  type: z
    .union([EventTypeText, z.array(EventTypeText).max(TYPES_MAX)])
    .default([])
    .transform((types) => [types].flat())
    .meta({ description: 'Only events of this type; several times for several. Left out = of any.' }),
})
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be after from' })
  .transform(({ cursor, ...rest }) => ({
    ...rest,
    after: cursor === undefined ? null : decodeCursor(EVENT_LIST, Position, cursor),
  }));
export type ListEvents = z.infer<typeof ListEvents>;
