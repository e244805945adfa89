import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Metadata } from '@grpc/grpc-js';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../core/errors';
import { overSince } from '../call-life';
import { CONFIG, type Config } from '../config';
import { callOf, type Call } from '../doors/grpc-call';
import { credentialOf } from './credentials';
import type { DoorRule } from './door-rule';
import { requireScope, type Principal } from './principal';
import { PrincipalResolver } from './principal-resolver';
import { authenticateRaw } from './raw-auth';
import { DOOR_RULE } from './require-scope';

/** The one guard of REST and gRPC: a door that declares nothing lets nobody in. */
@Injectable()
export class PrincipalGuard implements CanActivate {
  readonly #rules = new WeakMap<object, DoorRule>();

  constructor(
    private readonly resolver: PrincipalResolver,
    @Inject(CONFIG) private readonly config: Pick<Config, 'grpcAuth'>,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const rule = this.#ruleOf(context.getHandler());
    if (rule.scope === null) return true;
    if (context.getType() === 'rpc') return this.#admitCall(callOf(context.getArgs()), rule);
    return this.#admitRequest(context.switchToHttp().getRequest<FastifyRequest>(), rule);
  }

  /** The route's hook has usually judged the caller before his body was read; then only the scope is looked at again. */
  #admitRequest(request: FastifyRequest, rule: DoorRule): boolean | Promise<boolean> {
    if (request.principal !== null && request.principal !== undefined) {
      if (rule.scope !== null) requireScope(request.principal, rule.scope);
      return true;
    }
    return settle(authenticateRaw(this.resolver, request, rule), (principal) => {
      request.principal = principal;
    });
  }

  #admitCall(call: Call, rule: DoorRule): boolean | Promise<boolean> {
    const credential = credentialOf(
      textOf(call.metadata, 'x-api-key'),
      textOf(call.metadata, 'authorization'),
      rule.internalKey,
    );
    const source = (): string => hostOf(call.getPeer());
    if (credential === null && this.config.grpcAuth === 'network') {
      call.principal = this.resolver.admitNetwork(source, rule);
      return true;
    }
    return settle(this.resolver.admit({ credential, source }, rule), (principal) => {
      const over = overSince(call);
      if (over !== null) throw over;
      call.principal = principal;
    });
  }

  #ruleOf(handler: object): DoorRule {
    const known = this.#rules.get(handler);
    if (known !== undefined) return known;
    const rule = Reflect.getMetadata(DOOR_RULE, handler) as DoorRule | undefined;
    if (rule === undefined) throw new DomainError('forbidden', 'This door declares no permission');
    this.#rules.set(handler, rule);
    return rule;
  }
}

function settle(
  who: Principal | Promise<Principal>,
  keep: (principal: Principal) => void,
): boolean | Promise<boolean> {
  if (who instanceof Promise) {
    return who.then((principal) => {
      keep(principal);
      return true;
    });
  }
  keep(who);
  return true;
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0];
  return typeof value === 'string' ? value : undefined;
}

/** `127.0.0.1:50123` and `[::1]:50123` without the port: one caller opens many connections. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
