import { z } from 'zod';
import { parseInstant } from '../../core/instant';
import { parsedBy } from './parsed-by';

/**
 * Protobuf's JSON at REST doors that are twins of rpcs: lowerCamelCase names, a 64-bit integer as text, an enum by name, a
 * time in RFC 3339, a duration in seconds. A schema made of these fields reads a body into what @grpc/proto-loader hands to
 * the rpc (every field there, left out = its zero), so both doors share what comes after. Wrap it in z.strictObject.
 */

/** google.protobuf.Timestamp and google.protobuf.Duration as proto-loader has them. */
export interface SecondsAndNanos {
  readonly seconds: string;
  readonly nanos: number;
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_TEXT = /^-?\d{1,19}$/;

function withZero<T>(schema: z.ZodType<T>, zero: T) {
  return schema.nullish().transform((value) => value ?? zero);
}

export const ProtoText = withZero(z.string().max(10_000), '');

export const ProtoInt32 = withZero(z.int32(), 0);

/** A number or its digits; read as the digits. */
export const ProtoInt64 = z
  .union([z.int(), z.string().regex(INT64_TEXT)])
  .nullish()
  .transform((value) => BigInt(value ?? 0))
  .refine((value) => value >= -INT64_MAX - 1n && value <= INT64_MAX, 'must be a 64-bit integer')
  .transform(String);

/** The names of an enum, its zero first. */
export function protoEnum<const Name extends string>(names: readonly [Name, ...Name[]]) {
  return z
    .enum(names)
    .nullish()
    .transform((value): Name => value ?? names[0]);
}

/** RFC 3339 with at most nine places; null when it is left out. */
export const ProtoTimestamp = parsedBy(
  z.string().max(40).meta({ format: 'date-time' }).nullish(),
  (text, field): SecondsAndNanos | null =>
    text === null || text === undefined ? null : readTimestamp(text, field),
);

/** A message within a message; null when it is left out. */
export function protoMessage<T>(message: z.ZodType<T>) {
  return message.nullish().transform((value) => value ?? null);
}

/** Of an rpc whose request says nothing: a body may be left out. */
export const ProtoNothing = z.strictObject({}).meta({ example: {} });

/** Of an rpc whose answer says nothing. */
export const NothingAnswer = z.strictObject({});

/** An int64 in an answer. */
export const Int64Text = z
  .string()
  .meta({ id: 'Int64', pattern: '^-?\\d+$', description: 'A 64-bit integer, as text.' });

export const TimestampText = z.string().meta({
  id: 'Timestamp',
  format: 'date-time',
  description: 'RFC 3339 in UTC with 0, 3, 6 or 9 places, such as 2026-01-31T10:00:00Z.',
});

export const DurationText = z
  .string()
  .meta({ id: 'Duration', pattern: '^-?\\d+(\\.\\d+)?s$', description: 'Seconds, such as 900s.' });

/** An instant as @grpc/proto-loader takes it. */
export function timestampOf(at: Date): SecondsAndNanos {
  const milliseconds = at.getTime();
  const seconds = Math.floor(milliseconds / 1_000);
  return { seconds: String(seconds), nanos: (milliseconds - seconds * 1_000) * 1_000_000 };
}

/** A time as an answer has it; a missing one is left out of the answer. */
export function timestampText(at: SecondsAndNanos | null): string | undefined {
  if (at === null) return undefined;
  const whole = new Date(parseInt(`${at.seconds}000`, 10))
    .toISOString()
    .slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return `${whole}${fractionText(at.nanos)}Z`;
}

/** A duration that is not negative, as an answer has it; a missing one is left out of the answer. */
export function durationText(span: SecondsAndNanos | null): string | undefined {
  return span === null ? undefined : `${span.seconds}${fractionText(span.nanos)}s`;
}

/** Protobuf writes as many groups of three digits as are needed. */
function fractionText(nanos: number): string {
  const digits = String(nanos)
    .padStart(9, '0')
    .replace(/(000)+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

function readTimestamp(text: string, field: string): SecondsAndNanos {
  const milliseconds = parseInstant(text, field);
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return {
    seconds: String(Math.floor(milliseconds / 1_000)),
    nanos: parseInt(fraction.padEnd(9, '0'), 10),
  };
}
