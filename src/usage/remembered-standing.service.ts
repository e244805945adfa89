import { Injectable } from '@nestjs/common';
import type { Stretch } from '../core/contribution';
import { quantityRatio } from '../core/quantity';
import { isLetThrough } from '../core/standing';
import { AccountService } from '../cost-centers/account.service';
import { AccountClock } from '../platform/account-clock';
import { mayUseAccount, type Principal } from '../platform/auth/principal';
import { MeterService } from '../pricing/meter.service';
import type { CheckedMeter, CheckUsage } from './check-usage.commands';
import { CounterMirror } from './counter-mirror';
import { LimitsInForce } from './limits-in-force.service';

/** How meters stood when their counters were last copied. */
export interface Remembered {
  readonly period: Stretch;
  readonly items: readonly CheckedMeter[];
  /** When the oldest of the copies was made. */
  readonly asOf: Date;
}

/** What is known of an account while Postgres cannot be reached: its limits in this process, its counters in Redis. */
@Injectable()
export class RememberedStandings {
  constructor(
    private readonly accounts: AccountService,
    private readonly meters: MeterService,
    private readonly limits: LimitsInForce,
    private readonly mirror: CounterMirror,
    private readonly clock: AccountClock,
  ) {}

  /** Null = not all that is asked for is remembered, or it is not the caller's. */
  async of({ account: key, items }: CheckUsage, principal: Principal): Promise<Remembered | null> {
    const account = mayUseAccount(principal, key) ? this.accounts.known(key) : undefined;
    const catalogue = this.meters.currentCatalogue;
    if (!account || !catalogue) return null;
    const now = this.clock.now(account).getTime();
    const period = this.accounts.segmentAt(account, now);
    const limits = this.limits.of(account, period, now);
    const asked = items.flatMap((item) => ('meter' in item ? [item] : []));
    const meters = asked.map(({ meter }) => catalogue.byKey.get(meter)!);
    if (!limits || asked.length < items.length) return null;
    const copies = await this.mirror.read(
      account,
      meters.map(({ id }) => id),
      period.from,
    );
    if (copies === null) return null;
    const checked = asked.map((each, i): CheckedMeter => {
      const [meter, copy] = [meters[i]!, copies.get(meters[i]!.id)!];
      const rule = limits.ruleOf(meter);
      const totals = { used: quantityRatio(copy.used), reserved: copy.reserved, limit: rule?.limit ?? null };
      const standing = { ...totals, onExceed: rule?.onExceed ?? ('bill' as const), meter };
      return { asked: each, standing, isAllowed: isLetThrough(standing, quantityRatio(each.quantity)) };
    });
    const oldest = Math.min(...meters.map(({ id }) => copies.get(id)!.asOf.getTime()));
    return { period, items: checked, asOf: new Date(oldest) };
  }
}
