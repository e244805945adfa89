import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../auth/current-principal';
import type { Principal } from '../auth/principal';
import { RequireScope } from '../auth/require-scope';
import { ApiDoor } from '../doors/open-api-door';
import { ListOutbox, OutboxMessageId } from './outbox.commands';
import { Outbox } from './outbox.service';
import {
  fromRestListOutbox,
  fromRestOutboxMessageId,
  OutboxMessageAnswer,
  OutboxPageAnswer,
  toRestOutboxMessage,
  toRestOutboxPage,
} from './outbox.wire';

@Controller('api/v1/outbox')
export class OutboxController {
  constructor(private readonly outbox: Outbox) {}

  @Get()
  @RequireScope('operations:read')
  @ApiDoor({
    name: 'listOutbox',
    tag: 'operations',
    summary: 'Lists calls to the outside by state, newest first',
    query: ListOutbox,
    answers: { 200: OutboxPageAnswer },
  })
  async list(@CurrentPrincipal() caller: Principal, @Query() query: unknown) {
    return toRestOutboxPage(await this.outbox.list(caller, fromRestListOutbox(query)));
  }

  /** Begins anew with a parked message. */
  @Post(':id/retry')
  @HttpCode(200)
  @RequireScope('operations:write')
  @ApiDoor({
    name: 'retryOutboxMessage',
    tag: 'operations',
    summary: 'Begins anew with a call that was given up',
    path: OutboxMessageId,
    answers: { 200: OutboxMessageAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async retry(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestOutboxMessage(await this.outbox.retry(caller, fromRestOutboxMessageId(path)));
  }
}
