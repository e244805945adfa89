import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { Allowance } from '../core/allowance';
import type { Stretch } from '../core/contribution';
import { DomainError } from '../core/errors';
import { readings } from '../core/event';
import { admit } from '../core/limit';
import { periodAt } from '../core/period';
import { type Quantity } from '../core/quantity';
import { termsAt } from '../core/terms';
import { AccountService } from '../cost-centers/account.service';
import { TermsService } from '../cost-centers/terms.service';
import { AccountClock } from '../platform/account-clock';
import type { Principal } from '../platform/auth/principal';
import { Database } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import { ConsumeUsageRepository } from './consume-usage.repository';
import type { ConsumeAnswer, ConsumedItem, ConsumeUsage } from './consume-usage.commands';
import type { RecordUsage } from './event-record.commands';
import { throwUnlessTaken } from './event.wire';
import { IngestService } from './ingest.service';

interface Judged {
  readonly record: RecordUsage;
  readonly allowance: Allowance | undefined;
  readonly meterId: number;
  readonly dims: string;
  readonly quantity: Quantity;
  readonly meter: string;
}

/**
 * Counts usage and tells where the account then stands. Provisional: limits are looked at before the events are recorded and
 * counters are read after it, so two callers at once may both pass a limit and may hear the same total.
 */
@Injectable()
export class ConsumeUsageService {
  constructor(
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly meters: MeterService,
    private readonly ingest: IngestService,
    private readonly answers: ConsumeUsageRepository,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  /** Throws `forbidden`, `not-found`, `invalid-argument`, `failed-precondition`, and `conflict` for an id that said something else. */
  async consume(command: ConsumeUsage, principal: Principal): Promise<ConsumeAnswer> {
    await this.accounts.learn([command.account]);
    const account = this.accounts.known(command.account);
    if (!account) throw new DomainError('not-found', `account: ${command.account} is not known`);
    const { from, to } = periodAt(account.calendar, this.clock.now(account));
    const period = { from: from.getTime(), to: to.getTime() };
    const judged = await this.#judge(command, account);
    const before = await this.#usedOf(account, period, judged);
    const isOver = judged.some(({ allowance, quantity }, i) => {
      const limit = allowance?.limit ?? null;
      const change = { used: before[i]!, reserved: 0n as Quantity, delta: quantity, limit };
      return allowance?.onExceed === 'refuse' && !admit(change);
    });
    if (isOver) return { status: 'refused', period, items: itemsOf(judged, before, true) };
    const records = judged.map(({ record }) => record);
    const allOrNothing = records.length > 1;
    const verdicts = await this.ingest.recordEvents({ records, backfill: false, allOrNothing }, principal);
    verdicts.forEach(throwUnlessTaken);
    const [{ eventId, status }] = verdicts as [(typeof verdicts)[0]];
    if (status === 'duplicate') {
      const kept = await this.answers.answer(account, eventId);
      if (kept) return { ...restored(kept), status };
    }
    const items = itemsOf(judged, await this.#usedOf(account, period, judged), false);
    await this.answers.keepAnswer(account, eventId, { period, items: items.map(written) });
    return { status: status === 'duplicate' ? status : 'recorded', period, items };
  }

  async #judge({ account: key, source, id, items }: ConsumeUsage, account: Account): Promise<Judged[]> {
    const { byKey } = await this.meters.catalogue();
    const versions = await this.terms.versions(this.database, account);
    const terms = termsAt(versions, this.clock.now(account).getTime());
    const planVersionId = terms?.planVersionId ?? null;
    const card =
      planVersionId === null ? null : await this.terms.card({ planVersionId, overrides: terms!.overrides });
    return items.map((item, place) => {
      const meter = byKey.get(item.meter);
      if (!meter) throw new DomainError('not-found', `No meter ${item.meter}`);
      const record: RecordUsage = {
        ...{ kind: 'usage', account: key, source, id: items.length === 1 ? id : `${id}/${place}` },
        ...{ type: meter.eventTypes[0]!, occurredAt: null, subject: null },
        ...{ quantity: item.quantity, resource: item.resource, properties: item.properties },
      };
      const { dims } = readings(record, [meter])[0]!;
      const { quantity } = item;
      return {
        record,
        allowance: card?.allowances.get(meter.key),
        meterId: meter.id,
        dims,
        quantity,
        meter: meter.key,
      };
    });
  }

  async #usedOf(account: Account, period: Stretch, judged: readonly Judged[]): Promise<Quantity[]> {
    return Promise.all(
      judged.map(({ meterId, dims }) => this.answers.used(account, { ...period, meterId, dims })),
    );
  }
}

function itemsOf(judged: readonly Judged[], used: readonly Quantity[], isRefused: boolean): ConsumedItem[] {
  return judged.map(({ meter, quantity, allowance }, i) => ({
    ...{ meter, quantity, used: used[i]!, limit: allowance?.limit ?? null },
    ...{ onExceed: allowance?.onExceed ?? 'bill', isRefused },
  }));
}

type Written = Omit<ConsumedItem, 'quantity' | 'used' | 'limit'> &
  Record<'quantity' | 'used', string> & { limit: string | null };

function written(item: ConsumedItem): Written {
  const { quantity, used, limit } = item;
  return { ...item, quantity: text(quantity), used: text(used), limit: limit === null ? null : text(limit) };
}

const text = (value: bigint): string => value.toString();

function restored(kept: unknown): Omit<ConsumeAnswer, 'status'> {
  const { period, items } = kept as { period: Stretch; items: Written[] };
  const read = (units: string): Quantity => BigInt(units) as Quantity;
  return {
    period,
    items: items.map((item) => ({
      ...item,
      ...{ quantity: read(item.quantity), used: read(item.used) },
      limit: item.limit === null ? null : read(item.limit),
    })),
  };
}
