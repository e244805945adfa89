import { applyDecorators, SetMetadata } from '@nestjs/common';
import { routeConfig } from '../doors/route-config';
import { PUBLIC_DOOR, type DoorRule } from './door-rule';
import type { Scope } from './scope';

export const DOOR_RULE = 'tallyhouse:door-rule';

/**
 * Declares the scope a REST or gRPC door needs. `internalKey: true` opens it to the platform's internal key as well. The
 * rule also stands in the route's own configuration, so that a REST caller is judged before his body is read.
 */
export function RequireScope(scope: Scope, options: { internalKey?: boolean } = {}): MethodDecorator {
  const rule: DoorRule = { scope, internalKey: options.internalKey ?? false };
  return applyDecorators(SetMetadata(DOOR_RULE, rule), routeConfig({ scope, internalKey: rule.internalKey }));
}

/** Declares a door open to everybody. The list of such doors is short and written down in a test. */
export function Public(): MethodDecorator {
  return applyDecorators(SetMetadata(DOOR_RULE, PUBLIC_DOOR), routeConfig({ public: true }));
}
