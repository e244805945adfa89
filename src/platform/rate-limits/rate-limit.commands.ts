import { z } from 'zod';
import { parseAccountKey } from '../../core/account-key';
import { parsedBy } from '../doors/parsed-by';

/** The path of the limit of one account. */
export const RateLimitPath = z.strictObject({
  key: parsedBy(z.string().max(300), (text) => parseAccountKey(text)).meta({ example: 'org:acme' }),
});

const MOST_REQUESTS = 10_000_000;
const A_DAY_MS = 86_400_000;

/** How many requests a principal of the account may make, and in which time. */
export const PutRateLimit = z.strictObject({
  requests: z.int().min(1).max(MOST_REQUESTS),
  window_ms: z.int().min(1).max(A_DAY_MS).default(1_000),
});
