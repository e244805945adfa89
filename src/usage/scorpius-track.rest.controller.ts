import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { overage } from '../core/limit';
import { AccountService } from '../cost-centers/account.service';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import type { ApiDoor } from '../platform/doors/open-api-door';
import { Logger } from '../platform/logger';
import { ScorpiusMetrics } from '../platform/metrics-scorpius';
import type { ConsumedItem } from './consume-usage.commands';
import { OrganizationPlan } from './organization-plan.service';
import { usedUnits } from './scorpius-number.wire';
import { TrackBody, type TrackUsage } from './scorpius-track.commands';
import { ScorpiusTrack } from './scorpius-track.service';
import { fromTrack, inWordsOfTrack, toTracked, TrackAnswer } from './scorpius-track.wire';

const REFUSED = 402;

const TRACK_DOOR: ApiDoor = {
  name: 'scorpiusTrack',
  tag: 'scorpius',
  summary: 'Counts units of a feature, in Scorpius’s words',
  description: [
    'The answer says where the organisation stands after it. A request with an `Idempotency-Key` counts once and gets its',
    'first answer again. Units that a plan refuses are not counted and answered with 402 and the same body.',
  ].join(' '),
  headers: IdempotencyHeaders,
  body: TrackBody.meta({
    example: { org_id: 'acme', feature: 'scans', quantity: 1, metadata: { contract: '0x1f98' } },
  }),
  answers: { 200: TrackAnswer, 402: TrackAnswer },
  errors: ['not-found', 'conflict'],
};

/** `POST /usage/track`, in front of Nest as the other doors that are called for each use. */
@Injectable()
export class ScorpiusTrackController implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly tracking: ScorpiusTrack,
    private readonly accounts: AccountService,
    private readonly plans: OrganizationPlan,
    private readonly metrics: ScorpiusMetrics,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter?.getInstance<FastifyInstance | undefined>();
    if (!server?.hot) return;
    const config = { scope: 'events:write', errorShape: 'scorpius', api: TRACK_DOOR } as const;
    server.hot.post('/usage/track', { config }, (request, reply) => this.#track(request, reply));
  }

  async #track(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const command = fromTrack(request.body, request.headers);
    try {
      const answer = await this.tracking.track(command, request.principal!);
      const tracked = toTracked(command, answer);
      if (answer.status === 'recorded') this.#count(command, answer.items[0]!);
      return await reply.code(answer.status === 'refused' ? REFUSED : 200).send(tracked);
    } catch (error) {
      throw inWordsOfTrack(error);
    }
  }

  /** A metric that could not be counted is no failure of the request. */
  #count(
    { account: key, orgId, feature, quantity }: TrackUsage,
    { used, limit }: Pick<ConsumedItem, 'used' | 'limit'>,
  ): void {
    try {
      const plan = this.plans.labelOf(this.accounts.known(key)!);
      this.metrics.countUsage({ orgId, feature, plan }, usedUnits(quantity));
      if (overage(used, limit) > 0n) this.metrics.countBillingEvent('overage', orgId);
    } catch (error) {
      this.logger.debug({ err: error }, 'a tracked use was not counted in the metrics');
    }
  }
}
