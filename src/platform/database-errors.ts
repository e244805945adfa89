import { DomainError } from '../core/errors';

/** SQLSTATEs after which the same transaction may simply be run again: serialisation failure, deadlock. */
const RETRYABLE = new Set(['40001', '40P01']);

/**
 * SQLSTATEs that say "not now" rather than "not so": server starting, stopping or crashed (57P0x), connection lost (08xxx),
 * no connection left (53300), disk, memory or files exhausted (53100, 53200, 53000), a disk that fails (58030), read-only
 * after a failover (25006).
 */
const UNAVAILABLE = /^(57P0[1-5]|08\w{3}|53[0123]00|58030|25006)$/;

/** Node's socket errors, plus the few sentences the driver throws without a code. */
const LOST_SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);
/** What the pool says when all of its connections are at work for longer than a caller may wait. */
const NONE_FREE = 'timeout exceeded when trying to connect';

const LOST_MESSAGES = [
  'Connection terminated',
  NONE_FREE,
  'timeout expired',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
];

/** The SQLSTATE or socket code of an error, or undefined. */
export function errorCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether running the whole transaction again is safe and likely to succeed (it was rolled back by Postgres). */
export function isRetryable(error: unknown): boolean {
  return RETRYABLE.has(errorCodeOf(error) ?? '');
}

/** Whether Postgres could not be reached, was lost on the way, or has no room left; says nothing about a COMMIT under way. */
export function isUnavailable(error: unknown): boolean {
  const code = errorCodeOf(error) ?? '';
  if (UNAVAILABLE.test(code) || LOST_SOCKET.has(code)) return true;
  return error instanceof Error && LOST_MESSAGES.some((message) => error.message.includes(message));
}

/**
 * What a caller gets to see: `unavailable` (retry in a second) for a lost or full Postgres, for connections that are all at
 * work, and for changes that went on colliding with others after all attempts; else the error as it is.
 */
export function toDomainError(error: unknown): unknown {
  const words = wordsOf(error);
  if (words === null) return error;
  return Object.assign(new DomainError('unavailable', words, [], 1), {
    cause: error,
  });
}

function wordsOf(error: unknown): string | null {
  if (error instanceof Error && error.message.includes(NONE_FREE)) {
    return 'No connection to the database came free in time';
  }
  if (isUnavailable(error)) return 'The database cannot be reached';
  return isRetryable(error) ? 'The database is busy with colliding changes' : null;
}
