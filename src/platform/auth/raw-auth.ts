import type { FastifyRequest } from 'fastify';
import { credentialOf } from './credentials';
import type { DoorRule } from './door-rule';
import type { Principal } from './principal';
import type { PrincipalResolver } from './principal-resolver';

/**
 * Judges the caller of a Fastify request, for raw routes and for controllers alike. Answers at once for a key seen in the
 * last seconds. Throws as `PrincipalResolver.admit` does.
 */
export function authenticateRaw(
  resolver: PrincipalResolver,
  request: FastifyRequest,
  rule: DoorRule,
): Principal | Promise<Principal> {
  const apiKey = request.headers['x-api-key'];
  const credential = credentialOf(
    Array.isArray(apiKey) ? apiKey[0] : apiKey,
    request.headers.authorization,
    rule.internalKey,
  );
  return resolver.admit({ credential, source: () => request.ip }, rule);
}
