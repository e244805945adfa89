import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, type ErrorCode } from '../core/errors';
import type { UsageEvent } from '../core/event';
import { formatQuantity } from '../core/quantity';
import type { RowVerdict } from './row-verdict';

/** A body stays below what a door takes, which is a million bytes and a little. */
const BODY_MAX = 900_000;

/** What doors say of a failure: ours in `detail`, Waybill's in `error`. */
interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly error?: string;
}

/** Waybill's doors name no code, so that its status has to do. */
const STATUS_TO_CODE: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-argument',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  503: 'unavailable',
};

/** The REST doors of a running service, as an importer knocks at them. */
export class RestDoor {
  constructor(
    private readonly base: string,
    private readonly apiKey: string,
  ) {}

  /**
   * Asks a door and answers what it says. Waits when the door asks for it, once; every other failure is a DomainError with
   * the code of the answer.
   */
  async send<Answer>(method: string, path: string, request: RestRequest = {}): Promise<Answer> {
    return (await this.#send(method, path, { ...request, mayWait: true })) as Answer;
  }

  /** Records events of any age, as many to a body as fit; one verdict each, in their order. */
  async record(events: readonly UsageEvent[]): Promise<readonly RowVerdict[]> {
    const verdicts: RowVerdict[] = [];
    for (const part of bodies(events.map(eventText))) {
      const body = `{"backfill":true,"events":[${part.join(',')}]}`;
      const answer = await this.send<{ verdicts: RowVerdict[] }>('POST', '/api/v1/events', { body });
      verdicts.push(...answer.verdicts);
    }
    return verdicts;
  }

  async #send(
    method: string,
    path: string,
    request: RestRequest & { readonly mayWait: boolean },
  ): Promise<unknown> {
    const { body, headers, mayWait } = request;
    const response = await fetch(new URL(path, this.base), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        'x-api-key': this.apiKey,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new DomainError('unavailable', `${this.base} does not answer (${reasonOf(error)})`);
    });
    const text = await response.text();
    if (response.ok) return text === '' ? null : JSON.parse(text);
    if (response.status === 429 && mayWait) {
      await sleep(parseInt(response.headers.get('retry-after') ?? '1', 10) * 1_000);
      return this.#send(method, path, { ...request, mayWait: false });
    }
    const { code, detail, error } = problemOf(text);
    const byStatus = STATUS_TO_CODE[response.status] ?? (response.status >= 500 ? 'unavailable' : 'internal');
    const words = detail ?? error ?? `${method} ${path} answers ${response.status}`;
    throw new DomainError((code as ErrorCode | undefined) ?? byStatus, words);
  }
}

interface RestRequest {
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
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

function eventText(event: UsageEvent): string {
  const { account, source, id, type, occurredAt, quantity, resource, properties } = event;
  return JSON.stringify({
    ...{ id, source, account, type },
    occurred_at: new Date(occurredAt).toISOString(),
    ...(quantity === null ? {} : { quantity: formatQuantity(quantity) }),
    ...(resource === null ? {} : { resource }),
    ...(properties === null ? {} : { properties }),
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
