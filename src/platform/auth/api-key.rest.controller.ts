import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiDoor } from '../doors/open-api-door';
import { ApiKeyId, CreateApiKey, ListApiKeys } from './api-key.commands';
import { ApiKeyService } from './api-key.service';
import {
  ApiKeyPageAnswer,
  CreatedApiKeyAnswer,
  fromRestApiKeyId,
  fromRestCreateApiKey,
  fromRestListApiKeys,
  toRestApiKeyPage,
  toRestCreatedApiKey,
} from './api-key.wire';
import { CurrentPrincipal } from './current-principal';
import type { Principal } from './principal';
import { RequireScope } from './require-scope';

@Controller('api/v1/api-keys')
export class ApiKeyController {
  constructor(private readonly keys: ApiKeyService) {}

  /** Makes a key; this answer is the only place its text ever stands. */
  @Post()
  @RequireScope('keys:write')
  @Header('cache-control', 'no-store')
  @ApiDoor({
    name: 'createApiKey',
    tag: 'api-keys',
    summary: 'Makes a key; this answer is the only place its text ever stands',
    description: 'Nobody can give more than he has: neither scopes nor accounts.',
    body: CreateApiKey.meta({
      example: { name: 'Checkout service', role: 'writer', accounts: ['org:*'] },
    }),
    answers: { 201: CreatedApiKeyAnswer },
  })
  async create(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    return toRestCreatedApiKey(await this.keys.create(caller, fromRestCreateApiKey(body)));
  }

  @Get()
  @RequireScope('keys:read')
  @ApiDoor({
    name: 'listApiKeys',
    tag: 'api-keys',
    summary: 'Lists keys, newest first',
    query: ListApiKeys,
    answers: { 200: ApiKeyPageAnswer },
  })
  async list(@CurrentPrincipal() caller: Principal, @Query() query: unknown) {
    return toRestApiKeyPage(await this.keys.list(caller, fromRestListApiKeys(query)));
  }

  /** Ends a key's life; it stays in the list. */
  @Delete(':id')
  @HttpCode(204)
  @RequireScope('keys:write')
  @ApiDoor({
    name: 'revokeApiKey',
    tag: 'api-keys',
    summary: 'Ends a key’s life; it stays in the list',
    path: ApiKeyId,
    answers: { 204: null },
    errors: ['not-found'],
  })
  async revoke(@CurrentPrincipal() caller: Principal, @Param() path: unknown): Promise<void> {
    await this.keys.revoke(caller, fromRestApiKeyId(path));
  }
}
