import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import { Ids } from '../platform/ids';
import { fromRestCheck, toRestCheck } from './check-usage.wire';
import { fromRestConsume, toRestConsume } from './consume-usage.wire';
import { CHECK_DOOR, CONSUME_DOOR } from './limit-doors';
import { UsageDecisions } from './usage-decision.service';

/** The doors that somebody asks before each use, in front of Nest like those of events. */
@Injectable()
export class LimitRestController implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly decisions: UsageDecisions,
    private readonly ids: Ids,
  ) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter?.getInstance<FastifyInstance | undefined>();
    if (!server?.hot) return;
    server.hot.post(
      '/api/v1/check',
      { config: { scope: 'usage:read', api: CHECK_DOOR } },
      async (request, reply) => this.#check(request, reply),
    );
    server.hot.post(
      '/api/v1/consume',
      { config: { scope: 'events:write', api: CONSUME_DOOR } },
      async (request, reply) => this.#consume(request, reply),
    );
  }

  async #check(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asking = { principal: request.principal!, door: 'rest' } as const;
    return reply.send(toRestCheck(await this.decisions.check(fromRestCheck(request.body), asking)));
  }

  async #consume(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asking = { principal: request.principal!, door: 'rest' } as const;
    const id = IdempotencyHeaders.parse(request.headers)['idempotency-key'] ?? this.ids.uuidv7();
    const command = fromRestConsume(request.body, id);
    const decision = await this.decisions.consume(command, asking);
    return reply.send(toRestConsume(id, decision, await this.decisions.metersOf(decision)));
  }
}
