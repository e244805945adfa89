import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../auth/current-principal';
import type { Principal } from '../auth/principal';
import { RequireScope } from '../auth/require-scope';
import { ApiDoor } from '../doors/open-api-door';
import { CreateWebhook, ListWebhooks, UpdateWebhook, WebhookId } from './webhook.commands';
import {
  fromRestCreateWebhook,
  fromRestListWebhooks,
  fromRestUpdateWebhook,
  fromRestWebhookId,
  toRestWebhook,
  toRestWebhookPage,
  toRestWebhookWithSecret,
  WebhookAnswer,
  WebhookPageAnswer,
  WebhookWithSecretAnswer,
} from './webhook.wire';
import { Webhooks } from './webhooks.service';

/** Endpoints hear of every account: all of these doors need a key that acts for all accounts. */
@Controller('api/v1/webhook-endpoints')
export class WebhookController {
  constructor(private readonly webhooks: Webhooks) {}

  /** Makes an endpoint; this answer and that of a rotation are the only places its secret ever stands. */
  @Post()
  @RequireScope('webhooks:write')
  @Header('cache-control', 'no-store')
  @ApiDoor({
    name: 'createWebhookEndpoint',
    tag: 'webhooks',
    summary: 'Makes an endpoint that is told about billing events',
    description:
      'Calls are signed as Standard Webhooks says, with the secret in this answer. `webhook-id` is the id of the event and the same in every attempt. An answer of 2xx is a delivery, 410 disables the endpoint, anything else is tried again for about two days.',
    body: CreateWebhook.meta({
      example: { url: 'https://example.com/webhooks', types: ['invoice.*'], description: 'Accounting' },
    }),
    answers: { 201: WebhookWithSecretAnswer },
  })
  async create(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    return toRestWebhookWithSecret(await this.webhooks.create(caller, fromRestCreateWebhook(body)));
  }

  @Get()
  @RequireScope('webhooks:read')
  @ApiDoor({
    name: 'listWebhookEndpoints',
    tag: 'webhooks',
    summary: 'Lists endpoints, newest first',
    query: ListWebhooks,
    answers: { 200: WebhookPageAnswer },
  })
  async list(@CurrentPrincipal() caller: Principal, @Query() query: unknown) {
    return toRestWebhookPage(await this.webhooks.list(caller, fromRestListWebhooks(query)));
  }

  @Get(':id')
  @RequireScope('webhooks:read')
  @ApiDoor({
    name: 'getWebhookEndpoint',
    tag: 'webhooks',
    summary: 'Reads an endpoint',
    path: WebhookId,
    answers: { 200: WebhookAnswer },
    errors: ['not-found'],
  })
  async get(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestWebhook(await this.webhooks.get(caller, fromRestWebhookId(path)));
  }

  /** Changes what is given; what is left out stays. */
  @Patch(':id')
  @RequireScope('webhooks:write')
  @ApiDoor({
    name: 'updateWebhookEndpoint',
    tag: 'webhooks',
    summary: 'Changes an endpoint; what is left out stays as it is',
    path: WebhookId,
    body: UpdateWebhook.meta({ example: { types: ['*'], enabled: true } }),
    answers: { 200: WebhookAnswer },
    errors: ['not-found'],
  })
  async update(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const id = fromRestWebhookId(path);
    return toRestWebhook(await this.webhooks.update(caller, id, fromRestUpdateWebhook(body)));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('webhooks:write')
  @ApiDoor({
    name: 'removeWebhookEndpoint',
    tag: 'webhooks',
    summary: 'Removes an endpoint; what is still due to it is dropped',
    path: WebhookId,
    answers: { 204: null },
    errors: ['not-found'],
  })
  async remove(@CurrentPrincipal() caller: Principal, @Param() path: unknown): Promise<void> {
    await this.webhooks.remove(caller, fromRestWebhookId(path));
  }

  /** Gives the endpoint a new secret. */
  @Post(':id/rotate-secret')
  @HttpCode(200)
  @RequireScope('webhooks:write')
  @Header('cache-control', 'no-store')
  @ApiDoor({
    name: 'rotateWebhookSecret',
    tag: 'webhooks',
    summary: 'Gives an endpoint a new secret; for a day calls are signed with the old one as well',
    path: WebhookId,
    answers: { 200: WebhookWithSecretAnswer },
    errors: ['not-found'],
  })
  async rotateSecret(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestWebhookWithSecret(await this.webhooks.rotateSecret(caller, fromRestWebhookId(path)));
  }
}
