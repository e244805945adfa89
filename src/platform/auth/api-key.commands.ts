import { z } from 'zod';
import { DomainError } from '../../core/errors';
import { parseAccountKey } from '../../core/account-key';
import { PageQuery } from '../doors/pagination';
import { ROLE_NAMES, SCOPES, scopesOf } from './scope';

const SCHEME_PATTERN = /^[a-z][a-z0-9_-]{0,31}:\*$/;

/** `*`, `scheme:*` or one account key in its canonical form. */
const AccountPattern = z
  .string()
  .max(240)
  .transform((text, context): string => {
    if (text === '*' || SCHEME_PATTERN.test(text)) return text;
    try {
      return parseAccountKey(text);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      context.addIssue({ code: 'custom', message: 'must be *, scheme:* or an account key such as org:acme' });
      return z.NEVER;
    }
  });

/** What the maker of a key says about it. A key without any scope would be of no use, so it is refused. */
export const CreateApiKey = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}*$/u, 'must not contain control characters'),
    role: z.enum(ROLE_NAMES).nullable().default(null),
    scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).default([]),
    accounts: z.array(AccountPattern).min(1).max(100),
    expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
  })
  .refine(({ role, scopes }) => scopesOf(role, scopes).size > 0, {
    path: ['role'],
    message: 'a role or at least one scope is needed',
  })
  .transform(({ expires_at, accounts, scopes, ...rest }) => ({
    ...rest,
    scopes: [...new Set(scopes)],
    accounts: accounts.includes('*') ? ['*'] : [...new Set(accounts)],
    expiresAt: expires_at === null ? null : new Date(expires_at),
  }));
export type CreateApiKey = z.infer<typeof CreateApiKey>;

export const ListApiKeys = PageQuery;
export type ListApiKeys = z.infer<typeof ListApiKeys>;

/** The path of one key. */
export const ApiKeyId = z.strictObject({ id: z.uuid() });
