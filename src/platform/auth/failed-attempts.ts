import { isIPv6 } from 'node:net';

const BURST = 20;
const REFILL_PER_SECOND = 1;
const MAX_SOURCES = 10_000;

interface Allowance {
  tokens: number;
  at: number;
}

/**
 * How many more wrong credentials one source may try: twenty at once, then one a second. Bounded to the sources seen last.
 * A key this process has seen to be right is not asked here, so a neighbour's guessing does not lock out honest callers.
 */
export class FailedAttempts {
  readonly #sources = new Map<string, Allowance>();

  constructor(private readonly monotonicMs: () => number = () => performance.now()) {}

  /** Seconds until the source may try again; 0 when it may now. */
  waitSeconds(source: string): number {
    const allowance = this.#sources.get(blockOf(source));
    if (allowance === undefined) return 0;
    const tokens = this.#refilled(allowance);
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / REFILL_PER_SECOND);
  }

  /** Takes one try away from the source. */
  count(source: string): void {
    const block = blockOf(source);
    const allowance = this.#sources.get(block);
    const tokens = allowance === undefined ? BURST : this.#refilled(allowance);
    this.#sources.delete(block);
    this.#sources.set(block, { tokens: Math.max(0, tokens - 1), at: this.monotonicMs() });
    if (this.#sources.size > MAX_SOURCES) {
      for (const oldest of this.#sources.keys()) {
        this.#sources.delete(oldest);
        break;
      }
    }
  }

  #refilled({ tokens, at }: Allowance): number {
    return Math.min(BURST, tokens + ((this.monotonicMs() - at) / 1000) * REFILL_PER_SECOND);
  }
}

/** One IPv6 caller owns a whole /64, so that is what counts as one source. */
function blockOf(address: string): string {
  if (!isIPv6(address)) return address;
  if (address.startsWith('::ffff:')) return address.slice('::ffff:'.length);
  const groups = address.split('::')[0]!.split(':');
  return groups
    .slice(0, 4)
    .join(':')
    .replace(/(:0)+$/, '');
}
