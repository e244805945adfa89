import { Controller, Get, Res } from '@nestjs/common';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Public } from './auth/require-scope';
import { ApiDoor } from './doors/open-api-door';

/** `/metrics` for a scraper. It names no account, which is why it is open. */
@Controller()
export class MetricsController extends PrometheusController {
  @Get()
  @Public()
  @ApiDoor({
    name: 'metrics',
    tag: 'operations',
    summary: 'Figures for Prometheus',
    answers: { 200: z.string() },
    answerType: 'text/plain',
  })
  override index(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    return super.index(reply);
  }
}
