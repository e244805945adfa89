import { Client } from 'pg';

/** When a connection breaks: before its statement is sent, or once Postgres has done it and the answer is under way. */
export type Moment = 'before' | 'after';

type Query = (this: Client, ...parts: unknown[]) => unknown;
type Callback = (error: Error) => void;

/** Of every connection of this process. */
const PROTOTYPE = Client.prototype as unknown as { query: Query };

const LOST = 'Connection terminated unexpectedly';

/** Breaks one connection of this process at one of the statements that a piece of work sends, and counts them. */
export class Breaker {
  #statements: string[] | null = null;
  #at: { statement: number; moment: Moment } | null = null;

  private constructor() {}

  /** From now on until `remove`, every statement of the driver goes through it. */
  static install(): Breaker {
    const breaker = new Breaker();
    const query = PROTOTYPE.query;
    PROTOTYPE.query = function (...parts) {
      return breaker.#pass(this, parts, query);
    };
    breaker.remove = () => void (PROTOTYPE.query = query);
    return breaker;
  }

  remove: () => void = () => undefined;

  /** The beginnings of the statements that the work sent; the one to break at is numbered from 1, null = none. */
  async during(
    at: { statement: number; moment: Moment } | null,
    work: () => Promise<unknown>,
  ): Promise<string[]> {
    const statements: string[] = [];
    [this.#statements, this.#at] = [statements, at];
    await work();
    [this.#statements, this.#at] = [null, null];
    return statements;
  }

  #pass(client: Client, parts: unknown[], query: Query): unknown {
    this.#statements?.push(textOf(parts[0]));
    if (this.#at === null || this.#at.statement !== this.#statements?.length)
      return query.apply(client, parts);
    const { moment } = this.#at;
    this.#at = null;
    if (moment === 'after') return loseAnswer(client, parts, query);
    cut(client);
    return query.apply(client, parts);
  }
}

/** The statement is done, and whoever sent it hears that the connection is lost. */
function loseAnswer(client: Client, parts: unknown[], query: Query): unknown {
  const callback = parts.find((part): part is Callback => typeof part === 'function');
  const done = query.apply(
    client,
    parts.filter((part) => part !== callback),
  ) as Promise<unknown>;
  const lost = done.then(() => {
    cut(client);
    throw new Error(LOST);
  });
  if (callback === undefined) return lost;
  lost.catch(callback);
  return undefined;
}

function cut(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

function textOf(statement: unknown): string {
  const text = typeof statement === 'string' ? statement : (statement as { text: string }).text;
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, 60);
}
