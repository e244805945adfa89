/** SQL for an instant of so many milliseconds since 1970, which is how instants are computed with here. */
export const INSTANT_OF = (ms: string): string => `timestamptz 'epoch' + ${ms} * interval '1 millisecond'`;

/** SQL for the milliseconds since 1970 of an instant. */
export const MS_OF = (at: string): string => `(extract(epoch from ${at}) * 1000)::bigint`;
