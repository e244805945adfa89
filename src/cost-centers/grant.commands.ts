import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { parseAmount, parseAsset } from '../core/asset';
import { DomainError } from '../core/errors';
import { parseInstant } from '../core/instant';
import { parsedBy } from '../platform/doors/parsed-by';

const PRIORITY_MAX = 1_000_000;

/** What is given to an account. Carried grants are made by invoices alone. */
export const GiveGrantBody = z
  .strictObject({
    asset: parsedBy(z.string().max(12), parseAsset).meta({ description: 'CREDIT or an ISO 4217 code.' }),
    amount: z.string().max(40).meta({ description: 'Above zero, in major units, no finer than the asset.' }),
    kind: z.enum(['promotional', 'prepaid']).default('promotional').meta({
      description: '`prepaid` says that money was taken for it elsewhere.',
    }),
    priority: z.int().min(-PRIORITY_MAX).max(PRIORITY_MAX).default(0).meta({
      description: 'A lower one is used first; then the one that ends first, then the oldest.',
    }),
    expires_at: parsedBy(z.string().max(40), (text, field) => new Date(parseInstant(text, field)))
      .nullable()
      .default(null),
    description: z
      .string()
      .max(500)
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters')
      .default(''),
  })
  .transform(({ amount, expires_at: expiresAt, ...rest }, context) => {
    try {
      return { ...rest, expiresAt, amount: parseAmount(amount, rest.asset) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      for (const { reason } of error.fields) {
        context.addIssue({ code: 'custom', path: ['amount'], message: reason });
      }
      return z.NEVER;
    }
  });

/** A grant asked for; `idempotencyKey` null = by a caller who sends once. */
export interface GiveGrant extends z.infer<typeof GiveGrantBody> {
  readonly account: AccountKey;
  readonly idempotencyKey: string | null;
}
