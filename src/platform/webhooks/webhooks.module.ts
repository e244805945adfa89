import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { Retention } from '../retention';
import { SecretBox } from '../secret-box';
import { DeliveryRepository } from './delivery.repository';
import { DeliveryController } from './delivery.rest.controller';
import { WebhookEndpointRepository } from './webhook.repository';
import { WebhookController } from './webhook.rest.controller';
import { WebhookDelivery } from './webhook-delivery.service';
import { Webhooks } from './webhooks.service';

/** Who is told about billing events, and how. */
@Module({
  controllers: [WebhookController, DeliveryController],
  providers: [WebhookEndpointRepository, DeliveryRepository, SecretBox, Webhooks, WebhookDelivery],
})
export class WebhooksModule implements OnModuleInit {
  constructor(
    private readonly retention: Retention,
    @Inject(CONFIG) private readonly config: Pick<Config, 'retentionDeliveriesMs'>,
  ) {}

  onModuleInit(): void {
    this.retention.rule({
      ...{ name: 'deliveries', keepMs: this.config.retentionDeliveriesMs, isGuarded: false },
      ...this.retention.trimming(['webhook_delivery']),
    });
  }
}
