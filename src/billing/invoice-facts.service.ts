import { Injectable } from '@nestjs/common';
import type { Stretch } from '../core/contribution';
import type { BilledCharge, InvoiceKind } from '../core/invoice';
import { type Meter, isGauge } from '../core/meter';
import type { Currency } from '../core/money';
import type { RateCard } from '../core/plan';
import { detailFor } from '../core/rated-usage';
import { isPaidAhead, type RatingStage } from '../core/rate-segment';
import { canCharge } from '../core/subscription';
import { segmentsOf, type Segment } from '../core/terms';
import { AccountService } from '../cost-centers/account.service';
import { TermsService } from '../cost-centers/terms.service';
import type { Sql } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import {
  type PeriodUsage,
  type PeriodUsageQuestion,
  PeriodUsageService,
} from '../usage/period-usage.service';
import type { CarriedOver } from './billing-state.repository';
import type { InvoiceClaim } from './invoice-claim';
import { type BilledLineRow, InvoiceRepository } from './invoice.repository';
import { chargeOf, ratePeriod, type RatedPeriod, revisionOf, type SegmentRating } from './period-rating';

/** Everything an invoice is computed from. */
export interface InvoiceFacts {
  readonly claim: InvoiceClaim;
  readonly ratings: readonly SegmentRating[];
  readonly billed: readonly BilledCharge[];
  /** Null where nothing can be charged or taken back. */
  readonly currency: Currency | null;
  /** Of the counters of the claim's own period. */
  readonly revision: bigint;
  /** What is handed to the claim's own period, and what that hands on. */
  readonly carriedIn: CarriedOver;
  readonly carriedOut: CarriedOver;
}

/** The periods of a claim: those that only say what is handed to the others, and those that are billed. */
interface ClaimPeriods {
  readonly handing: readonly RatedPeriod[];
  readonly billed: readonly RatedPeriod[];
}

/**
 * Reads what invoices are computed from, for many accounts of one bucket at once. Whoever is to write what follows holds the
 * accounts' locks; a preview holds nothing.
 */
@Injectable()
export class InvoiceFactsService {
  constructor(
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly meters: MeterService,
    private readonly usage: PeriodUsageService,
    private readonly invoices: InvoiceRepository,
  ) {}

  async read(sql: Sql, bucket: number, claims: readonly InvoiceClaim[]): Promise<InvoiceFacts[]> {
    const moved = await this.#movedPeriods(sql, bucket, claims);
    const byClaim = new Map<InvoiceClaim, ClaimPeriods>();
    for (const [i, claim] of claims.entries()) byClaim.set(claim, await this.#periodsOf(claim, moved[i]!));
    const all = [...byClaim.values()];
    const periods = all.flatMap(({ handing, billed }) => [...handing, ...billed]);
    const questions = periods.flatMap(({ segments }) => segments.flatMap((each) => each.questions));
    const answers = await this.usage.read(sql, bucket, questions);
    const answered = new Map(questions.map((question, i) => [question, answers[i]!]));
    const lines = await this.#billed(
      sql,
      bucket,
      all.flatMap(({ billed }) => billed),
    );
    return [...byClaim].map(([claim, mine]) => factsOf(claim, mine, { answered, lines }));
  }

