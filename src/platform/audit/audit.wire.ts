import { z } from 'zod';
import { type AnswerOf, InstantText, pageAnswer } from '../doors/open-api-answer';
import type { Page } from '../doors/pagination';
import { ListAudit } from './audit.commands';
import type { AuditEntry } from './audit.repository';

export const fromRestListAudit = (query: unknown): ListAudit => ListAudit.parse(query);

const Anything = z.unknown();

export const AuditEntryAnswer = z
  .strictObject({
    account: z.string().nullable().meta({ description: 'Null = the installation itself.' }),
    sequence: z.string().meta({ description: 'Counts from 1 within the chain of the account.' }),
    at: InstantText,
    actor: z.string().meta({ description: 'Who: `api-key:<id>`, `admin`, or a part of the service.' }),
    action: z.string(),
    subject: z.string(),
    before: Anything.meta({ description: 'Null = it did not exist.' }),
    after: Anything.meta({ description: 'Null = it exists no more.' }),
    reason: z.string().nullable(),
    hash: z
      .string()
      .meta({ description: 'SHA-256 over this entry and the hash of the one before it, in hex.' }),
  })
  .meta({ id: 'AuditEntry' });
export const AuditPageAnswer = pageAnswer(AuditEntryAnswer);

export function toRestAuditEntry(entry: AuditEntry): AnswerOf<typeof AuditEntryAnswer> {
  const { account, sequence, at, actor, action, subject, before, after, reason, hash } = entry;
  const what = { actor, action, subject, before: before ?? null, after: after ?? null, reason };
  return { account, sequence: String(sequence), at: at.toISOString(), ...what, hash };
}

export function toRestAuditPage(page: Page<AuditEntry>): AnswerOf<typeof AuditPageAnswer> {
  return { items: page.items.map(toRestAuditEntry), next_cursor: page.next_cursor };
}
