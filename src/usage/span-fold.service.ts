import { Inject, Injectable } from '@nestjs/common';
import { CREDIT } from '../core/asset';
import { DEFAULT_CREDIT_RATE, creditRates, endOfRun } from '../core/credits';
import { type Properties, canonicalText } from '../core/event';
import { ZERO, quantity } from '../core/quantity';
import type { Ratio } from '../core/ratio';
import { type Settlement, accruedOf, pricedRun, settle, spanSource } from '../core/span-settlement';
import { type Posting, reversalOf } from '../core/transfer';
import { plainUuid } from '../core/uuid';
import { type InstanceRun, instanceRuns } from '../core/workspace-instance';
import { LedgerService } from '../ledger/ledger.service';
import { transferId } from '../ledger/transfer-id';
import type { RunClock } from '../platform/account-clock';
import { CONFIG, type Config } from '../platform/config';
import { keyedId } from '../platform/keyed-id';
import type { Sql } from '../platform/transaction';
import { type Accrual, SpanAccrualRepository } from './span-accrual.repository';
import { type MarkedResource, SpanMarkRepository } from './span-mark.repository';
import { SpanRepository, type StoredSpan } from './span.repository';

/** The source of what is pending for running spans. */
export const ACCRUAL_SOURCE = 'accrual:spans';

interface Batch {
  readonly bucket: number;
  readonly resources: readonly MarkedResource[];
  readonly clock: RunClock;
}

/** Resources, and the instant from which on their account uses nothing more; null = it is not closed. */
interface Told {
  readonly resources: readonly MarkedResource[];
  readonly endOf: (resource: MarkedResource) => number | null;
}

/** A span before and after a fold; null before = it is new. */
interface Folded extends Settlement<StoredSpan> {
  readonly before: StoredSpan | null;
}

/**
 * From the levels of resources to their spans, and from spans to charges: folds each resource as a whole, however often and in
 * whatever order it was told of, and posts the difference to what was posted before.
 */
@Injectable()
export class SpanFold {
  readonly #rates: ReadonlyMap<string, Ratio>;

  constructor(
    private readonly marks: SpanMarkRepository,
    private readonly spans: SpanRepository,
    private readonly accruals: SpanAccrualRepository,
    private readonly ledger: LedgerService,
    @Inject(CONFIG) config: Pick<Config, 'creditsPerMinute'>,
  ) {
    this.#rates = creditRates(config.creditsPerMinute);
  }

