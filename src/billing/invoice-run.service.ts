import { Inject, Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { DomainError } from '../core/errors';
import { termsAfter, termsAt, type TermsVersion } from '../core/terms';
import { AccountService } from '../cost-centers/account.service';
import { TermsService } from '../cost-centers/terms.service';
import { AccountClock, type RunClock } from '../platform/account-clock';
import { CONFIG, type Config } from '../platform/config';
import { inParallel } from '../platform/in-parallel';
import { keyedId } from '../platform/keyed-id';
import { Logger } from '../platform/logger';
import { Database, type Sql } from '../platform/transaction';
import { LateUsage } from '../usage/late-usage.service';
import { type BillingState, BillingStateRepository } from './billing-state.repository';
import { type InvoiceFacts, InvoiceFactsService } from './invoice-facts.service';
import type { InvoiceClaim } from './invoice-claim';
import { planInvoice } from './invoice-plan';
import { DraftRepository } from './draft.repository';
import { InvoiceWriter, type PlannedInvoice } from './invoice-writer.service';
import type { StoredInvoice } from './stored-invoice';

/** Accounts in one transaction: enough to share its round trips, few enough to hold their locks for moments only. */
const BATCH = 500;
const NUMBERS_BATCH = 5_000;
const BUCKETS_AT_ONCE = 3;
const ACTOR = 'job:invoices';
const POSTPONED_MS = 3_600_000;

/**
 * From periods that are over to final invoices. Every step is one transaction and finds its own work, so it may die anywhere,
 * be run twice or by many processes at once, and ends in the same state.
 */
@Injectable()
export class InvoiceRun {
  constructor(
    private readonly states: BillingStateRepository,
    private readonly drafts: DraftRepository,
    private readonly facts: InvoiceFactsService,
    private readonly writer: InvoiceWriter,
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly late: LateUsage,
    private readonly clock: AccountClock,
    private readonly database: Database,
    private readonly logger: Logger,
    @Inject(CONFIG)
    private readonly config: Pick<Config, 'invoiceGraceMs' | 'invoicePrefix' | 'databasePoolSize'>,
  ) {}

  /** Everything that is due: drafts of ended periods, drafts whose grace is over, numbers. Answers how many became final. */
  async runDue(clock: RunClock): Promise<number> {
    await this.#inParallel(await this.states.dueBuckets(clock.now), (bucket) =>
      this.#makeDrafts(bucket, clock),
    );
    const finalised = await this.#inParallel(await this.drafts.dueBuckets(clock.now), (bucket) =>
      this.#finaliseBucket(bucket, clock),
    );
    await this.giveNumbers();
    return finalised.reduce((sum, each) => sum + each, 0);
  }

  /** Numbers what is final, in the order in which it became so. */
  async giveNumbers(): Promise<void> {
    const series = { issuer: 'default', prefix: this.config.invoicePrefix, limit: NUMBERS_BATCH };
    while ((await this.drafts.giveNumbers(series)) === NUMBERS_BATCH);
  }

  /** Drafts of a bucket's periods that are over. An account that missed several is due again once it has been moved on. */
  async #makeDrafts(bucket: number, clock: RunClock): Promise<void> {
    while ((await this.#makeSomeDrafts(bucket, clock)) > 0);
  }

  /** How many accounts were moved on. */
  async #makeSomeDrafts(bucket: number, clock: RunClock): Promise<number> {
    return this.database.transaction(async (tx) => {
      const due = await this.states.claimDue(tx, bucket, { ...clock, limit: BATCH });
      if (due.length === 0) return 0;
      const ids = due.map(({ id }) => id);
      const accounts = await this.accounts.byIds(ids, tx);
      const versions = await this.terms.versionsOf(tx, bucket, ids);
      const periods = due.map((state) => {
        const account = accounts.get(state.id)!;
        const period = this.accounts.segmentAt(account, state.openFrom);
        return { account, period, next: this.#nextPeriod(account, period.to, versions.get(state.id)!) };
      });
      await this.drafts.make(
        tx,
        periods.map(({ account, period }) => ({
          ...{ account, period, kind: 'period' as const },
          id: keyedId('invoice', account.id, 'period', period.from),
          finaliseAt: new Date(period.to + this.config.invoiceGraceMs),
        })),
      );
      await this.states.moveOn(
        tx,
        periods.map(({ account: { id, bucket }, next }) => ({ id, bucket, ...next })),
      );
      return due.length;
    });
  }

  /** The first period from `from` on in which a plan is in force; it is never due when there will be none. */
  #nextPeriod(
    account: Account,
    from: number,
    versions: readonly TermsVersion[],
  ): Pick<BillingState, 'openFrom' | 'dueAt'> {
    const isBilled = (termsAt(versions, from)?.planVersionId ?? null) !== null;
    const next = isBilled ? from : termsAfter(versions, from)?.validFrom;
    if (next === undefined) return { openFrom: from, dueAt: null };
    const period = this.accounts.segmentAt(account, next);
    return { openFrom: period.from, dueAt: period.to };
  }

  /** Accounts that fail, or that somebody else holds, are left out until the next turn. */
  async #finaliseBucket(bucket: number, clock: RunClock): Promise<number> {
    let finalised = 0;
    const without: number[] = [];
    for (;;) {
      const due = await this.drafts.dueAccounts(bucket, { ...clock, limit: BATCH, without });
      if (due.length === 0) return finalised;
      const done = await this.#finaliseOrSplit(bucket, due, clock.now);
      finalised += done.length;
      const isDone = new Set(done);
      without.push(...due.filter((id) => !isDone.has(id)));
    }
  }

  /** One account that cannot be billed must not keep the others from it. */
  async #finaliseOrSplit(bucket: number, accountIds: readonly number[], now: Date): Promise<number[]> {
    try {
      return await this.database.transaction((tx) => this.#finalise(tx, bucket, { accountIds, now }));
    } catch (error) {
      if (error instanceof DomainError && error.code === 'unavailable') throw error;
      if (accountIds.length === 1) {
        this.logger.error({ err: error, account: accountIds[0] }, 'an invoice could not be finalised');
        await this.#postpone(bucket, accountIds[0]!, { now, error });
        return [];
      }
      const half = accountIds.length >> 1;
      const first = await this.#finaliseOrSplit(bucket, accountIds.slice(0, half), now);
      return [...first, ...(await this.#finaliseOrSplit(bucket, accountIds.slice(half), now))];
    }
  }

  async #postpone(
    bucket: number,
    accountId: number,
    { now, error }: { now: Date; error: unknown },
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      for (const draft of await this.drafts.read(tx, bucket, { accountIds: [accountId], now })) {
        const problem = error instanceof Error ? error.message : String(error);
        await this.drafts.postpone(tx, draft, { problem, until: new Date(now.getTime() + POSTPONED_MS) });
      }
    });
  }

  /** Makes each account's oldest draft final; the accounts it looked at. */
  async #finalise(
    tx: Sql,
    bucket: number,
    { accountIds, now }: { accountIds: readonly number[]; now: Date },
  ): Promise<number[]> {
    const free = await this.drafts.lockAccounts(tx, bucket, accountIds);
    const drafts = await this.drafts.read(tx, bucket, { accountIds: free, now });
    await this.finaliseDrafts(tx, bucket, { drafts, actor: ACTOR });
    return drafts.map(({ account }) => account.id);
  }

  /** Makes drafts final, each of another account; the caller holds the accounts' locks. */
  async finaliseDrafts(
    tx: Sql,
    bucket: number,
    {
      drafts,
      actor,
    }: { drafts: readonly StoredInvoice[]; actor: Parameters<InvoiceWriter['write']>[2]['actor'] },
  ): Promise<void> {
    if (drafts.length === 0) return;
    const claims = await this.#claimsOf(tx, bucket, drafts);
    const facts = await this.facts.read(tx, bucket, claims);
    const planned: PlannedInvoice[] = [];
    const empty: StoredInvoice[] = [];
    facts.forEach((each, i) => {
      const plan = planInvoice(each);
      if (plan === null) empty.push(drafts[i]!);
      else planned.push({ id: drafts[i]!.id, plan, at: new Date(each.claim.now) });
    });
    await this.writer.write(tx, bucket, { planned, actor });
    await this.drafts.drop(tx, bucket, empty);
    await this.#settle(tx, bucket, facts);
  }

  async #claimsOf(tx: Sql, bucket: number, drafts: readonly StoredInvoice[]): Promise<InvoiceClaim[]> {
    const ids = drafts.map(({ account }) => account.id);
    const accounts = await this.accounts.byIds(ids, tx);
    const versions = await this.terms.versionsOf(tx, bucket, ids);
    const states = await this.states.read(bucket, ids, tx);
    // What is paid ahead corrects nothing, so the marks wait for an invoice that does.
    const correcting = drafts.filter(({ kind }) => kind !== 'fees').map(({ account }) => account.id);
    const stale = await this.late.take(tx, bucket, correcting);
    return drafts.map(({ account: { id }, kind, period }) => ({
      ...{ account: accounts.get(id)!, kind, period },
      now: this.clock.now({ id }).getTime(),
      versions: versions.get(id)!,
      state: states.get(id) ?? null,
      stale: stale.get(id) ?? new Set(),
    }));
  }

  /** What is paid ahead says nothing of usage. Only the end of a period settles what was counted in it. */
  async #settle(tx: Sql, bucket: number, facts: readonly InvoiceFacts[]): Promise<void> {
    const settled = facts.filter(({ claim }) => claim.kind !== 'fees');
    const states = settled.map(({ claim, revision, carriedIn, carriedOut }) => {
      const isOver = claim.kind === 'period';
      return {
        id: claim.account.id,
        revision: isOver ? revision : null,
        carried: isOver ? carriedOut : carriedIn,
      };
    });
    await this.states.settle(tx, bucket, states);
  }

  /** Works through the buckets, a few at once: while one waits for Postgres the next one is computed. The answers in no order. */
  #inParallel<R>(buckets: readonly number[], work: (bucket: number) => Promise<R>): Promise<R[]> {
    // Each may need a second connection while it holds one, and others want some, too.
    const workers = Math.min(BUCKETS_AT_ONCE, Math.floor(this.config.databasePoolSize / 4));
    return inParallel(buckets, workers, work);
  }
}
