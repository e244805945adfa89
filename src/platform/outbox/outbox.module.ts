import { Global, Module } from '@nestjs/common';
import { OutboxWorker } from './outbox-worker.service';
import { OutboxRepository } from './outbox.repository';
import { OutboxController } from './outbox.rest.controller';
import { Outbox } from './outbox.service';

/** Promises to call the outside, written with the change that makes them. */
@Global()
@Module({
  controllers: [OutboxController],
  providers: [OutboxRepository, Outbox, OutboxWorker],
  exports: [Outbox, OutboxWorker],
})
export class OutboxModule {}
