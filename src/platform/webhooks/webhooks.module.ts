import { Module } from '@nestjs/common';
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
export class WebhooksModule {}
