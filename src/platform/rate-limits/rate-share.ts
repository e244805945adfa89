import type { Redis } from 'ioredis';
import type { Logger } from '../logger';
import type { RateWindow } from './rate-limit';

const KEY = 'tallyhouse:rate:';
const TELL_EVERY_MS = 10;
/** A script holds Redis up while it runs. */
const MOST_AT_ONCE = 500;

/**
 * Adds to the window of each principal and answers what it holds then and how many milliseconds it lasts, by the clock of
 * Redis: the same rules as `RateWindow` has.
 */
const COUNT_TOGETHER = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local answer = {}
  for i, key in ipairs(KEYS) do
    local told, requests, window = tonumber(ARGV[i * 3 - 2]), tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
    local state = redis.call('HMGET', key, 'used', 'ends')
    local used, ends = tonumber(state[1] or 0), tonumber(state[2] or 0)
    if now >= ends then
      local passed = math.floor((now - ends) / window) + 1
      used = math.max(0, used - passed * requests)
      ends = used > 0 and ends + passed * window or now + window
    end
    used = used + told
    redis.call('HSET', key, 'used', used, 'ends', ends)
    redis.call('PEXPIRE', key, ends - now + window * math.floor(used / requests))
    answer[i * 2 - 1], answer[i * 2] = used, ends - now
  end
  return answer`;

/**
 * Tells the other processes over Redis what was counted here, and learns what they counted: ten milliseconds after a request
 * and in one call for everybody, so that no request waits for it. While Redis cannot be asked each process counts alone.
 */
export class RateShare {
  #untold: RateWindow[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isTelling = false;
  #isAlone = false;

  constructor(
    private readonly redis: Redis,
    private readonly logger: Logger,
    private readonly monotonicMs: () => number,
  ) {}

  /** Called when a window has something to tell for the first time since it was told. */
  tell(window: RateWindow): void {
    this.#untold.push(window);
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#untold = [];
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isTelling || this.#untold.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#tellAll();
    }, TELL_EVERY_MS).unref();
  }

  async #tellAll(): Promise<void> {
    this.#isTelling = true;
    try {
      await this.#count(this.#untold.splice(0, MOST_AT_ONCE));
      this.#note(null);
    } catch (error) {
      // What could not be told is not told later: it belongs to a window that will be over.
      this.#note(error);
    } finally {
      this.#isTelling = false;
      this.#schedule();
    }
  }

  async #count(windows: readonly RateWindow[]): Promise<void> {
    const facts = windows.flatMap((window) => {
      const { untold, limit } = window;
      window.untold = 0;
      return [untold, limit?.requests ?? untold, limit?.windowMs ?? 1];
    });
    const names = windows.map(({ name }) => KEY + name);
    const answer = (await this.redis.eval(COUNT_TOGETHER, names.length, ...names, ...facts)) as number[];
    const now = this.monotonicMs();
    for (const [i, window] of windows.entries()) window.learn(answer[i * 2]!, now + answer[i * 2 + 1]!);
  }

  #note(error: unknown): void {
    const isAlone = error !== null;
    if (isAlone === this.#isAlone) return;
    this.#isAlone = isAlone;
    if (isAlone) this.logger.warn({ err: error }, 'requests are counted by each process alone');
    else this.logger.info({}, 'requests are counted together again');
  }
}
