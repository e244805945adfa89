import { RULES } from './rules';
import type { Call, StripeObject } from './stripe-object';
import { StripeRefusal, invalidRequest } from './stripe-refusal';
import type { World } from './world';

/** An answer as it goes over the wire. */
export interface Answer {
  readonly status: number;
  readonly body: StripeObject;
  readonly headers: Record<string, string>;
}

interface Entry {
  readonly fingerprint: string;
  readonly at: number;
  readonly forgottenAt: number;
  answer: Answer | null;
}

/** What Stripe remembers of requests that carried an idempotency key. */
export class IdempotencyKeys {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly world: World) {}

  /**
   * The stored answer of the same request under the same key, or null: then the request is to be executed and its answer kept.
   * @throws StripeRefusal 400 when the key was used for another request, 409 while that one is running
   */
  begin(call: Call): Answer | null {
    const key = call.idempotencyKey;
    if (key === null) return null;
    if (key.length > RULES.idempotencyKeyLength) throw invalidRequest('The idempotency key is too long.');
    const now = this.world.clock.now();
    const entry = this.#entries.get(key);
    const fingerprint = JSON.stringify([call.method, call.path, call.params]);
    if (!entry || entry.forgottenAt <= now) {
      const keep = call.v2 ? RULES.idempotencyV2 : RULES.idempotencyV1;
      this.#entries.set(key, { fingerprint, at: now, forgottenAt: now + keep, answer: null });
      return null;
    }
    if (entry.fingerprint !== fingerprint) throw mismatch(call.path);
    if (entry.answer === null) throw inUse();
    // A v2 request that failed may be completed by its retry.
    if (call.v2 && entry.answer.status >= 500) return null;
    return { ...entry.answer, headers: { ...entry.answer.headers, 'idempotent-replayed': 'true' } };
  }

  /** Execution has come to an end, well or badly: this is what every repetition will hear. */
  finish(call: Call, answer: Answer): void {
    const entry = call.idempotencyKey === null ? undefined : this.#entries.get(call.idempotencyKey);
    if (entry) entry.answer = structuredClone(answer);
  }

  /** Execution never began (a refused parameter, a rate limit): the key is free again. */
  release(call: Call): void {
    if (call.idempotencyKey !== null) this.#entries.delete(call.idempotencyKey);
  }

  /** What is remembered now, for control. */
  get size(): number {
    return this.#entries.size;
  }

  /** Forgets everything, as after a pruning. */
  prune(): void {
    this.#entries.clear();
  }
}

function mismatch(path: string): StripeRefusal {
  const message = `The idempotency key was used before with other parameters or another address than ${path}.`;
  return new StripeRefusal(400, { type: 'idempotency_error', message });
}

function inUse(): StripeRefusal {
  const message = 'Another request with this idempotency key is still being executed.';
  return new StripeRefusal(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message });
}