  /** The stale periods of each claim, and the one before it where its counters moved since they were billed. */
  async #movedPeriods(
    sql: Sql,
    bucket: number,
    claims: readonly InvoiceClaim[],
  ): Promise<ReadonlySet<number>[]> {
    const before: (RatedPeriod | null)[] = [];
    for (const claim of claims) before.push(await this.#periodBefore(claim));
    const questions = before.flatMap((each) => each?.segments.flatMap(({ questions: own }) => own) ?? []);
    const revisions = await this.usage.revisions(sql, bucket, questions);
    return claims.map((claim, i) => {
      const period = before[i];
      if (!period) return claim.stale;
      const revision = revisionOf(period, (question) => revisions.get(question) ?? 0n);
      return revision === claim.state!.revision ? claim.stale : new Set([...claim.stale, period.period.from]);
    });
  }

  /** The period that was billed last; null where none was. */
  async #periodBefore(claim: InvoiceClaim): Promise<RatedPeriod | null> {
    const { account, period, state, kind } = claim;
    if (kind === 'fees' || state === null) return null;
    const before = this.accounts.segmentAt(account, period.from - 1);
    if (claim.stale.has(before.from)) return null;
    return this.#cut(claim, before, 'period');
  }

  async #periodsOf(claim: InvoiceClaim, stale: ReadonlySet<number>): Promise<ClaimPeriods> {
    const { account, period, kind } = claim;
    const main = await this.#cut(claim, period, kind);
    if (kind === 'fees') return { handing: [], billed: [main] };
    const billed = [...(await this.#affected(claim, main, stale)), main];
    const handing = await this.#handingTo(claim, billed[0]!.period);
    if (kind !== 'period') return { handing, billed };
    const next = await this.#cut(claim, this.accounts.segmentAt(account, period.to), 'fees');
    const isAhead = next.segments.some(({ card }) => card !== null && isPaidAhead(card));
    return { handing, billed: isAhead ? [...billed, next] : billed };
  }

  /** A level or a rollover that changed in one period changes all that follow it, whatever the plan is by then. */
  async #affected(
    claim: InvoiceClaim,
    main: RatedPeriod,
    stale: ReadonlySet<number>,
  ): Promise<RatedPeriod[]> {
    const earlier: RatedPeriod[] = [];
    for (let from = Math.min(...stale); from < main.period.from; from = earlier.at(-1)!.period.to) {
      earlier.push(await this.#cut(claim, this.accounts.segmentAt(claim.account, from), 'period'));
    }
    const reachesOn = [...earlier, main].some(({ segments }) =>
      segments.some(({ card, questions }) => reaches(card, questions)),
    );
    return reachesOn ? earlier : earlier.filter(({ period }) => stale.has(period.from));
  }

  /** The periods before one that have to be rated to know what it is handed: none where that is known, or nothing. */
  async #handingTo(claim: InvoiceClaim, to: Stretch): Promise<RatedPeriod[]> {
    const handing: RatedPeriod[] = [];
    for (let period = to; claim.state?.carried?.into !== period.from; period = handing[0]!.period) {
      const before = this.accounts.segmentAt(claim.account, period.from - 1);
      const cut = await this.#cut(claim, before, 'period');
      if (!rollsOver(cut.segments.at(-1)!.card)) break;
      handing.unshift(cut);
    }
    return handing;
  }

  async #cut(claim: InvoiceClaim, period: Stretch, kind: InvoiceKind): Promise<RatedPeriod> {
    const segments = [];
    for (const segment of segmentsOf(period, claim.versions)) {
      const { planVersionId, overrides } = segment;
      const card =
        planVersionId === null || segment.isTrial
          ? null
          : await this.terms.card({ planVersionId, overrides });
      const stage = stageOf(segment, kind, claim);
      const questions =
        card === null || stage === 'fees'
          ? []
          : questionsOf(claim, card, { period, segment, byKey: await this.#metersOf(card) });
      segments.push({ segment, stage, card, questions });
    }
    return { claim, period, segments };
  }

  /** Meters by key; a plan may price one that another process made a moment ago. */
  async #metersOf(card: RateCard): Promise<ReadonlyMap<string, Meter>> {
    const { byKey } = await this.meters.catalogue();
    if ([...card.prices.keys()].every((key) => byKey.has(key))) return byKey;
    return (await this.meters.reread()).byKey;
  }

  async #billed(
    sql: Sql,
    bucket: number,
    periods: readonly RatedPeriod[],
  ): Promise<Map<number, BilledLineRow[]>> {
    const asked = periods.map(({ claim, period }) => ({ accountId: claim.account.id, from: period.from }));
    const byAccount = new Map<number, BilledLineRow[]>();
    for (const row of await this.invoices.billedLines(sql, bucket, asked)) {
      const id = Number(row.account_id);
      byAccount.set(id, [...(byAccount.get(id) ?? []), row]);
    }
    return byAccount;
  }
}

function factsOf(
  claim: InvoiceClaim,
  { handing, billed }: ClaimPeriods,
  read: {
    answered: ReadonlyMap<PeriodUsageQuestion, PeriodUsage>;
    lines: ReadonlyMap<number, BilledLineRow[]>;
  },
): InvoiceFacts {
  const { answered, lines } = read;
  const first = (handing[0] ?? billed[0]!).period.from;
  const known = claim.state?.carried;
  let carried: CarriedOver = known?.into === first ? known : { into: first, units: new Map() };
  let [carriedIn, carriedOut] = [carried, carried];
  const ratings: SegmentRating[] = [];
  for (const period of [...handing, ...billed]) {
    const rated = ratePeriod(period, carried.units, answered);
    if (!handing.includes(period)) ratings.push(...rated.ratings);
    if (period.period.from === claim.period.from) carriedIn = carried;
    if (period.segments.at(-1)!.stage === 'over') carried = { into: period.period.to, units: rated.carried };
    if (period.period.from === claim.period.from) carriedOut = carried;
  }
  const rows = lines.get(claim.account.id) ?? [];
  const main = billed.find(({ period }) => period.from === claim.period.from)!;
  const priced = ratings.find(({ card }) => card !== null && canCharge(card))?.card;
  return {
    claim,
    ratings,
    billed: rows.map(chargeOf),
    currency: priced?.currency ?? (rows[0]?.currency as Currency | undefined) ?? null,
    revision: revisionOf(main, (question) => answered.get(question)?.revision ?? 0n),
    carriedIn,
    carriedOut,
  };
}

const rollsOver = (card: RateCard | null): boolean =>
  card !== null && [...card.allowances.values()].some(({ rollover }) => rollover !== null);

const reaches = (card: RateCard | null, questions: readonly PeriodUsageQuestion[]): boolean =>
  rollsOver(card) || questions.some(({ meter }) => isGauge(meter.aggregation));

function stageOf(segment: Segment, kind: InvoiceKind, { now }: InvoiceClaim): RatingStage {
  if (kind === 'fees') return 'fees';
  if (kind === 'period' || segment.to <= now) return 'over';
  return segment.from <= now ? 'running' : 'fees';
}

function questionsOf(
  { account, now }: InvoiceClaim,
  card: RateCard,
  place: { period: Stretch; segment: Stretch; byKey: ReadonlyMap<string, Meter> },
): PeriodUsageQuestion[] {
  const { period, segment, byKey } = place;
  const { from, to } = segment;
  return [...card.prices].flatMap(([key, price]) => {
    const meter = byKey.get(key);
    if (meter === undefined || price.model === 'flat') return [];
    const detail = detailFor(price, { isCovered: card.allowances.has(key) });
    return [{ account, meter, period, segment: { from, to }, detail, now }];
  });
}
