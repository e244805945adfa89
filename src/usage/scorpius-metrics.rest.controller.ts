import { Controller, Get, Header } from '@nestjs/common';
import { z } from 'zod';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import { requireEveryAccount, type Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AnswerErrorsAs } from '../platform/doors/route-config';
import { ScorpiusMetrics } from '../platform/metrics-scorpius';
import { ScorpiusFigures } from './scorpius-figures.service';
import { toScorpiusSeries } from './scorpius-metrics.wire';

/** Scorpius's figures for Prometheus. They name organisations, which is why they are behind a token. */
@Controller('metrics')
export class ScorpiusMetricsController {
  constructor(
    private readonly metrics: ScorpiusMetrics,
    private readonly figures: ScorpiusFigures,
  ) {}

  @Get('usage')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @RequireScope('metrics:read')
  @AnswerErrorsAs('scorpius', 'Metrics generation failed')
  @ApiDoor({
    name: 'scorpiusMetrics',
    tag: 'scorpius',
    summary: 'Figures of organisations for Prometheus, in Scorpius’s words',
    description: 'For the bearer of `METRICS_TOKEN`, or a key with the scope that acts for all accounts.',
    answers: { 200: z.string() },
    answerType: 'text/plain',
  })
  async index(@CurrentPrincipal() caller: Principal): Promise<string> {
    requireEveryAccount(caller);
    const computed = toScorpiusSeries(await this.figures.read());
    return `${await this.metrics.text()}\n${computed}`;
  }
}
