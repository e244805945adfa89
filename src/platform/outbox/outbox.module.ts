import { Global, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { Retention } from '../retention';
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
export class OutboxModule implements OnModuleInit {
  constructor(
    private readonly retention: Retention,
    @Inject(CONFIG) private readonly config: Pick<Config, 'retentionOutboxMs'>,
  ) {}

  /** Kept promises go; one that is due or parked stays, however old. */
  onModuleInit(): void {
    this.retention.rule({
      ...{ name: 'outbox', keepMs: this.config.retentionOutboxMs, isGuarded: false },
      ...this.retention.trimming(['outbox']),
    });
  }
}
