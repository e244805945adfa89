import { z } from 'zod';
import { parseAccountKey, type AccountKey } from '../core/account-key';

/** Scorpius's `org_id`: the value of an account key of the scheme `org`. */
export const OrganizationId = z
  .string()
  .regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable ASCII characters without blanks')
  .meta({ example: 'acme' });

/** The account of an organisation. */
export const accountOfOrganization = (orgId: string): AccountKey => parseAccountKey(`org:${orgId}`);
