import { z } from 'zod';
import { parseAccountKey } from '../core/account-key';
import { parsedBy } from '../platform/doors/parsed-by';

/** The path of a door below an account: `/api/v1/accounts/{key}/…`. */
export const AccountKeyPath = z.strictObject({
  key: parsedBy(z.string().max(300), (text) => parseAccountKey(text)).meta({ example: 'org:acme' }),
});
