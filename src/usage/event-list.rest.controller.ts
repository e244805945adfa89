import { Controller, Get, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { ListEvents } from './event-list.commands';
import { EventListService } from './event-list.service';
import { EventPageAnswer, fromRestListEvents, toRestEventPage } from './event-list.wire';

@Controller('api/v1/events')
export class EventListController {
  constructor(private readonly events: EventListService) {}

  /** The events of one account, newest first, each with its latest correction. */
  @Get()
  @RequireScope('events:read')
  @ApiDoor({
    name: 'listEvents',
    tag: 'events',
    summary: 'Lists the events of an account, newest first',
    description: 'Each as it came, with its latest correction.',
    query: ListEvents,
    answers: { 200: EventPageAnswer },
    errors: ['not-found'],
  })
  async list(@CurrentPrincipal() caller: Principal, @Query() query: unknown) {
    const command = fromRestListEvents(query);
    return toRestEventPage(await this.events.list(command, caller), command.account);
  }
}
