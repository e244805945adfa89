import { Injectable } from '@nestjs/common';
import { DomainError, invalid } from '../core/errors';
import { quantity, ZERO } from '../core/quantity';
import type { Principal } from '../platform/auth/principal';
import { MeterService } from '../pricing/meter.service';
import { OutdatedCatalogue } from './careful-commit.service';
import { addedBy, type Asked, ConsumePreparation } from './consume-preparation.service';
import type { ConsumeAnswer, ConsumedItem, ConsumeUsage } from './consume-usage.commands';
import { groupFailure, heldUp } from './group-failure';
import { GroupCommit } from './group-commit.service';
import { IngestMetrics } from './ingest-metrics.service';
import type { Outcome } from './outcome';
import { inKeyOrder } from './twins';

/** "May I?" and "count it" in one durable step: nothing is counted unless all of it is allowed. */
@Injectable()
export class ConsumeUsageService {
  constructor(
    private readonly preparation: ConsumePreparation,
    private readonly meters: MeterService,
    private readonly groups: GroupCommit,
    private readonly metrics: IngestMetrics,
  ) {}

  /**
   * Counts all items or none; durable when it returns. A refusal is an answer, not an error. Throws `forbidden`,
   * `invalid-argument` naming the item, `conflict` (the id is taken by other content) and `unavailable`: whether it was
   * counted is then not known, and sending the same again tells.
   */
  async consume(command: ConsumeUsage, principal: Principal): Promise<ConsumeAnswer> {
    let catalogue = await this.preparation.catalogueFor(command);
    for (let attempt = 0; ; attempt++) {
      const asked = await this.preparation.prepare(command, { principal, catalogue });
      try {
        return this.answer(asked, await this.#commit(asked));
      } catch (error) {
        if (!(error instanceof OutdatedCatalogue) || attempt === 5) throw error;
        catalogue = await this.meters.reread();
      }
    }
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

  /** What the outcomes of these events mean for the request. Throws what `consume` throws. */
  answer(asked: readonly Asked[], outcomes: readonly Outcome[]): ConsumeAnswer {
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

function consumed({ item, meter, event }: Asked, outcome: Outcome, isTakenBack: boolean): ConsumedItem {
  const rule = event.ask?.dims === '' ? event.limits.ruleOf(meter) : null;
  const told = 'used' in outcome ? outcome : 'told' in outcome ? outcome.told : undefined;
  return {
    meter: meter.key,
    quantity: item.quantity,
    used: quantity(
      (told?.used ?? ZERO) - (isTakenBack && outcome.status === 'recorded' ? addedBy(meter, event) : ZERO),
    ),
    limit: told ? told.limit : (rule?.limit ?? null),
    onExceed: rule?.onExceed ?? 'bill',
    isRefused: outcome.status === 'refused',
  };
}
