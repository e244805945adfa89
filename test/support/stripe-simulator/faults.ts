import type { Chance } from './chance';

/**
 * - `lose-request`: the connection closes, nothing has happened
 * - `lose-answer`: everything has happened, the connection closes before the answer
 * - `reset`: the connection is reset before anything happened
 * - `error-before`, `error-after`: 500 without or with the effect; stored under the idempotency key as Stripe does
 * - `gateway-error`: 500 from before the execution, nothing stored
 * - `rate-limit`: 429
 * - `slow`: the request waits `ms` while it is being executed (a second one under its key hears 409)
 * - `slow-answer`: the effect at once, the answer after `ms`
 */
export type FaultKind =
  | 'lose-request'
  | 'lose-answer'
  | 'reset'
  | 'error-before'
  | 'error-after'
  | 'gateway-error'
  | 'rate-limit'
  | 'slow'
  | 'slow-answer';

/** A fault and when it strikes. */
export interface FaultRule {
  readonly kind: FaultKind;
  /** Only these operations, `Customers.create`; a trailing `*` matches any ending. All when left out. */
  readonly operation?: string;
  /** From 0 to 1; always when left out. */
  readonly probability?: number;
  /** How often at most; for ever when left out. */
  readonly times?: number;
  readonly ms?: number;
}

/** A fault that struck. */
export interface FaultHit {
  readonly rule: FaultRule;
  readonly operation: string;
}

/** Decides which request meets which fault, by a seeded chance: the same requests in the same order meet the same faults. */
export class Faults {
  #rules: { rule: FaultRule; left: number }[] = [];
  readonly hits: FaultHit[] = [];

  constructor(private readonly chance: Chance) {}

  add(...rules: FaultRule[]): void {
    this.#rules.push(...rules.map((rule) => ({ rule, left: rule.times ?? Infinity })));
  }

  clear(): void {
    this.#rules = [];
  }

  get rules(): readonly FaultRule[] {
    return this.#rules.map(({ rule }) => rule);
  }

  /** The fault this request meets; the first rule that strikes wins. */
  meet(operation: string): FaultRule | null {
    for (const entry of this.#rules) {
      if (entry.left <= 0 || !fits(entry.rule.operation, operation)) continue;
      if (entry.rule.probability !== undefined && this.chance.next() >= entry.rule.probability) continue;
      entry.left -= 1;
      this.hits.push({ rule: entry.rule, operation });
      return entry.rule;
    }
    return null;
  }
}

function fits(pattern: string | undefined, operation: string): boolean {
  if (pattern === undefined) return true;
  return pattern.endsWith('*') ? operation.startsWith(pattern.slice(0, -1)) : operation === pattern;
}
