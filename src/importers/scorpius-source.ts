import { Redis } from 'ioredis';

/** There is no Redis at the address, or none that may be read. */
export class UnreadableRedis extends Error {}

/** A value of another kind than was asked for. */
export const OTHER_TYPE = Symbol('other type');

/** A value; null = there is none, or no longer. */
export type Found<T> = T | null | typeof OTHER_TYPE;

export type Hash = Readonly<Record<string, string>>;

/** Keys to ask for at a time; Redis answers others in between. */
const PAGE = 250;
/** Counts and instants are short, and copies of events seldom longer than this; what is cut is no JSON any more. */
const VALUE_BYTES = 65_536;
/** With pauses of up to two seconds: a restart of Redis must not end an import. */
const RETRIES = 30;
/** A Redis that hangs ends an import, which can be run again. */
const COMMAND_TIMEOUT_MS = 60_000;

/** The Redis of an original Scorpius, which is only read: by SCAN, page by page, so that neither it nor memory suffers. */
export class ScorpiusSource {
  private constructor(
    private readonly redis: Redis,
    readonly database: number,
  ) {}

  /** What is null or undefined is taken from the address; the database else is 0. Throws UnreadableRedis. */
  static async open(
    url: string,
    { database = null, password }: { database?: number | null; password?: string | undefined } = {},
  ): Promise<ScorpiusSource> {
    const address = new URL(url);
    const number = database ?? numberIn(address.pathname);
    address.pathname = '';
    let reason = '';
    let isOpen = false;
    const redis = new Redis(address.toString(), {
      lazyConnect: true,
      ...(address.password === '' && password ? { password } : {}),
      commandTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: RETRIES,
      retryStrategy: (attempt) => (isOpen ? Math.min(attempt * 200, 2_000) : null),
    });
    redis.on('error', (error: Error) => (reason = error.message || error.name));
    try {
      await redis.connect();
      // Asked for here, because a client that cannot select a database goes on in the first one.
      await redis.select(number);
      isOpen = true;
      return new ScorpiusSource(redis, number);
    } catch (error) {
      // A client that has ended already would wait two seconds for what does not come.
      if (redis.status !== 'end') redis.disconnect();
      throw new UnreadableRedis(reason || (error instanceof Error ? error.message : String(error)));
    }
  }

  close(): void {
    this.redis.disconnect();
  }

  /** How many keys the database has, whatever they are. */
  size(): Promise<number> {
    return this.redis.dbsize();
  }

  /** Every key of a pattern that stays there meanwhile; Redis may tell one twice. */
  async *pages(pattern: string): AsyncGenerator<readonly string[]> {
    let cursor = '0';
    do {
      const [next, keys] = await this.redis.scan(cursor, 'MATCH', pattern, 'COUNT', PAGE);
      for (let from = 0; from < keys.length; from += PAGE) yield [...new Set(keys.slice(from, from + PAGE))];
      cursor = next;
    } while (cursor !== '0');
  }

  /** The hashes under keys, in their order. */
  async hashes(keys: readonly string[]): Promise<Found<Hash>[]> {
    const asked = this.redis.pipeline();
    for (const key of keys) asked.hgetall(key);
    const answers = await answersOf(asked);
    return answers.map((answer) =>
      answer === OTHER_TYPE || Object.keys(answer as Hash).length > 0 ? (answer as Found<Hash>) : null,
    );
  }

  /** The texts under keys, in their order, long ones cut off. */
  async texts(keys: readonly string[]): Promise<Found<string>[]> {
    const asked = this.redis.pipeline();
    for (const key of keys) asked.getrange(key, 0, VALUE_BYTES).exists(key);
    const answers = await answersOf(asked);
    return keys.map((_, i) => {
      // Redis says the same of an empty text and of none.
      const [text, isThere] = [answers[2 * i] as Found<string>, answers[2 * i + 1] === 1];
      return text === '' && !isThere ? null : text;
    });
  }
}

async function answersOf(asked: ReturnType<Redis['pipeline']>): Promise<unknown[]> {
  return ((await asked.exec()) ?? []).map(([error, answer]) => {
    if (error === null) return answer;
    if (error.message.startsWith('WRONGTYPE')) return OTHER_TYPE;
    throw error;
  });
}

/** `/2` is 2; everything else is the database that Redis begins with. */
function numberIn(path: string): number {
  const match = /^\/(\d{1,9})$/.exec(path);
  return match ? parseInt(match[1]!, 10) : 0;
}
