import { AsyncLocalStorage } from 'node:async_hooks';
import { DomainError } from '../core/errors';

/** What a call tells of itself, as grpc-js has it. */
export interface EndingCall {
  readonly cancelled: boolean;
  getDeadline(): Date | number;
  once(event: 'cancelled', listener: () => void): unknown;
  off(event: 'cancelled', listener: () => void): unknown;
}

/**
 * The time for which somebody waits for an answer. It is over when the caller has cancelled or its deadline has passed; work
 * done for the call then stops before its next statement, and a transaction that is open is rolled back.
 */
export class CallLife {
  readonly #listeners = new Set<() => void>();
  readonly #end = (): void => this.#over();
  #failure: DomainError | null = null;

  constructor(private readonly call: EndingCall) {
    this.#failure = overSince(call);
    call.once('cancelled', this.#end);
  }

  /** Why nobody waits any more; null while somebody does. */
  get failure(): DomainError | null {
    return this.#failure;
  }

  /** Throws `cancelled` or `deadline-exceeded` when nobody waits any more. */
  throwIfOver(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Calls `listener` when it is over; answers how to say that it need not be called. */
  onOver(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The work has settled. Once answered, it cannot be over any more for what it left running in the background. */
  close(): void {
    this.call.off('cancelled', this.#end);
    this.#listeners.clear();
  }

  #over(): void {
    this.#failure = overSince(this.call) ?? cancelled();
    for (const listener of this.#listeners) listener();
  }
}

/** Why nobody waits for the call any more; null while somebody does. */
export function overSince(call: Pick<EndingCall, 'cancelled' | 'getDeadline'>): DomainError | null {
  const deadline = call.getDeadline();
  const at = typeof deadline === 'number' ? deadline : deadline.getTime();
  if (at !== Infinity && Date.now() >= at) {
    return new DomainError('deadline-exceeded', 'The deadline of the call has passed');
  }
  return call.cancelled ? cancelled() : null;
}

function cancelled(): DomainError {
  return new DomainError('cancelled', 'The caller has cancelled the call');
}

const lives = new AsyncLocalStorage<CallLife | undefined>();
let running = 0;

/**
 * Runs the work of a call so that it stops when the call is over. While such work runs, every promise of the process costs
 * a little more (Node before 24 follows them by a hook); with the last of it the hook is taken off.
 */
export async function whileCalled<R>(call: EndingCall, work: () => R | Promise<R>): Promise<R> {
  const life = new CallLife(call);
  running++;
  try {
    return await lives.run(life, work);
  } finally {
    life.close();
    if (--running === 0) lives.disable();
  }
}

/** The call that the running code works for; undefined for jobs, REST and metering. */
export function currentCall(): CallLife | undefined {
  return lives.getStore();
}

/** Runs what others wait for too, or what must be ended in good order, as if no call could end it. */
export function apartFromCall<R>(work: () => R): R {
  return lives.getStore() === undefined ? work() : lives.run(undefined, work);
}
