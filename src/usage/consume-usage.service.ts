import { Injectable } from '@nestjs/common';
import { DomainError, invalid } from '../core/errors';
import { canonicalText } from '../core/event';
import { formatQuantity, quantity, ZERO } from '../core/quantity';
import type { Meter } from '../core/meter';
import { isGauge } from '../core/meter';
import { Clock } from '../platform/clock';
import type { Principal } from '../platform/auth/principal';
import { type Catalogue, MeterService } from '../pricing/meter.service';
import { OutdatedCatalogue } from './careful-commit.service';
import type { ConsumeAnswer, ConsumedItem, ConsumeItem, ConsumeUsage } from './consume-usage.commands';
import { EventPreparer } from './event-preparer.service';
import type { RecordUsage } from './event-record.commands';
import { groupFailure, heldUp } from './group-failure';
import { GroupCommit } from './group-commit.service';
import { IngestMetrics } from './ingest-metrics.service';
import type { PreparedEvent } from './ingest.repository';
import type { Outcome } from './outcome';
import { inKeyOrder } from './twins';

export const CONSUME_ITEMS_MAX = 20;

/** One item of a request and the event that will count it. */
interface Asked {
  readonly item: ConsumeItem;
  readonly meter: Meter;
  readonly event: PreparedEvent;
}

/** "May I?" and "count it" in one durable step: nothing is counted unless all of it is allowed. */
@Injectable()
export class ConsumeUsageService {
  constructor(
    private readonly preparer: EventPreparer,
    private readonly meters: MeterService,
    private readonly groups: GroupCommit,
    private readonly metrics: IngestMetrics,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts all items or none; durable when it returns. A refusal is an answer, not an error. Throws `forbidden`,
   * `invalid-argument` naming the item, `conflict` (the id is taken by other content) and `unavailable`: whether it was
   * counted is then not known, and sending the same again tells.
   */
  async consume(command: ConsumeUsage, principal: Principal): Promise<ConsumeAnswer> {
    let catalogue = await this.meters.catalogue();
    if (command.items.some(({ meter }) => !catalogue.byKey.has(meter)))
      catalogue = await this.meters.reread();
    for (let attempt = 0; ; attempt++) {
      const asked = await this.#prepare(command, { principal, catalogue });
      try {
        return this.#answer(asked, await this.#commit(asked));
      } catch (error) {
        if (!(error instanceof OutdatedCatalogue) || attempt === 5) throw error;
        catalogue = await this.meters.reread();
      }
    }
  }

  async #prepare(
    command: ConsumeUsage,
    { principal, catalogue }: { principal: Principal; catalogue: Catalogue },
  ): Promise<Asked[]> {
    const preparing = { principal, catalogue, now: this.clock.now().getTime(), backfill: false };
    const items = command.items.map((item, i) => ({ item, ...recordOf(command, i, catalogue) }));
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

  async #commit(asked: readonly Asked[]): Promise<Outcome[]> {
    if (asked.length === 1) return [await this.groups.submit(asked[0]!.event)];
    const { distinct } = inKeyOrder(asked.map(({ event }) => event));
    const outcomes = await this.groups
      .submitBatch(distinct, { allOrNothing: true })
      .catch((error: unknown) => {
        throw groupFailure(error) === 'locked' ? heldUp() : error;
      });
    const byEvent = new Map(distinct.map((event, i) => [event, outcomes[i]!]));
    return asked.map(({ event }) => byEvent.get(event)!);
  }

  #answer(asked: readonly Asked[], outcomes: readonly Outcome[]): ConsumeAnswer {
    const conflict = outcomes.find((outcome) => outcome.status === 'conflict');
    if (conflict) throw new DomainError('conflict', 'The id is taken by a request of other content');
    const broken = outcomes.find((outcome) => outcome.status === 'refused' && outcome.code === undefined);
    if (broken?.status === 'refused') throw invalid('quantity', broken.reason);
    const isRefused = outcomes.some(({ status }) => status === 'refused');
    const isNew = outcomes.some(({ status }) => status === 'recorded');
    const status = isRefused ? 'refused' : isNew ? 'recorded' : 'duplicate';
    this.metrics.countVerdicts(outcomes);
    return {
      status,
      period: asked[0]!.event.segment,
      items: asked.map((each, i) => consumed(each, outcomes[i]!, isRefused)),
    };
  }
}

/** The event that counts one item. The id of the request is that of the first, whose content is the whole request. */
function recordOf(
  { account, source, id, items }: ConsumeUsage,
  index: number,
  { byKey }: Catalogue,
): { record: RecordUsage; meter: Meter } {
  const { meter: key, quantity: amount, resource, properties } = items[index]!;
  const place = items.length === 1 ? '' : `items[${index}].`;
  const meter = byKey.get(key);
  if (!meter) throw invalid(`${place}meter`, `${JSON.stringify(key)} is not a meter of the catalogue`);
  if (isGauge(meter.aggregation))
    throw invalid(`${place}meter`, `${key} is a gauge: its levels come as events`);
  const isMeasured = meter.valueProperty !== null && meter.aggregation !== 'unique';
  const record: RecordUsage = {
    ...{ kind: 'usage', account, source, resource, subject: null, occurredAt: null },
    id: index === 0 ? id : `${id}#${index}`,
    type: meter.eventTypes[0]!,
    quantity: isMeasured ? null : amount,
    properties: isMeasured ? { ...properties, [meter.valueProperty!]: formatQuantity(amount) } : properties,
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

function consumed({ item, meter, event }: Asked, outcome: Outcome, isTakenBack: boolean): ConsumedItem {
  const rule = event.ask?.dims === '' ? event.limits.ruleOf(meter) : null;
  const told = 'used' in outcome ? outcome : 'told' in outcome ? outcome.told : undefined;
  return {
    meter: meter.key,
    quantity: item.quantity,
    used: quantity(
      (told?.used ?? ZERO) - (isTakenBack && outcome.status === 'recorded' ? item.quantity : ZERO),
    ),
    limit: told ? told.limit : (rule?.limit ?? null),
    onExceed: rule?.onExceed ?? 'bill',
    isRefused: outcome.status === 'refused',
  };
}
