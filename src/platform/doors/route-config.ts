import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants';
import type { Principal } from '../auth/principal';
import type { Scope } from '../auth/scope';

/** How a door words its failures: ours is RFC 9457, an original's door keeps the original's words. */
export type ErrorShape = 'problem' | 'waybill' | 'scorpius';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope the route needs. Raw routes declare it here, controllers through `@RequireScope`. */
    scope?: Scope;
    /** Whether the internal key opens the route too. */
    internalKey?: boolean;
    /** Whether everybody may come in. */
    public?: boolean;
    errorShape?: ErrorShape;
    /** What an original's door says instead of the reason when something of ours broke. */
    internalText?: string;
  }
  interface FastifyRequest {
    /** Who calls; null on public doors and before the caller was judged. */
    principal: Principal | null;
    /** When the request was seen, on routes in front of Nest; milliseconds of `performance.now()`. */
    enteredMs: number;
  }
}

/** Adds to the Fastify configuration of a controller's method without taking away what another decorator put there. */
export function routeConfig(config: Record<string, unknown>): MethodDecorator {
  return (target, name, descriptor) => {
    const handler: unknown = descriptor.value;
    if (typeof handler !== 'function') return;
    const before = (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) ?? {}) as object;
    RouteConfig({ ...before, ...config })(target, name, descriptor);
  };
}

/** Lets a controller's method answer failures as the original service did. `internalText` is its word for our faults. */
export function AnswerErrorsAs(shape: ErrorShape, internalText?: string): MethodDecorator {
  return routeConfig({ errorShape: shape, ...(internalText === undefined ? {} : { internalText }) });
}
