import { z } from 'zod';
import { parseInstant } from '../core/instant';
import { plainUuid } from '../core/uuid';
import { parsedBy } from '../platform/doors/parsed-by';

const MEMBERS_MAX = 10_000;
const NAME = /^[^\p{Cc}\p{Cs}]+$/u;

const Member = z
  .strictObject({
    user_id: z.string().max(255).regex(NAME, 'must be a text without control characters'),
    role: z.string().max(50).regex(NAME, 'must be a text without control characters').default('member'),
    joined_at: parsedBy(z.string(), (text) => new Date(parseInstant(text, 'joined_at'))).optional(),
    email: z
      .email()
      .max(320)
      .nullish()
      .meta({ description: 'Compared with those of other accounts, and not kept.' }),
  })
  .transform(({ user_id, joined_at, email, role }) => ({
    userId: plainUuid(user_id) ?? user_id,
    role,
    joinedAt: joined_at ?? null,
    email: email ?? null,
  }));

/** Everybody who belongs to an account; who is not named belongs to it no more. */
export const PutMembersBody = z.strictObject({
  members: z
    .array(Member)
    .max(MEMBERS_MAX)
    .refine(
      (members) => new Set(members.map(({ userId }) => userId)).size === members.length,
      'must not name a user twice',
    ),
});
export type WantedMember = z.infer<typeof Member>;
