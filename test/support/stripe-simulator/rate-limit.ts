import { StripeRefusal } from './stripe-refusal';

/** How many requests a second are let through; in real time, because clients wait in real time. */
export interface RateLimits {
  readonly perSecond: number;
  readonly perOperation: number;
  readonly concurrent: number;
}

class Bucket {
  #tokens: number;
  #at = performance.now();

  constructor(private readonly perSecond: number) {
    this.#tokens = perSecond;
  }

  take(): boolean {
    const now = performance.now();
    this.#tokens = Math.min(this.perSecond, this.#tokens + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Stripe's limiter: a bucket for the account, one for each operation, and a cap on what runs at once. */
export class RateLimiter {
  #all: Bucket;
  readonly #operations = new Map<string, Bucket>();

  constructor(readonly limits: RateLimits) {
    this.#all = new Bucket(limits.perSecond);
  }

  /** @throws StripeRefusal 429 naming the reason in Stripe's header */
  check(operation: string, running: number): void {
    if (running > this.limits.concurrent) throw tooMany('global-concurrency');
    let bucket = this.#operations.get(operation);
    if (!bucket) this.#operations.set(operation, (bucket = new Bucket(this.limits.perOperation)));
    if (!this.#all.take()) throw tooMany('global-rate');
    if (!bucket.take()) throw tooMany('endpoint-rate');
  }
}

/** 429 as Stripe answers it; its SDK does not repeat it by itself. */
export function tooMany(reason: string): StripeRefusal {
  return new StripeRefusal(
    429,
    { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests in too short a time.' },
    { 'stripe-rate-limited-reason': reason },
  );
}