  /** Takes the marks of the resources and settles them, in the caller's transaction; answers how many spans changed. */
  async fold(sql: Sql, { bucket, resources, clock }: Batch): Promise<number> {
    const accountIds = [...new Set(resources.map(({ accountId }) => accountId))];
    const locked = await this.accruals.lockAccounts(sql, bucket, {
      accountIds,
      testClock: clock.testClock,
    });
    const mine = resources.filter(({ accountId }) => locked.has(accountId));
    if (mine.length === 0) return 0;
    await this.marks.take(sql, bucket, mine);
    const endOf = ({ accountId }: MarkedResource): number | null => locked.get(accountId)!.closedAt;
    const changed = (await this.#foldAll(sql, bucket, { resources: mine, endOf })).filter(isChanged);
    if (changed.length === 0) return 0;
    await this.spans.put(
      sql,
      bucket,
      changed.map(({ span }) => span),
    );
    await this.ledger.postAll(sql, bucket, postingsOf(bucket, changed));
    await this.#accrue(sql, bucket, { changed, now: clock.now.getTime() });
    return changed.length;
  }

  async #foldAll(sql: Sql, bucket: number, { resources, endOf }: Told): Promise<Folded[]> {
    const histories = await this.spans.histories(sql, bucket, resources);
    const stored = new Map<string, StoredSpan[]>();
    for (const span of await this.spans.of(sql, bucket, resources)) {
      const name = nameOf(span);
      stored.set(name, [...(stored.get(name) ?? []), span]);
    }
    return resources.flatMap((resource, i) =>
      this.#foldOne(
        resource,
        instanceRuns(histories[i]!, endOf(resource)),
        stored.get(nameOf(resource)) ?? [],
      ),
    );
  }

  /** Spans keep their places: the n-th run is the n-th span, and those that are found no more are void. */
  #foldOne(resource: MarkedResource, runs: readonly InstanceRun[], stored: readonly StoredSpan[]): Folded[] {
    const found = runs.map((run, ordinal) => {
      const before = stored.find((span) => span.ordinal === ordinal) ?? null;
      return settled(before, this.#spanOf({ ...resource, ordinal }, run, before));
    });
    const gone = stored.filter(({ ordinal }) => ordinal >= runs.length);
    return [...found, ...gone.map((before) => settled(before, { ...before, isVoid: true }))];
  }

  #spanOf(
    place: MarkedResource & { ordinal: number },
    run: InstanceRun,
    before: StoredSpan | null,
  ): StoredSpan {
    const { accountId, meterId, resource, ordinal } = place;
    return {
      ...place,
      id: before?.id ?? keyedId('span', accountId, meterId, resource, ordinal),
      ...pricedRun(run, before, (className) => this.#rates.get(className) ?? DEFAULT_CREDIT_RATE),
      createdAt: run.createdAt,
      userId: userOf(run.attributes),
      attributes: canonicalText(run.attributes),
      posted: before?.posted ?? ZERO,
      revision: before?.revision ?? 0,
    };
  }

  /** Moves the pending sums of the accounts as of the instant they stand at, so that nothing is owed twice or not at all. */
  async #accrue(
    sql: Sql,
    bucket: number,
    { changed, now }: { changed: readonly Folded[]; now: number },
  ): Promise<void> {
    const accountIds = [...new Set(changed.map(({ span }) => span.accountId))];
    const stored = await this.accruals.of(sql, bucket, accountIds);
    const accruals = new Map<number, Accrual>();
    for (const { before, span } of changed) {
      const { accountId } = span;
      const accrual = accruals.get(accountId) ??
        stored.get(accountId) ?? { accountId, at: now, amount: ZERO, running: 0 };
      const was = before === null ? ZERO : accruedOf(before, accrual.at);
      const amount = quantity(accrual.amount + accruedOf(span, accrual.at) - was);
      const running = accrual.running + runningOf(span) - (before === null ? 0 : runningOf(before));
      accruals.set(accountId, { ...accrual, amount, running });
    }
    await this.putAccruals(sql, bucket, [...accruals.values()]);
  }

  /** Stores what drafts cost and makes it the pending amount of their accounts. */
  async putAccruals(sql: Sql, bucket: number, accruals: readonly Accrual[]): Promise<void> {
    await this.accruals.put(sql, bucket, accruals);
    await this.ledger.setPendingAll(
      sql,
      bucket,
      accruals.map(({ accountId, amount }) => ({ ...PENDING, accountId, amount })),
    );
  }
}

const PENDING = { asset: CREDIT, debit: 'receivable', credit: 'usage', source: ACCRUAL_SOURCE } as const;

function settled(before: StoredSpan | null, span: StoredSpan): Folded {
  return { before, ...settle(span, span.id) };
}

const nameOf = ({ accountId, meterId, resource }: MarkedResource): string =>
  `${accountId} ${meterId} ${resource}`;

const runningOf = (span: StoredSpan): 0 | 1 => (!span.isVoid && endOfRun(span) === null ? 1 : 0);

function userOf(attributes: Properties): string | null {
  const user = attributes['user_id'];
  return typeof user === 'string' ? plainUuid(user) : null;
}

const CONTENT = [
  'createdAt',
  'startedAt',
  'stoppingAt',
  'stoppedAt',
  'isDraft',
  'isVoid',
  'class',
  'attributes',
  'amount',
  'posted',
  'revision',
] as const;

function isChanged({ before, span }: Folded): boolean {
  if (before === null) return true;
  const isSameRate =
    before.rate.numerator * span.rate.denominator === span.rate.numerator * before.rate.denominator;
  return !isSameRate || CONTENT.some((name) => before[name] !== span[name]);
}

/** What was taken back goes first; each account once, as the ledger asks. */
function postingsOf(
  bucket: number,
  folded: readonly Folded[],
): { account: { id: number; bucket: number }; postings: Posting[] }[] {
  const byAccount = new Map<number, Posting[]>();
  for (const { span, takenBack, charged } of folded) {
    const postings = byAccount.get(span.accountId) ?? [];
    if (takenBack) postings.push(reversed(takenBack, span));
    if (charged) postings.push(charged);
    byAccount.set(span.accountId, postings);
  }
  return [...byAccount].map(([id, postings]) => ({ account: { id, bucket }, postings }));
}

function reversed(charge: Posting, { id, revision }: StoredSpan): Posting {
  const source = spanSource(id, revision);
  return reversalOf({ ...charge, id: transferId(charge) }, { source, at: charge.effectiveAt });
}
