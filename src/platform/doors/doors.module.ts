import { Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { AuthModule } from '../auth/auth.module';
import { PrincipalGuard } from '../auth/principal.guard';
import { PrincipalResolver } from '../auth/principal-resolver';
import { authenticateRaw } from '../auth/raw-auth';
import { Logger } from '../logger';
import { DoorMetrics } from '../metrics';
import { ScorpiusMetrics } from '../metrics-scorpius';
import { accessLog } from './access-log';
import { refuseUndeclared, rpcRules } from './door-list';
import { ErrorFilter } from './error-filter';

/** What all doors have in common: who may enter, how failures are worded, what is counted and logged. */
@Module({
  imports: [AuthModule],
  providers: [
    ErrorFilter,
    { provide: APP_FILTER, useExisting: ErrorFilter },
    { provide: APP_GUARD, useClass: PrincipalGuard },
  ],
  exports: [ErrorFilter],
})
export class DoorsModule implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly modules: ModulesContainer,
    private readonly resolver: PrincipalResolver,
    private readonly metrics: DoorMetrics,
    private readonly scorpius: ScorpiusMetrics,
    private readonly errors: ErrorFilter,
    private readonly logger: Logger,
  ) {}

  /** The HTTP server was made before us and waits for its rules. A command-line run has none. */
  onModuleInit(): void {
    if (this.host.httpAdapter?.getType() !== 'fastify') return;
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    if (!server.hasDecorator('httpDoors')) return;
    server.httpDoors.bind({
      admit: (request, rule) => authenticateRaw(this.resolver, request, rule),
      timer: (method, route) => this.scorpius.timed(`${method} ${route}`, this.metrics.http(method, route)),
      answered: accessLog(this.logger),
      fail: (error, request, reply) => this.errors.failRequest(error, request, reply),
    });
  }

  /** The routes are looked at by the HTTP server itself, as the last thing before it listens. */
  onApplicationBootstrap(): void {
    refuseUndeclared(rpcRules(this.modules).map(({ ending, rule }) => ({ name: ending, rule })));
  }
}
