import { randomBytes } from 'node:crypto';

/** What we accept as an id from outside: nothing that could end a line of a log or a header. */
const SAFE_ID = /^[A-Za-z0-9._:@=+/-]{1,64}$/;

/** Names the process, so that counted ids of several replicas and restarts do not meet in one log. */
const PROCESS = randomBytes(6).toString('hex');
let counter = 0;

/** The caller's own id when it is safe to repeat, else a new one. Counted, because random bytes per request cost more. */
export function correlationId(fromCaller: unknown): string {
  if (typeof fromCaller === 'string' && SAFE_ID.test(fromCaller)) return fromCaller;
  counter += 1;
  return `${PROCESS}-${counter.toString(36)}`;
}
