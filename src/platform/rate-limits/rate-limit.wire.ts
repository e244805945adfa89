import { z } from 'zod';
import type { AccountKey } from '../../core/account-key';
import type { AnswerOf } from '../doors/open-api-answer';
import type { RateLimit } from './rate-limit';
import { PutRateLimit, RateLimitPath } from './rate-limit.commands';
import type { AccountRateLimit } from './rate-limits.service';

export const fromRestRateLimitPath = (path: unknown): AccountKey => RateLimitPath.parse(path).key;

export function fromRestPutRateLimit(body: unknown): RateLimit {
  const { requests, window_ms: windowMs } = PutRateLimit.parse(body);
  return { requests, windowMs };
}

export const RateLimitAnswer = z
  .strictObject({
    account: z.string(),
    requests: z.int().nullable().meta({ description: 'Null = no limit.' }),
    window_ms: z.int().nullable(),
    is_default: z.boolean().meta({ description: 'Whether the account has none of its own.' }),
  })
  .meta({ id: 'RateLimit' });

export function toRestRateLimit({
  account,
  limit,
  isUsual,
}: AccountRateLimit): AnswerOf<typeof RateLimitAnswer> {
  const { requests = null, windowMs = null } = limit ?? {};
  return { account, requests, window_ms: windowMs, is_default: isUsual };
}
