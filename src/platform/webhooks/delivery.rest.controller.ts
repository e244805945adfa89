import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../auth/current-principal';
import type { Principal } from '../auth/principal';
import { RequireScope } from '../auth/require-scope';
import { ApiDoor } from '../doors/open-api-door';
import { ListWebhooks, ReplayWebhook, WebhookId } from './webhook.commands';
import {
  DeliveryPageAnswer,
  fromRestListWebhooks,
  fromRestReplayWebhook,
  fromRestWebhookId,
  ReplayAnswer,
  toRestDeliveryPage,
  toRestReplay,
} from './webhook.wire';
import { WebhookDelivery } from './webhook-delivery.service';
import { Webhooks } from './webhooks.service';

@Controller('api/v1/webhook-endpoints/:id')
export class DeliveryController {
  constructor(
    private readonly webhooks: Webhooks,
    private readonly delivery: WebhookDelivery,
  ) {}

  @Get('deliveries')
  @RequireScope('webhooks:read')
  @ApiDoor({
    name: 'listWebhookDeliveries',
    tag: 'webhooks',
    summary: 'Lists attempts to tell an endpoint, newest first',
    path: WebhookId,
    query: ListWebhooks,
    answers: { 200: DeliveryPageAnswer },
    errors: ['not-found'],
  })
  async list(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const id = fromRestWebhookId(path);
    return toRestDeliveryPage(await this.webhooks.deliveriesOf(caller, id, fromRestListWebhooks(query)));
  }

  /** Tells the endpoint again of events it has heard, or should have. */
  @Post('replay')
  @HttpCode(202)
  @RequireScope('webhooks:write')
  @ApiDoor({
    name: 'replayWebhooks',
    tag: 'webhooks',
    summary: 'Tells an endpoint again of events of its types',
    description: 'Up to 10,000 events by one request; `next` names the first one that was left.',
    path: WebhookId,
    body: ReplayWebhook.meta({ example: { from: '01890000-0000-7000-8000-000000000000' } }),
    answers: { 202: ReplayAnswer },
    errors: ['not-found'],
  })
  async replay(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const id = fromRestWebhookId(path);
    return toRestReplay(await this.delivery.replay(caller, id, fromRestReplayWebhook(body)));
  }
}
