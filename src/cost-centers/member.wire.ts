import { z } from 'zod';
import { type AnswerOf, InstantText } from '../platform/doors/open-api-answer';
import { PutMembersBody, type WantedMember } from './member.commands';
import type { Member } from './member.repository';

export const fromRestPutMembers = (body: unknown): readonly WantedMember[] =>
  PutMembersBody.parse(body).members;

const MemberAnswer = z
  .strictObject({
    user_id: z.string(),
    role: z.string(),
    joined_at: InstantText,
    has_email: z.boolean().meta({ description: 'Whether an e-mail address is known, by its hash.' }),
  })
  .meta({ id: 'Member' });
export const MembersAnswer = z.strictObject({ members: z.array(MemberAnswer) }).meta({ id: 'Members' });

export function toRestMembers(members: readonly Member[]): AnswerOf<typeof MembersAnswer> {
  return {
    members: members.map(({ userId, role, joinedAt, hasEmail }) => ({
      user_id: userId,
      role,
      joined_at: joinedAt.toISOString(),
      has_email: hasEmail,
    })),
  };
}
