import { Metadata } from '@grpc/grpc-js';
import { ERRORS, type FieldError } from '../../core/errors';
import type { Problem } from './problem';

/** What grpc-js takes as the failure of a call. */
export interface GrpcFailure {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Clients accept some 8 KiB of trailers; a list of wrong fields beyond this is cut. */
const MAX_DETAIL_BYTES = 3_000;
const MAX_MESSAGE_LENGTH = 1_000;
const TYPES = 'type.googleapis.com/google.rpc';

/**
 * A problem as a gRPC status: all field errors in the message for people, and once more as google.rpc.BadRequest (with
 * RetryInfo and RequestInfo) in `grpc-status-details-bin`, where every gRPC library looks for them.
 */
export function grpcFailure(problem: Problem, correlationId: string): GrpcFailure {
  const code = ERRORS[problem.code].grpc;
  const message = sentence(problem);
  const metadata = new Metadata();
  metadata.set('x-request-id', correlationId);
  if (problem.retryAfterSeconds !== null) metadata.set('retry-after', String(problem.retryAfterSeconds));
  const details = [
    badRequest(problem.fields),
    retryInfo(problem.retryAfterSeconds),
    requestInfo(correlationId),
  ];
  const status = Buffer.concat([numberField(1, code), textField(2, message), ...details]);
  metadata.set('grpc-status-details-bin', status);
  return { code, details: message, metadata };
}

/** One line that can stand in a header: fields first, nothing that could end the line or break its encoding. */
function sentence({ detail, fields }: Problem): string {
  const text =
    fields.length > 0 ? fields.map(({ field, reason }) => `${field}: ${reason}`).join('; ') : detail;
  return printable(text.slice(0, MAX_MESSAGE_LENGTH));
}

/** Half a surrogate pair cannot be percent-encoded, and a control character must not reach a header. */
function printable(text: string): string {
  return text.replace(/\p{Cs}|\p{Cc}/gu, '?');
}

function badRequest(fields: readonly FieldError[]): Buffer {
  const violations: Buffer[] = [];
  let size = 0;
  for (const { field, reason } of fields) {
    const violation = bytesField(
      1,
      Buffer.concat([textField(1, printable(field)), textField(2, printable(reason))]),
    );
    size += violation.length;
    if (size > MAX_DETAIL_BYTES) break;
    violations.push(violation);
  }
  return violations.length === 0 ? Buffer.alloc(0) : anyField('BadRequest', Buffer.concat(violations));
}

function retryInfo(seconds: number | null): Buffer {
  if (seconds === null) return Buffer.alloc(0);
  return anyField('RetryInfo', bytesField(1, numberField(1, seconds)));
}

function requestInfo(correlationId: string): Buffer {
  return anyField('RequestInfo', textField(1, correlationId));
}

/** The third field of google.rpc.Status: a google.protobuf.Any. */
function anyField(type: string, message: Buffer): Buffer {
  return bytesField(3, Buffer.concat([textField(1, `${TYPES}.${type}`), bytesField(2, message)]));
}

function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text, 'utf8'));
}

/** Protobuf's length-delimited wire type. */
function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

function numberField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}
