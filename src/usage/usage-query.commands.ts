import { z } from 'zod';
import { ACCOUNT_KEY_PATTERN, parseAccountKey } from '../core/account-key';
import { DomainError } from '../core/errors';
import { parseInstant } from '../core/instant';
import { isTimeZone } from '../core/period';

export const AccountParameter = z
  .string()
  .max(233)
  .regex(new RegExp(ACCOUNT_KEY_PATTERN), 'must be scheme:value, such as org:acme')
  .transform((text) => parseAccountKey(text))
  .meta({ example: 'org:acme' });

/** An RFC 3339 instant as milliseconds since 1970. */
export const InstantParameter = z
  .string()
  .max(40)
  .transform((text, context) => {
    try {
      return parseInstant(text, 'instant');
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      context.addIssue({ code: 'custom', message: error.fields[0]!.reason });
      return z.NEVER;
    }
  });

/** One value, or several when the parameter comes several times. */
const FilterValues = z.union([z.string().transform((value) => [value]), z.array(z.string()).max(100)]);

export const MeterPath = z.strictObject({
  key: z
    .string()
    .regex(/^[!-~]{1,100}$/, 'is not the key of a meter')
    .meta({ example: 'api_calls' }),
});

/** What to read of a meter: whose usage, over what stretch, in which windows, told apart by which dimensions. */
export const UsageParameters = z
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
    window: z.enum(['hour', 'day', 'week', 'month', 'total']).default('total').meta({ example: 'day' }),
    time_zone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'must be an IANA time zone name, such as Europe/Berlin')
      .optional()
      .meta({ description: 'By default that of the account.' }),
    group_by: z
      .string()
      .min(1)
      .max(1_000)
      .optional()
      .meta({ description: 'Dimensions of the meter, separated by commas.', example: 'region' }),
    // On the wire each filter is a parameter of its own; the document says so by the names they have there.
    filter: z
      .record(z.string(), FilterValues)
      .default({})
      .meta({
        description:
          '`filter.region=eu` keeps what has this value of the dimension; repeated, one of the values.',
        propertyNames: { pattern: '^filter\\..' },
        example: { 'filter.region': 'eu' },
      }),
  })
  .transform(({ account, from = null, to = null, window, time_zone, group_by, filter }) => ({
    account,
    from,
    to,
    window,
    timeZone: time_zone ?? null,
    groupBy: group_by === undefined ? [] : [...new Set(group_by.split(','))],
    filters: new Map<string, readonly string[]>(Object.entries(filter)),
  }));
export type ReadUsage = z.infer<typeof UsageParameters> & { readonly meter: string };
