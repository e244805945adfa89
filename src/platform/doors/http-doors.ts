import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  onRequestHookHandler,
  RouteHandlerMethod,
  RouteOptions,
} from 'fastify';
import { PUBLIC_DOOR, type DoorRule } from '../auth/door-rule';
import type { Principal } from '../auth/principal';
import type { DoorTimer } from '../metrics-door-histogram';
import type { HttpRoute } from './door';

/** What the routes need from the running application. */
export interface HttpDoorRules {
  /** Judges the caller; throws what his answer will be. */
  admit(request: FastifyRequest, rule: DoorRule): Principal | Promise<Principal>;
  timer(method: string, route: string): DoorTimer;
  /** Called after each answer with its duration in milliseconds. */
  answered(request: FastifyRequest, reply: FastifyReply, elapsedMs: number): void;
  /** Words a failure that reached no controller. */
  fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void;
}

/** Pages for people, which need no key to be looked at and get the headers a browser wants. */
const PAGES = ['/docs', '/docs-json', '/docs-yaml', '/dashboard'];

/**
 * The common part of every HTTP route, controller or raw: who may enter is decided before the body is read, every answer
 * carries its correlation id, and every answer is counted under its route's template. The server exists before the
 * application does, so the rules are handed in later and looked up on each use.
 */
export class HttpDoors {
  readonly #routes: HttpRoute[] = [];
  #rules: HttpDoorRules | null = null;

  /** Every route there is, in the order of registration. */
  get routes(): readonly HttpRoute[] {
    return this.#routes;
  }

  get rules(): HttpDoorRules {
    if (this.#rules === null) throw new Error('a route was used before its rules were known');
    return this.#rules;
  }

  /** Hands in the application's rules; called once while it starts. */
  bind(rules: HttpDoorRules): void {
    this.#rules = rules;
  }

  /** Equips every route that is registered on `server` from here on. */
  equip(server: FastifyInstance): void {
    server.decorateRequest('principal', null);
    server.addHook('onRoute', (route) => {
      const door = this.#add(route);
      const greet = isPage(route.url) ? protectPage : identify;
      route.onRequest = [...asList(route.onRequest), this.#entry(door, greet)];
      // On the route, because the server's own handler holds only for routes registered after it was set.
      route.errorHandler ??= (error, request, reply) => this.rules.fail(error, request, reply);
      const count = this.#counter(door);
      route.onResponse = [
        ...asList(route.onResponse),
        (request, reply, done) => {
          count(request, reply, reply.elapsedTime);
          done();
        },
      ];
    });
  }

  /**
   * The same for routes in front of Nest, without what costs a request several per cent there: the id is only given back to
   * whoever sent one (a failure always carries it), and the time counts until the handler is done, not until the last byte.
   */
  equipHot(server: FastifyInstance): void {
    server.decorateRequest('principal', null);
    server.decorateRequest('enteredMs', 0);
    server.addHook('onRoute', (route) => {
      const door = this.#add(route);
      route.onRequest = [...asList(route.onRequest), this.#entry(door, enter)];
      const count = this.#counter(door);
      const done = (request: FastifyRequest, reply: FastifyReply): void =>
        count(request, reply, performance.now() - request.enteredMs);
      route.errorHandler = (error, request, reply) => {
        this.rules.fail(error, request, reply);
        done(request, reply);
      };
      route.handler = timed(route.handler, done);
    });
  }

  #add(route: RouteOptions): HttpRoute {
    const door = httpRouteOf(route);
    this.#routes.push(door);
    return door;
  }

  /** One hook does both, because each hook of its own costs a request more than what it does. */
  #entry(
    { rule }: HttpRoute,
    greet: (request: FastifyRequest, reply: FastifyReply) => void,
  ): onRequestHookHandler {
    return (request, reply, done) => {
      greet(request, reply);
      if (rule === null || rule.scope === null) {
        done();
        return;
      }
      let who: Principal | Promise<Principal>;
      try {
        who = this.rules.admit(request, rule);
      } catch (error) {
        done(error as Error);
        return;
      }
      if (who instanceof Promise) {
        who.then((principal) => letIn(request, principal, done), done);
      } else {
        letIn(request, who, done);
      }
    };
  }

  #counter({ url }: HttpRoute): (request: FastifyRequest, reply: FastifyReply, elapsedMs: number) => void {
    const timers = new Map<string, DoorTimer>();
    return (request, reply, elapsedMs) => {
      const { method } = request;
      let timer = timers.get(method);
      if (timer === undefined) {
        timer = this.rules.timer(method, url);
        timers.set(method, timer);
      }
      timer.observe(reply.statusCode, elapsedMs / 1000);
      this.rules.answered(request, reply, elapsedMs);
    };
  }
}

/** Tells when the handler is done; a failure is told by the error handler instead. */
function timed(
  handler: RouteHandlerMethod,
  done: (request: FastifyRequest, reply: FastifyReply) => void,
): RouteHandlerMethod {
  return function (request, reply) {
    const outcome = handler.call(this, request, reply);
    if (outcome instanceof Promise) outcome.then(() => done(request, reply), ignore);
    else reply.raw.once('finish', () => done(request, reply));
    return outcome;
  };
}

function ignore(): void {
  // The same failure reaches the error handler.
}

function enter(request: FastifyRequest, reply: FastifyReply): void {
  request.enteredMs = performance.now();
  if (request.headers['x-request-id'] !== undefined) reply.header('x-request-id', request.id);
}

function letIn(request: FastifyRequest, principal: Principal, done: HookHandlerDoneFunction): void {
  request.principal = principal;
  done();
}

function identify(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
}

function protectPage(request: FastifyRequest, reply: FastifyReply): void {
  identify(request, reply);
  reply.helmet();
}

function httpRouteOf({ method, url, config }: RouteOptions): HttpRoute {
  return {
    methods: Array.isArray(method) ? method : [method],
    url,
    rule: ruleOf(url, config),
    errorShape: config?.errorShape ?? 'problem',
    api: config?.api ?? null,
    isPage: isPage(url),
  };
}

function ruleOf(url: string, config: RouteOptions['config']): DoorRule | null {
  if (config?.public === true || isPage(url)) return PUBLIC_DOOR;
  if (config?.scope === undefined) return null;
  return { scope: config.scope, internalKey: config.internalKey ?? false };
}

function isPage(url: string): boolean {
  return PAGES.some((page) => url === page || url.startsWith(`${page}/`));
}

function asList<T>(hooks: T | T[] | undefined): T[] {
  if (hooks === undefined) return [];
  return Array.isArray(hooks) ? hooks : [hooks];
}
