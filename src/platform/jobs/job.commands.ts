import { z } from 'zod';

/** The path of one job. */
export const JobPath = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be the name of a job')
    .meta({ example: 'rollup' }),
});
