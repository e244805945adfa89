import { z } from 'zod';
import { parseCurrency } from '../core/money';
import { parsedBy } from '../platform/doors/parsed-by';
import { AccountParameter, InstantParameter } from './usage-query.commands';

/** The query of `GET /api/v1/meters/{key}/charges`. */
export const ListChargeParameters = z
  .strictObject({
    account: AccountParameter,
    from: InstantParameter.optional().meta({
      description: 'By default the beginning of the account’s period.',
      example: '2026-01-01T00:00:00Z',
    }),
    to: InstantParameter.optional().meta({
      description:
        'Not part of the stretch. By default now, or without `from` the end of the account’s period.',
      example: '2026-02-01T00:00:00Z',
    }),
    currency: parsedBy(z.string(), parseCurrency).optional().meta({
      description: 'Needed only where the meter has list prices in several currencies.',
      example: 'USD',
    }),
  })
  .transform(({ account, from = null, to = null, currency = null }) => ({ account, from, to, currency }));
export type ReadListCharges = z.infer<typeof ListChargeParameters> & { readonly meter: string };
