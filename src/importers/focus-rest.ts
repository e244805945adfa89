import { setTimeout as sleep } from 'node:timers/promises';
import type { FocusUsage } from '../core/focus';
import type { FocusPrice } from '../core/focus-price';
import { formatQuantity } from '../core/quantity';
import { skuToJson } from '../core/sku';
import { DomainError, type ErrorCode } from '../core/errors';
import type { FocusTarget, RowVerdict } from './focus-target';

/** A body stays below what a door takes, which is a million bytes and a little. */
const BODY_MAX = 900_000;
const PUTS_AT_ONCE = 8;

interface Problem {
  readonly code?: string;
  readonly detail?: string;
}

/** Hands rows to the REST doors of a running service. */
export class RestTarget implements FocusTarget {
  constructor(
    private readonly base: string,
    private readonly apiKey: string,
  ) {}

  async prepare(prices: readonly FocusPrice[]): Promise<ReadonlyMap<string, string>> {
    const obstacles = new Map<string, string>();
    const waiting = [...prices];
    const worker = async (): Promise<void> => {
      for (let price = waiting.pop(); price !== undefined; price = waiting.pop()) {
        const obstacle = await this.#prepareOne(price);
        if (obstacle !== null) obstacles.set(price.meter, obstacle);
      }
    };
    await Promise.all(Array.from({ length: PUTS_AT_ONCE }, worker));
    return obstacles;
  }

  async #prepareOne({ meter, name, unit, currency, unitAmount, sku }: FocusPrice): Promise<string | null> {
    try {
      await this.#send('PUT', `/api/v1/meters/${meter}`, { name, unit, aggregation: 'sum' });
      const price = { model: 'per_unit', unit_amount: formatQuantity(unitAmount) };
      await this.#send('PUT', `/api/v1/meters/${meter}/list-price`, { currency, price, sku: skuToJson(sku) });
      return null;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'failed-precondition') return error.message;
      throw error;
    }
  }

  async record(rows: readonly FocusUsage[]): Promise<readonly RowVerdict[]> {
    const verdicts: RowVerdict[] = [];
    for (const events of bodies(rows.map(eventText))) {
      const body = `{"backfill":true,"events":[${events.join(',')}]}`;
      const answer = (await this.#send('POST', '/api/v1/events', body)) as { verdicts: RowVerdict[] };
      verdicts.push(...answer.verdicts);
    }
    return verdicts;
  }

  /** Waits when the door asks for it, once; every other failure is a DomainError with the code of the answer. */
  async #send(method: string, path: string, body: unknown, mayWait = true): Promise<unknown> {
    const response = await fetch(new URL(path, this.base), {
      method,
      headers: { 'content-type': 'application/json', 'x-api-key': this.apiKey },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }).catch((error: unknown) => {
      throw new DomainError('unavailable', `${this.base} does not answer (${reasonOf(error)})`);
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    if (response.status === 429 && mayWait) {
      await sleep(parseInt(response.headers.get('retry-after') ?? '1', 10) * 1_000);
      return this.#send(method, path, body, false);
    }
    const { code, detail } = problemOf(text);
    const failure = code ?? (response.status >= 500 ? 'unavailable' : 'internal');
    throw new DomainError(failure as ErrorCode, detail ?? `${method} ${path} answers ${response.status}`);
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

function problemOf(text: string): Problem {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return {};
  }
}

function eventText({
  account,
  source,
  id,
  occurredAt,
  quantity,
  resource,
  properties,
  price,
}: FocusUsage): string {
  return JSON.stringify({
    id,
    source,
    account,
    type: price.meter,
    occurred_at: new Date(occurredAt).toISOString(),
    quantity: formatQuantity(quantity),
    ...(resource === null ? {} : { resource }),
    properties,
  });
}

/** Events in their order, as many to a body as fit. */
function* bodies(events: readonly string[]): Generator<string[]> {
  let [body, size]: [string[], number] = [[], 0];
  for (const event of events) {
    const length = Buffer.byteLength(event) + 1;
    if (size + length > BODY_MAX && body.length > 0) {
      yield body;
      [body, size] = [[], 0];
    }
    body.push(event);
    size += length;
  }
  if (body.length > 0) yield body;
}
