import { z } from 'zod';
import { formatAmount } from '../core/asset';
import { GRANT_KINDS, leftOf } from '../core/grant';
import type { StoredGrant } from '../ledger/stored';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import { type AnswerOf, DecimalText, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { encodeCursor, pageOf } from '../platform/doors/pagination';
import { AccountPath } from './account.commands';
import { type GiveGrant, GiveGrantBody } from './grant.commands';
import { type AccountPage, fromRestAccountPage } from './ledger.wire';

const LIST = 'grants';

export function fromRestGiveGrant(path: unknown, body: unknown, headers: unknown): GiveGrant {
  const { 'idempotency-key': idempotencyKey = null } = IdempotencyHeaders.parse(headers);
  return { ...GiveGrantBody.parse(body), account: AccountPath.parse(path).key, idempotencyKey };
}

export const fromRestListGrants = (path: unknown, query: unknown): AccountPage =>
  fromRestAccountPage(path, query, LIST);

export const GrantAnswer = z
  .strictObject({
    id: z.string().meta({ format: 'uuid' }),
    asset: z.string(),
    kind: z.enum(GRANT_KINDS),
    amount: DecimalText,
    used: DecimalText,
    expired: DecimalText.meta({ description: 'What was left at its end.' }),
    left: DecimalText.meta({ description: 'amount − used − expired.' }),
    priority: z.int(),
    expires_at: InstantText.nullable(),
    description: z.string(),
    created_at: InstantText,
  })
  .meta({ id: 'Grant' });
export const GrantPageAnswer = pageAnswer(GrantAnswer);

export function toRestGrant(grant: StoredGrant): AnswerOf<typeof GrantAnswer> {
  const { id, asset, kind, priority, description } = grant;
  return {
    ...{ id, asset, kind },
    amount: formatAmount(grant.amount, asset),
    used: formatAmount(grant.used, asset),
    expired: formatAmount(grant.expired, asset),
    left: formatAmount(leftOf(grant), asset),
    priority,
    expires_at: grant.expiresAt?.toISOString() ?? null,
    description,
    created_at: grant.createdAt.toISOString(),
  };
}

/** Cuts the page out of one row too many. */
export function toRestGrantPage(
  grants: readonly StoredGrant[],
  { limit }: AccountPage,
): AnswerOf<typeof GrantPageAnswer> {
  const page = pageOf(grants, limit, ({ position }) => encodeCursor(LIST, { ...position }));
  return { items: page.items.map(toRestGrant), next_cursor: page.next_cursor };
}
