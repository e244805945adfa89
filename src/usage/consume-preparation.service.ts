import { Injectable } from '@nestjs/common';
import { invalid } from '../core/errors';
import { canonicalText } from '../core/event';
import { isGauge, type Meter } from '../core/meter';
import { formatQuantity, type Quantity, ZERO } from '../core/quantity';
import type { Principal } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { type Catalogue, MeterService } from '../pricing/meter.service';
import type { ConsumeItem, ConsumeUsage } from './consume-usage.commands';
import { EventPreparer } from './event-preparer.service';
import type { RecordUsage } from './event-record.commands';
import type { PreparedEvent } from './prepared-event';

/** One item of a request and the event that will count it. */
export interface Asked {
  readonly item: ConsumeItem;
  readonly meter: Meter;
  readonly event: PreparedEvent;
}

export interface ConsumePreparing {
  readonly principal: Principal;
  readonly catalogue: Catalogue;
  /** When the use is taken to have happened (milliseconds); null = now. */
  readonly at?: number | null;
}

/** Turns what somebody wants to use into the events that will count it. */
@Injectable()
export class ConsumePreparation {
  constructor(
    private readonly preparer: EventPreparer,
    private readonly meters: MeterService,
    private readonly clock: Clock,
  ) {}

  /** The catalogue of this process, read again when it does not know one of the meters: another may have made it. */
  async catalogueFor({ items }: Pick<ConsumeUsage, 'items'>): Promise<Catalogue> {
    const catalogue = await this.meters.catalogue();
    return items.every(({ meter }) => catalogue.byKey.has(meter)) ? catalogue : this.meters.reread();
  }

  /** Throws `invalid-argument` naming the item, `forbidden` and `failed-precondition` (the account is closed). */
  async prepare(
    command: ConsumeUsage,
    { principal, catalogue, at = null }: ConsumePreparing,
  ): Promise<Asked[]> {
    const preparing = { principal, catalogue, now: this.clock.now().getTime(), backfill: false };
    const items = command.items.map((item, i) => ({ item, ...recordOf(command, i, { catalogue, at }) }));
    await this.preparer.learn(
      items.map(({ record }) => record),
      preparing,
    );
    const others = items.slice(1).map(({ record }) => contentOf(record));
    return items.map(({ item, record, meter }) => {
      const also = record === items[0]!.record ? others : [];
      const event = this.preparer.prepare(record, preparing, { ask: meter.key, also });
      if (event.ask === null) throw invalid('properties', `the filters of meter ${meter.key} leave them out`);
      return { item, meter, event };
    });
  }
}

/** The event that counts one item. The id of the request is that of the first, whose content is the whole request. */
function recordOf(
  { account, source, id, items }: ConsumeUsage,
  index: number,
  { catalogue, at }: { catalogue: Catalogue; at: number | null },
): { record: RecordUsage; meter: Meter } {
  const { meter: key, type = null, quantity: amount, resource, properties } = items[index]!;
  const place = items.length === 1 ? '' : `items[${index}].`;
  const meter = catalogue.byKey.get(key);
  if (!meter) throw invalid(`${place}meter`, `${JSON.stringify(key)} is not a meter of the catalogue`);
  if (isGauge(meter.aggregation))
    throw invalid(`${place}meter`, `${key} is a gauge: its levels come as events`);
  if (type !== null && !meter.eventTypes.includes(type))
    throw invalid(`${place}type`, `meter ${key} does not listen to ${JSON.stringify(type)}`);
  const isMeasured = meter.valueProperty !== null && meter.aggregation !== 'unique';
  const record: RecordUsage = {
    ...{ kind: 'usage', account, source, resource, subject: null, occurredAt: at },
    id: index === 0 ? id : `${id}#${index}`,
    type: type ?? meter.eventTypes[0]!,
    quantity: isMeasured ? null : amount,
    properties: isMeasured ? { ...properties, [meter.valueProperty]: formatQuantity(amount) } : properties,
  };
  return { record, meter };
}

function contentOf({ type, quantity, resource, properties }: RecordUsage): string {
  return JSON.stringify([
    type,
    quantity === null ? null : formatQuantity(quantity),
    resource,
    canonicalText(properties),
  ]);
}

/** What an event adds to the total of one meter; a new distinct value is not known before it is counted. */
export function addedBy(meter: Meter, { readings }: PreparedEvent): Quantity {
  const reading = readings.find((each) => each.meter.id === meter.id);
  return reading?.kind === 'add' ? reading.value : ZERO;
}
