import { z } from 'zod';
import { parseAccountKey, type AccountKey } from '../../core/account-key';
import { PageQuery } from '../doors/pagination';
import { parsedBy } from '../doors/parsed-by';

export const ListAudit = PageQuery.extend({
  account: parsedBy(z.string(), (text): AccountKey => parseAccountKey(text))
    .optional()
    .meta({ description: 'Only what concerns this account.' }),
});
export type ListAudit = z.infer<typeof ListAudit>;

/** Where a page of entries goes on. */
export const AuditPositionShape = z.strictObject({
  at: z.iso.datetime({ precision: 6 }).refine((at) => at > '1970'),
  bucket: z.int().min(0).max(63),
  accountId: z.int().min(0),
  sequence: z.string().regex(/^\d{1,18}$/),
});
