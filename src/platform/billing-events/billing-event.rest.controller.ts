import { Controller, Get, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../auth/current-principal';
import type { Principal } from '../auth/principal';
import { RequireScope } from '../auth/require-scope';
import { ApiDoor } from '../doors/open-api-door';
import { ListBillingEvents } from './billing-event.commands';
import {
  BillingEventPageAnswer,
  fromRestListBillingEvents,
  toRestBillingEventPage,
} from './billing-event.wire';
import { BillingEvents } from './billing-events.service';

@Controller('api/v1/billing-events')
export class BillingEventController {
  constructor(private readonly events: BillingEvents) {}

  @Get()
  @RequireScope('billing:read')
  @ApiDoor({
    name: 'listBillingEvents',
    tag: 'billing events',
    summary: 'Lists what happened that is commercially notable, newest first',
    description:
      'Events never expire. Ids grow with time; one that was being recorded while you read may appear below ids you have seen already, by seconds. Webhooks miss none.',
    query: ListBillingEvents,
    answers: { 200: BillingEventPageAnswer },
  })
  async list(@CurrentPrincipal() caller: Principal, @Query() query: unknown) {
    return toRestBillingEventPage(await this.events.list(caller, fromRestListBillingEvents(query)));
  }
}
