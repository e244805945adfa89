import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { type AnswerOf, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { decodeCursor, encodeCursor, pageOf } from '../platform/doors/pagination';
import { AccountPath, ListAccounts, PutAccount } from './account.commands';
import type { ReadAccount } from './account.repository';

export const fromRestAccountKey = (path: unknown): AccountKey => AccountPath.parse(path).key;
export const fromRestPutAccount = (body: unknown): PutAccount => PutAccount.parse(body ?? {});
export const fromRestListAccounts = (query: unknown): ListAccounts => ListAccounts.parse(query);

export const AccountAnswer = z
  .strictObject({
    key: z.string(),
    name: z.string().nullable(),
    anchor: InstantText,
    interval: z.enum(['hour', 'day', 'week', 'month', 'year']),
    interval_count: z.int(),
    time_zone: z.string(),
    created_at: InstantText,
    closed_at: InstantText.nullable().meta({ description: 'From when on it uses nothing more.' }),
    payment_overdue: z.boolean().meta({ description: 'A payment failed and none has succeeded since.' }),
  })
  .meta({ id: 'Account' });
export const AccountPageAnswer = pageAnswer(AccountAnswer);

export function toRestAccount({ key, name, calendar, ...rest }: ReadAccount): AnswerOf<typeof AccountAnswer> {
  return {
    key,
    name,
    anchor: calendar.anchor.toISOString(),
    interval: calendar.interval,
    interval_count: calendar.count,
    time_zone: calendar.timeZone,
    created_at: rest.createdAt.toISOString(),
    closed_at: rest.closedAt?.toISOString() ?? null,
    payment_overdue: rest.paymentOverdue,
  };
}

const Position = z.strictObject({ id: z.int() });

export const accountAfter = ({ cursor }: ListAccounts): number =>
  cursor === undefined ? 0 : decodeCursor('accounts', Position, cursor).id;

export function toRestAccountPage(
  accounts: readonly ReadAccount[],
  limit: number,
): AnswerOf<typeof AccountPageAnswer> {
  const page = pageOf(accounts, limit, (last) => encodeCursor('accounts', { id: last.id }));
  return { items: page.items.map(toRestAccount), next_cursor: page.next_cursor };
}
