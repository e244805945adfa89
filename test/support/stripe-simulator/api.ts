import { setTimeout as sleep } from 'node:timers/promises';
import { catalogue, findRoute, type Route } from './catalogue';
import type { ContractEntry, ContractLog } from './contract-log';
import { expand } from './expand';
import type { FaultRule, Faults } from './faults';
import { readForm } from './form';
import { handlers } from './handlers';
import { IdempotencyKeys, type Answer } from './idempotency';
import { tooMany, type RateLimiter } from './rate-limit';
import { checkParams, hasSchema } from './request-schema';
import type { Call, StripeObject } from './stripe-object';
import { StripeRefusal, notModelled } from './stripe-refusal';
import { catchUp } from './time-passing';
import type { World } from './world';

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly headers: Record<string, string | undefined>;
}

/** An answer, or the way in which there is none. */
export type Outcome = Answer | 'closed' | 'reset';

/** Stripe's side of the wire: keys, limits, idempotency, faults, then the operation itself. */
export class StripeApi {
  readonly idempotency: IdempotencyKeys;
  limiter: RateLimiter | null = null;
  #running = 0;
  #requests = 0;

  constructor(
    private readonly world: World,
    readonly faults: Faults,
    readonly contract: ContractLog,
  ) {
    this.idempotency = new IdempotencyKeys(world);
  }

  async answer(request: WireRequest): Promise<Outcome> {
    const requestId = `req_sim${(++this.#requests).toString().padStart(10, '0')}`;
    const headers = {
      'request-id': requestId,
      'stripe-version': request.headers['stripe-version'] ?? catalogue.apiVersion,
    };
    const entry = this.contract.add(newEntry(requestId, this.world.clock.now(), request));
    this.#running += 1;
    try {
      const outcome = await this.#answerTo(request, entry).catch(refusalAsAnswer);
      if (typeof outcome === 'string') return outcome;
      entry.status = outcome.status;
      const key = request.headers['idempotency-key'];
      return {
        ...outcome,
        headers: { ...headers, ...(key ? { 'idempotency-key': key } : {}), ...outcome.headers },
      };
    } finally {
      this.#running -= 1;
      this.contract.close(entry);
    }
  }

  async #answerTo(request: WireRequest, entry: ContractEntry): Promise<Outcome> {
    checkKey(request);
    const route = findRoute(request.method, request.path);
    if (!route) throw unknownUrl(request);
    entry.operation = route.operation;
    const call = readCall(request, route, entry.requestId);
    Object.assign(entry, { params: structuredClone(call.params) });
    const fault = this.faults.meet(route.operation);
    entry.fault = fault?.kind ?? null;
    const before = await faultBefore(fault);
    if (before) return before;
    this.limiter?.check(route.operation, this.#running);
    const handler = handlers[route.operation];
    if (!handler) throw notModelled(route.operation);
    if (hasSchema(route)) checkParams(route, call.params, call.v2);
    catchUp(this.world);
    const replay = this.idempotency.begin(call);
    if (replay) {
      entry.replayed = true;
      return fault?.kind === 'lose-answer' ? 'closed' : replay;
    }
    return this.#execute(call, fault);
  }

  /** From here on the answer belongs to the key, whatever it is. */
  async #execute(call: Call, fault: FaultRule | null): Promise<Outcome> {
    if (fault?.kind === 'slow') await sleep(fault.ms ?? 1000);
    const failsBefore = fault?.kind === 'error-before';
    let answer = failsBefore ? serverError() : this.#perform(call);
    if (fault?.kind === 'error-after') answer = serverError();
    this.idempotency.finish(call, answer);
    if (fault?.kind === 'slow-answer') await sleep(fault.ms ?? 1000);
    return fault?.kind === 'lose-answer' ? 'closed' : answer;
  }

  #perform(call: Call): Answer {
    this.world.request = { id: call.requestId, idempotency_key: call.idempotencyKey };
    try {
      const body = handlers[call.operation]!(this.world, call);
      const paths = (call.params.expand ?? []) as string[];
      return { status: 200, body: expand(this.world, body, paths), headers: {} };
    } catch (error) {
      return refusalAsAnswer(error);
    } finally {
      this.world.request = { id: null, idempotency_key: null };
    }
  }
}

function newEntry(requestId: string, at: number, request: WireRequest): ContractEntry {
  const idempotencyKey = request.headers['idempotency-key'] ?? null;
  const { method, path } = request;
  const none = { operation: null, params: {}, status: 0, replayed: false, fault: null };
  return { requestId, at, method, path, idempotencyKey, ...none };
}

/** @throws StripeRefusal 401 without a test key */
function checkKey(request: WireRequest): void {
  const [scheme, credentials = ''] = (request.headers.authorization ?? '').split(' ');
  const basic = scheme?.toLowerCase() === 'basic';
  const key = basic ? Buffer.from(credentials, 'base64').toString().split(':')[0]! : credentials;
  if (/^(sk|rk)_test_\w+$/.test(key)) return;
  const message = key
    ? 'The API key is not one of this simulator: it takes sk_test_*.'
    : 'No API key was sent.';
  throw new StripeRefusal(401, { type: 'invalid_request_error', message });
}

function readCall(request: WireRequest, route: Route, requestId: string): Call {
  const v2 = request.path.startsWith('/v2/');
  const inQuery = request.method === 'GET' || request.method === 'DELETE';
  const { method, path, headers } = request;
  const params = v2 && !inQuery ? readJson(request.body) : readForm(inQuery ? request.query : request.body);
  // Stripe reads idempotency keys of what changes something: POST in v1, POST and DELETE in v2.
  const keyed = method === 'POST' || (v2 && method === 'DELETE');
  const idempotencyKey = (keyed && headers['idempotency-key']) || null;
  return { operation: route.operation, method, path, ids: route.ids, params, idempotencyKey, requestId, v2 };
}

function readJson(body: string): StripeObject {
  try {
    return (body === '' ? {} : JSON.parse(body)) as StripeObject;
  } catch {
    throw new StripeRefusal(400, { type: 'invalid_request_error', message: 'The body is not JSON.' });
  }
}

async function faultBefore(fault: FaultRule | null): Promise<Outcome | null> {
  switch (fault?.kind) {
    case 'lose-request':
      return 'closed';
    case 'reset':
      return 'reset';
    case 'gateway-error':
      return serverError();
    case 'rate-limit':
      throw tooMany('global-rate');
    default:
      return null;
  }
}

function serverError(): Answer {
  return {
    status: 500,
    body: { error: { type: 'api_error', message: 'Something went wrong on our side.' } },
    headers: {},
  };
}

function refusalAsAnswer(error: unknown): Answer {
  if (!(error instanceof StripeRefusal)) throw error;
  return { status: error.status, body: { error: error.error }, headers: error.headers };
}

function unknownUrl(request: WireRequest): StripeRefusal {
  const message = `Unrecognized request URL (${request.method}: ${request.path}).`;
  return new StripeRefusal(404, { type: 'invalid_request_error', message });
}
