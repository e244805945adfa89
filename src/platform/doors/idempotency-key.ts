import { z } from 'zod';

/** The header by which a caller names a request, so that sending it again does nothing again; other headers are let be. */
export const IdempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[ -~]{1,255}$/, 'must be 1 to 255 printable ASCII characters')
    .optional()
    .meta({
      description: 'The same key again, with the same words, changes nothing and gets the same answer.',
    }),
});
