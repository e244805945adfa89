import { Injectable } from '@nestjs/common';
import type { Stretch } from '../core/contribution';
import type { BilledCharge, InvoiceKind } from '../core/invoice';
import { type Meter, isGauge } from '../core/meter';
import type { Currency } from '../core/money';
import type { RateCard } from '../core/plan';
import { detailFor } from '../core/rated-usage';
import { isPaidAhead, type RatingStage } from '../core/rate-segment';
import type { Ratio } from '../core/ratio';
import { parseRatioText, ratioText } from '../core/ratio-text';
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
  /** What the claim's own period hands on, by meter. */
  readonly carried: ReadonlyMap<string, Ratio>;
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
    const byClaim = new Map<InvoiceClaim, RatedPeriod[]>();
    for (const [i, claim] of claims.entries()) byClaim.set(claim, await this.#periodsOf(claim, moved[i]!));
    const periods = [...byClaim.values()].flat();
    const questions = periods.flatMap(({ segments }) => segments.flatMap((each) => each.questions));
    const answers = await this.usage.read(sql, bucket, questions);
    const answered = new Map(questions.map((question, i) => [question, answers[i]!]));
    const billed = await this.#billed(sql, bucket, periods);
    const facts: InvoiceFacts[] = [];
    for (const [claim, mine] of byClaim) {
      facts.push(await this.#factsOf(sql, claim, { mine, answered, billed }));
    }
    return facts;
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

  async #periodsOf(claim: InvoiceClaim, stale: ReadonlySet<number>): Promise<RatedPeriod[]> {
    const { account, period, kind } = claim;
    const main = await this.#cut(claim, period, kind);
    const earlier: RatedPeriod[] = [];
    if (kind !== 'fees' && stale.size > 0) {
      for (const from of this.#affected(main, period, stale)) {
        earlier.push(await this.#cut(claim, this.accounts.segmentAt(account, from), 'period'));
      }
    }
    if (kind !== 'period') return [...earlier, main];
    const next = await this.#cut(claim, this.accounts.segmentAt(account, period.to), 'fees');
    const isAhead = next.segments.some(({ card }) => card !== null && isPaidAhead(card));
    return isAhead ? [...earlier, main, next] : [...earlier, main];
  }

  /** A level or a rollover that changed in one period changes all that follow it. */
  #affected(main: RatedPeriod, period: Stretch, stale: ReadonlySet<number>): number[] {
    const first = Math.min(...stale);
    if (first >= period.from) return [];
    const reachesOn = main.segments.some(({ card, questions }) => reaches(card, questions));
    if (!reachesOn) return [...stale].filter((from) => from < period.from).sort((a, b) => a - b);
    const all: number[] = [];
    for (let from = first; from < period.from; from = this.accounts.segmentAt(main.claim.account, from).to) {
      all.push(from);
    }
    return all;
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

  async #factsOf(
    sql: Sql,
    claim: InvoiceClaim,
    read: {
      mine: readonly RatedPeriod[];
      answered: ReadonlyMap<PeriodUsageQuestion, PeriodUsage>;
      billed: ReadonlyMap<number, BilledLineRow[]>;
    },
  ): Promise<InvoiceFacts> {
    const ratings: SegmentRating[] = [];
    let carried = await this.#carriedInto(sql, claim, read.mine);
    let handedOn: ReadonlyMap<string, Ratio> = new Map();
    for (const period of read.mine) {
      const rated = ratePeriod(period, carried, read.answered);
      ratings.push(...rated.ratings);
      if (period.segments.at(-1)?.stage === 'over') carried = rated.carried;
      if (period.period.from === claim.period.from) handedOn = rated.carried;
    }
    const rows = read.billed.get(claim.account.id) ?? [];
    const main = read.mine.find(({ period }) => period.from === claim.period.from)!;
    const priced = ratings.find(({ card }) => card !== null && canCharge(card))?.card;
    return {
      claim,
      ratings,
      billed: rows.map(chargeOf),
      currency: priced?.currency ?? (rows[0]?.currency as Currency | undefined) ?? null,
      revision: revisionOf(main, (question) => read.answered.get(question)?.revision ?? 0n),
      carried: handedOn,
    };
  }

  /** What the period before the first one handed to it: as it was billed, because nothing earlier has changed. */
  async #carriedInto(
    sql: Sql,
    claim: InvoiceClaim,
    periods: readonly RatedPeriod[],
  ): Promise<ReadonlyMap<string, Ratio>> {
    const first = periods[0]!.period.from;
    if (first >= claim.period.from) return ratiosOf(claim.state?.carried ?? {});
    if (!periods.some(({ segments }) => segments.some(({ card }) => rollsOver(card)))) return new Map();
    const rated = await this.invoices.ratedOfPeriod(sql, claim.account, first);
    return carriedIntoRated(rated, first);
  }
}

/** What was handed to a period, as its invoice noted it (`ratedOf`). */
function carriedIntoRated(rated: unknown, periodFrom: number): ReadonlyMap<string, Ratio> {
  const { segments } = (rated ?? { segments: [] }) as {
    segments: { period_from: string; usage: Record<string, { carried_over?: string }> }[];
  };
  const first = segments.find((each) => Date.parse(each.period_from) === periodFrom);
  const carried = Object.entries(first?.usage ?? {}).flatMap(([meter, { carried_over: text }]) =>
    text === undefined ? [] : [[meter, text] as const],
  );
  return ratiosOf(Object.fromEntries(carried));
}

const ratiosOf = (texts: Readonly<Record<string, string>>): ReadonlyMap<string, Ratio> =>
  new Map(Object.entries(texts).map(([meter, text]) => [meter, parseRatioText(text)]));

/** What an account's open period begins with, as it is stored; null = nothing. */
export function carriedJson(carried: ReadonlyMap<string, Ratio>): Record<string, string> | null {
  if (carried.size === 0) return null;
  return Object.fromEntries([...carried].map(([meter, value]) => [meter, ratioText(value)]));
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
