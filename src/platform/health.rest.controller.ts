import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Public } from './auth/require-scope';
import { Clock } from './clock';
import { InstantText } from './doors/open-api-answer';
import { ApiDoor } from './doors/open-api-door';
import { HealthService } from './health.service';

const SERVICE = 'tallyhouse';

const ServiceName = z.literal(SERVICE);
const Dependency = z.enum(['healthy', 'unhealthy', 'not_configured']);
const Dependencies = z
  .strictObject({ database: Dependency, redis: Dependency, stripe: Dependency })
  .meta({ id: 'Dependencies' });
const AliveAnswer = z.strictObject({ status: z.literal('alive'), service: ServiceName });
const ReadyAnswer = z
  .strictObject({
    status: z.enum(['ready', 'degraded', 'unavailable', 'starting', 'shutting_down']),
    service: ServiceName,
    services: Dependencies,
  })
  .meta({ id: 'Readiness' });
const HealthAnswer = z.strictObject({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  service: ServiceName,
  time: InstantText,
  timestamp: InstantText,
  services: Dependencies,
});

/** The probes: open, because what asks them has no key. */
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly clock: Clock,
  ) {}

  /** Whether the process should be left alone. It asks no dependency: restarting us does not mend Postgres. */
  @Get('live')
  @Public()
  @ApiDoor({
    name: 'live',
    tag: 'operations',
    summary: 'Whether the process should be left alone',
    answers: { 200: AliveAnswer },
  })
  live() {
    return { status: 'alive', service: SERVICE };
  }

  /** Whether requests should come here. */
  @Get('ready')
  @Public()
  @ApiDoor({
    name: 'ready',
    tag: 'operations',
    summary: 'Whether requests should come here',
    answers: { 200: ReadyAnswer, 503: ReadyAnswer },
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const { isReady, status, services } = await this.health.state();
    reply.code(isReady ? 200 : 503);
    return { status, service: SERVICE, services };
  }

  /** Both originals' answer in one; always 200, because it tells of the process and its view of the rest. */
  @Get('health')
  @Public()
  @ApiDoor({
    name: 'health',
    tag: 'operations',
    summary: 'How the process sees itself and what it depends on',
    answers: { 200: HealthAnswer },
  })
  async overall() {
    const services = await this.health.dependencies();
    const now = this.clock.now().toISOString();
    const others = Object.values(services);
    const isWell = services.database === 'healthy';
    const status = !isWell ? 'unhealthy' : others.includes('unhealthy') ? 'degraded' : 'healthy';
    return { status, service: SERVICE, time: now, timestamp: now, services };
  }
}
