import { Global, Module } from '@nestjs/common';
import { BillingEventRepository } from './billing-event.repository';
import { BillingEventController } from './billing-event.rest.controller';
import { BillingEvents } from './billing-events.service';

/** What happened that is commercially notable. */
@Global()
@Module({
  controllers: [BillingEventController],
  providers: [BillingEventRepository, BillingEvents],
  exports: [BillingEvents, BillingEventRepository],
})
export class BillingEventsModule {}
