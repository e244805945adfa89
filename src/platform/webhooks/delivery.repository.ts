import { Injectable } from '@nestjs/common';
import { Database } from '../transaction';

/** One attempt to tell an endpoint of an event. */
export interface Delivery {
  readonly id: string;
  readonly bucket: number;
  readonly accountId: number;
  readonly endpointId: string;
  readonly eventId: string;
  /** Counts from 1; a replay begins anew. */
  readonly attempt: number;
  /** Null = there was no answer. */
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly durationMs: number;
}

/** A delivery as it is shown. */
export interface ListedDelivery {
  readonly id: string;
  readonly event_id: string;
  readonly attempt: number;
  readonly at: Date;
  readonly status_code: number | null;
  readonly error: string | null;
  readonly duration_ms: number;
}

const ADD_DELIVERY = `
  insert into webhook_delivery
    (bucket, account_id, id, endpoint_id, event_id, attempt, status_code, error, duration_ms)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

const LIST_DELIVERIES = `
  select id, event_id, attempt, at, status_code, error, duration_ms from webhook_delivery
  where endpoint_id = $1 and ($3::uuid is null or id < $3)
  order by id desc limit $2`;

/** The rows of `webhook_delivery`. */
@Injectable()
export class DeliveryRepository {
  constructor(private readonly database: Database) {}

  async add(delivery: Delivery): Promise<void> {
    const { bucket, accountId, id, endpointId, eventId, attempt, statusCode, error, durationMs } = delivery;
    const what = [attempt, statusCode, error, durationMs];
    await this.database.query(ADD_DELIVERY, [bucket, accountId, id, endpointId, eventId, ...what]);
  }

  /** One page of an endpoint's deliveries, newest first. */
  list(endpointId: string, limit: number, before: string | null): Promise<ListedDelivery[]> {
    return this.database.query<ListedDelivery>(LIST_DELIVERIES, [endpointId, limit, before]);
  }
}
