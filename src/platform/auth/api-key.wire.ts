import { z } from 'zod';
import { ApiKeyId, CreateApiKey, ListApiKeys } from './api-key.commands';
import type { ListedApiKey } from './api-key.repository';
import type { CreatedApiKey } from './api-key.service';
import { type AnswerOf, InstantText, pageAnswer } from '../doors/open-api-answer';
import type { Page } from '../doors/pagination';
import { ROLE_NAMES, SCOPES } from './scope';

export const fromRestCreateApiKey = (body: unknown): CreateApiKey => CreateApiKey.parse(body);
export const fromRestListApiKeys = (query: unknown): ListApiKeys => ListApiKeys.parse(query);
export const fromRestApiKeyId = (params: unknown): string => ApiKeyId.parse(params).id;

const instant = (at: Date | null): string | null => at?.toISOString() ?? null;

export const ApiKeyAnswer = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().meta({ description: 'How the key begins, for telling it from others.' }),
    role: z.enum(ROLE_NAMES).nullable(),
    scopes: z.array(z.enum(SCOPES)).meta({ description: 'Beside those of the role.' }),
    accounts: z.array(z.string()),
    created_by: z.string(),
    created_at: InstantText,
    expires_at: InstantText.nullable(),
    revoked_at: InstantText.nullable(),
    last_used_at: InstantText.nullable().meta({ description: 'To the minute.' }),
  })
  .meta({ id: 'ApiKey' });
export const CreatedApiKeyAnswer = ApiKeyAnswer.extend({
  key: z.string().meta({ description: 'The key itself; it is shown here and never again.' }),
}).meta({ id: 'CreatedApiKey' });
export const ApiKeyPageAnswer = pageAnswer(ApiKeyAnswer);

export function toRestApiKey(key: ListedApiKey): AnswerOf<typeof ApiKeyAnswer> {
  const { id, name, prefix, role, scopes, accounts, created_by } = key;
  return {
    id,
    name,
    prefix: `th_${prefix}`,
    role,
    scopes,
    accounts,
    created_by,
    created_at: key.created_at.toISOString(),
    expires_at: instant(key.expires_at),
    revoked_at: instant(key.revoked_at),
    last_used_at: instant(key.last_used_at),
  };
}

export function toRestCreatedApiKey(key: CreatedApiKey): AnswerOf<typeof CreatedApiKeyAnswer> {
  return { ...toRestApiKey(key), key: key.key };
}

export function toRestApiKeyPage({
  items,
  next_cursor,
}: Page<ListedApiKey>): AnswerOf<typeof ApiKeyPageAnswer> {
  return { items: items.map(toRestApiKey), next_cursor };
}
