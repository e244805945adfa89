import { Inject, Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { type AccountKey } from '../core/account-key';
import { DomainError, type FieldError } from '../core/errors';
import { timeOfId } from '../core/event-key';
import { AccountService } from '../cost-centers/account.service';
import { type Principal, mayUseAccount } from '../platform/auth/principal';
import { CONFIG, type Config } from '../platform/config';
import { TestClocks } from '../platform/test-clocks/test-clocks.service';
import type { Catalogue } from '../pricing/meter.service';
import { EventIdentity } from './event-identity.service';
import { prepareEvent } from './event-preparation';
import type { EventRecord, RecordUsage, UnreadableRecord } from './event-record.commands';
import type { PreparedEvent } from './prepared-event';
import { LimitsInForce } from './limits-in-force.service';

const MS_PER_DAY = 86_400_000;

/** For whom and when events are prepared. */
export interface Preparing {
  readonly principal: Principal;
  /** Milliseconds since 1970; accounts of test clocks have their own. */
  readonly now: number;
  readonly backfill: boolean;
  readonly catalogue: Catalogue;
}

interface PreparingOptions {
  readonly ask?: string | null;
  readonly also?: readonly string[];
}

/** Makes commands ready to be stored: whose they are, whether their time is taken, what meters read in them. */
@Injectable()
export class EventPreparer {
  constructor(
    private readonly accounts: AccountService,
    private readonly limits: LimitsInForce,
    private readonly identity: EventIdentity,
    private readonly testClocks: TestClocks,
    @Inject(CONFIG) private readonly config: Pick<Config, 'eventPastToleranceMs' | 'eventFutureToleranceMs'>,
  ) {}

  /** Learns the accounts the principal may write for, and their limits in the periods the records fall into. */
  async learn(
    records: readonly (EventRecord | UnreadableRecord)[],
    { principal, now }: Pick<Preparing, 'principal' | 'now'>,
  ): Promise<void> {
    const unknown = new Set<AccountKey>();
    for (const record of records) {
      if (record.kind === 'unreadable' || this.accounts.known(record.account)) continue;
      if (mayUseAccount(principal, record.account)) unknown.add(record.account);
    }
    if (unknown.size > 0) await this.accounts.learn([...unknown]);
    await this.#learnLimits(records, now);
  }

  async #learnLimits(records: readonly (EventRecord | UnreadableRecord)[], now: number): Promise<void> {
    const unknown: { account: Account; at: number }[] = [];
    for (const record of records) {
      const account = record.kind === 'usage' ? this.accounts.known(record.account) : undefined;
      if (!account || record.kind !== 'usage') continue;
      const today = this.testClocks.timeOf(account.id)?.getTime() ?? now;
      const at = record.occurredAt ?? today;
      if (!this.limits.of(account, this.accounts.segmentAt(account, at), today))
        unknown.push({ account, at });
    }
    if (unknown.length > 0) await this.limits.learn(unknown);
  }

  /**
   * Makes one event ready. `ask` = the key of the meter whose running total its sender wants, `also` = what else its id
   * stands for: another one with the same id is a conflict. Throws `forbidden`,
   * `not-found` (account), `invalid-argument` (time, type, measure) and `failed-precondition` (the account is closed).
   */
  prepare(
    record: RecordUsage,
    setup: Preparing,
    { ask = null, also = [] }: PreparingOptions = {},
  ): PreparedEvent {
    if (!mayUseAccount(setup.principal, record.account)) {
      throw new DomainError('forbidden', 'account: not yours to write for', [
        { field: 'account', reason: 'not permitted' },
      ]);
    }
    const account = this.accounts.known(record.account);
    const now = (account && this.testClocks.timeOf(account.id)?.getTime()) ?? setup.now;
    this.#checkTime(record, { now, backfill: setup.backfill });
    if (!account) throw new DomainError('not-found', `account: ${record.account} is not known`);
    const at = record.occurredAt ?? now;
    requireOpen(account, at);
    const segment = this.accounts.segmentAt(account, at);
    const limits = this.limits.of(account, segment, now);
    if (!limits) throw new DomainError('unavailable', 'The limits of the account are not known yet', [], 1);
    return prepareEvent(record, {
      account,
      segment,
      limits,
      at,
      now,
      key: this.identity.keyOf(record.source, record.id),
      catalogue: setup.catalogue,
      isExempt: setup.backfill,
      contentOf: (parts) => this.identity.contentOf([...parts, ...also]),
      ask,
    });
  }

  /** Half-open like every interval: exactly as old as the tolerance is still taken. */
  #checkTime({ occurredAt, id }: RecordUsage, { now, backfill }: Pick<Preparing, 'now' | 'backfill'>): void {
    const fields: FieldError[] = [];
    if (occurredAt !== null && occurredAt > now + this.config.eventFutureToleranceMs) {
      fields.push({ field: 'occurred_at', reason: 'lies too far in the future' });
    }
    if (occurredAt !== null && !backfill && occurredAt < now - this.config.eventPastToleranceMs) {
      fields.push({ field: 'occurred_at', reason: 'is too old: older events need a backfill' });
    }
    const idAt = timeOfId(id);
    if (idAt !== null && idAt > now + MS_PER_DAY) {
      fields.push({ field: 'id', reason: 'carries a time more than a day ahead' });
    }
    const [first] = fields;
    if (first) throw new DomainError('invalid-argument', `${first.field}: ${first.reason}`, fields);
  }
}

/** What happened before an account was closed is taken however late it comes. */
function requireOpen({ key, closedAt }: Account, at: number): void {
  if (closedAt === null || at < closedAt.getTime()) return;
  throw new DomainError('failed-precondition', `account: ${key} is closed since ${closedAt.toISOString()}`, [
    { field: 'account', reason: 'is closed' },
  ]);
}
