import { DomainError } from '../../core/errors';
import type { JwtAlgorithm, JwtKey } from './jwt-key';

/** A key nobody gave us yet is asked for at most so often, however many strangers invent names of keys. */
const ASK_EVERY_MS = 60_000;
/** As long as there is no set at all, nobody with a token can come in, so it is asked for sooner. */
const FIRST_ASK_EVERY_MS = 5_000;
/** A key taken out of the set ends after this. */
const REFRESH_MS = 10 * 60_000;
/** A provider may be away for so long; then its keys prove nothing any more. */
const DEAD_MS = 24 * 3_600_000;

/** The public keys of a provider of tokens, fetched when they are needed and kept while the provider is away. */
export class JwtKeySet {
  #keys: readonly JwtKey[] | null = null;
  #fetchedAt = -Infinity;
  #askedAt = -Infinity;
  #hasFailed = false;
  #asking: Promise<void> | null = null;

  /** `fetchKeys` throws with words for a log, which `onFailure` gets. */
  constructor(
    private readonly fetchKeys: () => Promise<readonly JwtKey[]>,
    private readonly onFailure: (error: unknown) => void,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {}

  /**
   * The key of that algorithm and name, or null. Without a name it is the only key of the algorithm, else none. Throws
   * `unavailable` when the provider could not be asked for a key we do not have.
   */
  async find(alg: JwtAlgorithm, kid: string | null): Promise<JwtKey | null> {
    const known = this.#known(alg, kid);
    if (known !== null) {
      if (this.#age() >= REFRESH_MS && this.#mayAsk()) void this.#ask();
      return known;
    }
    if (this.#asking !== null || this.#mayAsk()) await this.#ask();
    const found = this.#known(alg, kid);
    if (found === null && this.#hasFailed)
      throw new DomainError('unavailable', 'Tokens cannot be checked now', [], 5);
    return found;
  }

  #known(alg: JwtAlgorithm, kid: string | null): JwtKey | null {
    if (this.#keys === null || this.#age() >= DEAD_MS) return null;
    const ofKind = this.#keys.filter((key) => key.alg === alg);
    if (kid !== null) return ofKind.find((key) => key.kid === kid) ?? null;
    return ofKind.length === 1 ? ofKind[0]! : null;
  }

  #age(): number {
    return this.monotonicMs() - this.#fetchedAt;
  }

  #mayAsk(): boolean {
    const pause = this.#age() >= DEAD_MS ? FIRST_ASK_EVERY_MS : ASK_EVERY_MS;
    return this.monotonicMs() - this.#askedAt >= pause;
  }

  /** Everybody who needs the set waits for the same answer. Never throws. */
  #ask(): Promise<void> {
    this.#asking ??= this.#fetch().finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #fetch(): Promise<void> {
    this.#askedAt = this.monotonicMs();
    try {
      this.#keys = await this.fetchKeys();
      this.#fetchedAt = this.#askedAt;
      this.#hasFailed = false;
    } catch (error) {
      this.#hasFailed = true;
      this.onFailure(error);
    }
  }
}
