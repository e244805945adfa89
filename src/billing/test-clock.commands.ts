import { z } from 'zod';
import { parseAccountKey } from '../core/account-key';
import { parseInstant } from '../core/instant';
import { parsedBy } from '../platform/doors/parsed-by';
import { PageQuery } from '../platform/doors/pagination';

const Now = parsedBy(z.string().max(40), (text, field) => new Date(parseInstant(text, field)));

export const TestClockPath = z.strictObject({ id: z.guid() });

export const MakeTestClock = z.strictObject({
  name: z
    .string()
    .max(100)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters')
    .default(''),
  now: Now,
});
export type MakeTestClock = z.infer<typeof MakeTestClock>;

export const AttachAccount = z.strictObject({
  account: parsedBy(z.string().max(300), (text) => parseAccountKey(text)),
});
export type AttachAccount = z.infer<typeof AttachAccount>;

export const AdvanceTestClock = z.strictObject({ now: Now });
export type AdvanceTestClock = z.infer<typeof AdvanceTestClock>;

export const ListTestClocks = PageQuery;
