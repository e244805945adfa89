import type { Principal } from './principal';

/** A proved principal, and the end of its key's life if it has one. */
export interface Proof {
  readonly principal: Principal;
  readonly expiresAt: Date | null;
}

interface Entry {
  readonly principal: Principal;
  /** From here on the next use asks again in the background. */
  readonly staleAt: number;
  /** From here on the entry proves nothing. */
  readonly deadAt: number;
}

/** What is known about a presented key: a principal to use at once, and whether it is time to ask again. */
export interface Known {
  readonly principal: Principal;
  readonly askAgain: boolean;
}

/** How long a proof counts, and how many are kept. */
export interface KeyCacheLimits {
  readonly staleMs: number;
  readonly deadMs: number;
  readonly maxEntries: number;
}

/** A revocation must bite on every node in less than five seconds; the rest is left for the question itself. */
const API_KEYS: KeyCacheLimits = { staleMs: 2_500, deadMs: 4_000, maxEntries: 10_000 };

/** Tokens cannot be revoked; a minute bounds how long a signing key counts that its provider has withdrawn. */
export const TOKENS: KeyCacheLimits = { staleMs: 60_000, deadMs: 60_000, maxEntries: 5_000 };

/**
 * Right keys by their text, so that the hot path asks the database every few seconds instead of on every request. Times
 * are monotonic: setting the machine's clock back cannot keep a revoked key alive. Only right keys get in, so guessing
 * cannot push them out.
 */
export class KeyCache {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly monotonicMs: () => number = () => performance.now(),
    private readonly limits: KeyCacheLimits = API_KEYS,
  ) {}

  /** The principal of a key that was right a moment ago (an API key: less than four seconds), or null. */
  find(keyText: string): Known | null {
    const entry = this.#entries.get(keyText);
    if (entry === undefined) return null;
    const now = this.monotonicMs();
    if (now >= entry.deadAt) return null;
    return { principal: entry.principal, askAgain: now >= entry.staleAt };
  }

  /** Whether the key was right at its last proof, however long ago: such a caller is not guessing. */
  wasRight(keyText: string): boolean {
    return this.#entries.has(keyText);
  }

  /** The monotonic instant to pass to `keep`: taken before the database is asked, because the answer is as old as that. */
  mark(): number {
    return this.monotonicMs();
  }

  /** Keeps a proof made at `askedAt`; `remainingMs` is what is left of the key's own life. */
  keep(keyText: string, principal: Principal, age: { askedAt: number; remainingMs: number }): void {
    const { staleMs, deadMs, maxEntries } = this.limits;
    const deadAt = age.askedAt + Math.min(deadMs, age.remainingMs);
    this.#entries.delete(keyText);
    this.#entries.set(keyText, { principal, staleAt: age.askedAt + staleMs, deadAt });
    if (this.#entries.size > maxEntries) this.#dropOldest();
  }

  /** Forgets a key that turned out wrong, revoked or expired. */
  forget(keyText: string): void {
    this.#entries.delete(keyText);
  }

  /** Forgets every key of a principal: a revocation bites at once where it was made. */
  forgetPrincipal(id: string): void {
    for (const [keyText, entry] of this.#entries) {
      if (entry.principal.id === id) this.#entries.delete(keyText);
    }
  }

  #dropOldest(): void {
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
