import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Account } from '../core/account';
import type { Stretch } from '../core/contribution';
import { AccountService } from '../cost-centers/account.service';
import { type TermsChange, TermsService } from '../cost-centers/terms.service';
import { CONFIG, type Config } from '../platform/config';
import type { Sql } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import { type CounterRef, LimitRepository } from './limit.repository';
import { LimitsInForce } from './limits-in-force.service';

/** Periods ahead that events may fall into, at most: an account of hourly periods may be told of tomorrow. */
const SEGMENTS_AHEAD = 48;

/**
 * New terms take the guards of an account's counters away, in the transaction that agrees to them. Counters that do not
 * exist yet are made for it: a process that has not heard of the new terms then meets a row that says so (decision 17).
 */
@Injectable()
export class LimitDistrust implements OnModuleInit {
  constructor(
    private readonly terms: TermsService,
    private readonly accounts: AccountService,
    private readonly meters: MeterService,
    private readonly limits: LimitRepository,
    private readonly inForce: LimitsInForce,
    @Inject(CONFIG) private readonly config: Pick<Config, 'eventFutureToleranceMs'>,
  ) {}

  onModuleInit(): void {
    this.terms.onChanged((sql, change) => this.#distrust(sql, change));
  }

  async #distrust(sql: Sql, { account: { id }, versions, at }: TermsChange): Promise<void> {
    const account = (await this.accounts.byIds([id], sql)).get(id)!;
    await this.limits.distrustGuarded(sql, account, at);
    const { byKey } = await this.meters.catalogue();
    const counters: CounterRef[] = [];
    for (const segment of this.#segmentsFrom(account, at.getTime())) {
      const stretches = await this.inForce.cut(segment, versions);
      const limited = [...byKey.values()].filter((meter) => stretches.some((limits) => limits.ruleOf(meter)));
      counters.push(...limited.map((meter) => ({ account, meter, segment })));
    }
    if (counters.length > 0) await this.limits.distrust(sql, counters);
  }

  /** The running period and those that events may already be told of. */
  #segmentsFrom(account: Account, now: number): Stretch[] {
    const segments = [this.accounts.segmentAt(account, now)];
    const end = now + this.config.eventFutureToleranceMs;
    for (let next = segments[0]!.to; next <= end && segments.length < SEGMENTS_AHEAD;) {
      const segment = this.accounts.segmentAt(account, next);
      segments.push(segment);
      next = segment.to;
    }
    return segments;
  }
}
