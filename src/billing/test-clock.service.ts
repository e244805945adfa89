import { Injectable } from '@nestjs/common';
import { DomainError, invalid } from '../core/errors';
import { AccountService } from '../cost-centers/account.service';
import { ResetUsageService } from '../cost-centers/reset-usage.service';
import { GrantExpiryService } from '../ledger/grant-expiry.service';
import { type Principal, requireEveryAccount } from '../platform/auth/principal';
import { Lock } from '../platform/lock';
import { Database } from '../platform/transaction';
import type { TestClock } from '../platform/test-clocks/test-clock';
import { TestClocks } from '../platform/test-clocks/test-clocks.service';
import { ReconcileUsageService } from '../usage/reconcile-usage.service';
import { DraftRepository } from './draft.repository';
import { InvoiceRun } from './invoice-run.service';
import { OffCycleInvoices } from './off-cycle.service';
import type { AttachAccount } from './test-clock.commands';

const LEASE_MS = 60_000;
const YEARS_AT_ONCE_MS = 2 * 366 * 86_400_000;

/** Moves test clocks: everything that falls due on the way is done at its own time. */
@Injectable()
export class TestClockService {
  constructor(
    private readonly clocks: TestClocks,
    private readonly accounts: AccountService,
    private readonly drafts: DraftRepository,
    private readonly invoices: InvoiceRun,
    private readonly offCycle: OffCycleInvoices,
    private readonly grants: GrantExpiryService,
    private readonly usage: ReconcileUsageService,
    private readonly allowances: ResetUsageService,
    private readonly lock: Lock,
    private readonly database: Database,
  ) {}

  /** Lets an account live by a clock. Throws `not-found`, `failed-precondition` when it has one already. */
  async attach(caller: Principal, id: string, { account: key }: AttachAccount): Promise<TestClock> {
    const account = await this.accounts.getFor(caller, key);
    return this.clocks.attach(account.id, id);
  }

  /**
   * Moves a clock forward. It stops at every instant at which something falls due, as the days would have come. Stopped half
   * way it stands where it was, and goes on from there. Throws `invalid-argument` for a time before its own or more than two
   * years ahead, `failed-precondition` while somebody else moves it.
   */
  async advance(caller: Principal, id: string, now: Date): Promise<TestClock> {
    requireEveryAccount(caller);
    const clock = await this.clocks.get(id);
    if (now < clock.now)
      throw invalid('now', `must not be before the clock's own ${clock.now.toISOString()}`);
    if (now.getTime() - clock.now.getTime() > YEARS_AT_ONCE_MS) {
      throw invalid('now', 'must be at most two years ahead: go there in steps');
    }
    const { ran } = await this.lock.withLock(`test-clock:${id}`, LEASE_MS, () => this.#advance(id, now));
    if (!ran) throw new DomainError('failed-precondition', 'The clock is being moved already');
    return this.clocks.get(id);
  }

  async #advance(id: string, target: Date): Promise<void> {
    for (let last: Date | null = null; ;) {
      const due = earliest(await this.drafts.nextDue(id), await this.allowances.nextDue(id));
      // What was due is done, unless somebody else holds its account.
      if (due !== null && last !== null && due <= last) {
        throw new DomainError(
          'unavailable',
          'An account of the clock is locked by another transaction',
          [],
          1,
        );
      }
      last = due;
      const isLast = due === null || due >= target;
      const now = isLast ? target : due;
      await this.#moveTo(id, now);
      await this.usage.run({ now, testClock: id });
      await this.allowances.run('job:reset_usage', { now, testClock: id });
      await this.grants.run({ now, testClock: id });
      await this.offCycle.run({ now, testClock: id });
      await this.invoices.runDue({ now, testClock: id });
      if (isLast) return;
    }
  }

  /** What is overdue, as on a clock that was attached late, is done now. */
  async #moveTo(id: string, now: Date): Promise<void> {
    const clock = await this.clocks.get(id);
    if (now > clock.now) await this.database.transaction((tx) => this.clocks.move(tx, id, now));
    await this.clocks.reload();
  }
}

function earliest(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}
