import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../core/errors';
import { callOf } from '../doors/grpc-call';
import { CREDENTIAL_NEEDED } from './credentials';
import type { Principal } from './principal';

/**
 * Who calls this door, REST or gRPC. Throws `unauthenticated` on a public door, which has no caller to speak of. On an rpc the
 * message then needs `@Payload()`: Nest passes undecorated parameters only where none is decorated.
 */
export const CurrentPrincipal = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Principal => {
    const principal =
      context.getType() === 'rpc'
        ? callOf(context.getArgs()).principal
        : context.switchToHttp().getRequest<FastifyRequest>().principal;
    if (principal === null || principal === undefined) {
      throw new DomainError('unauthenticated', CREDENTIAL_NEEDED);
    }
    return principal;
  },
);
