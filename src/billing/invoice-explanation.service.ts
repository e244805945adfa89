import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import { EXPORT_FORMAT, proveInvoice } from '../core/invoice-proof';
import { formatMoney, money } from '../core/money';
import { planWordingToJson } from '../core/plan-shape';
import { TermsService } from '../cost-centers/terms.service';
import type { Principal } from '../platform/auth/principal';
import { MeterService } from '../pricing/meter.service';
import { EventListService } from '../usage/event-list.service';
import { InvoiceRepository } from './invoice.repository';
import { InvoiceService } from './invoice.service';
import type { InvoicePart, StoredInvoice, StoredInvoiceLine } from './stored-invoice';

/** An invoice with all that it was computed from; the verifier needs nothing else. */
export interface InvoiceExport {
  readonly format: typeof EXPORT_FORMAT;
  readonly invoice: Readonly<Record<string, string | null>>;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly discounts: readonly Readonly<Record<string, unknown>>[];
  readonly taxes: readonly Readonly<Record<string, unknown>>[];
  readonly segments: readonly RatedSegmentJson[];
  readonly billed_before: readonly Readonly<Record<string, unknown>>[];
}

/** One rated segment as it is kept with the invoice: the plan is named by its version. */
interface StoredSegment extends Omit<RatedSegmentJson, 'plan' | 'plan_version' | 'wording'> {
  readonly plan_version_id: number | null;
  readonly overrides: string | null;
}

/** One rated segment with the wording it was rated by. */
export interface RatedSegmentJson {
  readonly period_from: string;
  readonly from: string;
  readonly to: string;
  readonly plan: string | null;
  readonly plan_version: number | null;
  readonly wording: {
    readonly base_fee: unknown;
    readonly prices: Readonly<Record<string, unknown>>;
    readonly allowances: Readonly<Record<string, unknown>>;
  } | null;
  readonly usage: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Why a line says what it says. */
export interface ExplainedLine {
  readonly line: StoredInvoiceLine;
  /** Null where the plan that was billed no longer holds for the stretch. */
  readonly segment: RatedSegmentJson | null;
  readonly price: unknown;
  readonly allowance: unknown;
  readonly usage: Readonly<Record<string, unknown>> | null;
  /** What earlier invoices billed under the same key for the same stretch, major units. */
  readonly billedBefore: string;
  readonly events: LineEvents | null;
}

/** The events that made the usage of a line; of a level, what was reported in the stretch. */
export interface LineEvents {
  readonly types: readonly string[];
  readonly first: readonly { id: string; source: string; occurredAt: Date; quantity: string | null }[];
  readonly hasMore: boolean;
}

const EVENTS_SHOWN = 20;

/** Explains final invoices: down to the price, the usage and the events of each line. */
@Injectable()
export class InvoiceExplanationService {
  constructor(
    private readonly invoices: InvoiceService,
    private readonly stored: InvoiceRepository,
    private readonly terms: TermsService,
    private readonly meters: MeterService,
    private readonly events: EventListService,
  ) {}

  /** Throws `not-found`, and `failed-precondition` for a draft, which says nothing yet. */
  async export(caller: Principal, id: string): Promise<InvoiceExport> {
    const { invoice, lines } = await this.invoices.read(caller, id);
    if (invoice.currency === null) throw new DomainError('failed-precondition', 'A draft says nothing yet');
    const rated = (await this.stored.rated(invoice)) as {
      segments: StoredSegment[];
      billed_before: Record<string, unknown>[];
    };
    const segments: RatedSegmentJson[] = [];
    for (const segment of rated.segments) segments.push(await this.#worded(segment));
    const text = (minor: bigint): string => formatMoney(money(minor, invoice.currency!));
    const partOf = ({ minor, ...part }: InvoicePart) => ({ ...part, amount: text(BigInt(minor)) });
    return {
      format: EXPORT_FORMAT,
      invoice: headOf(invoice, text),
      lines: lines.map((line) => lineOf(line, text)),
      discounts: invoice.discounts.map(partOf),
      taxes: invoice.taxes.map(partOf),
      segments,
      billed_before: rated.billed_before,
    };
  }

  /** Each line with what it was computed from, and whether computing all of it again gives the invoice. */
  async explain(caller: Principal, id: string) {
    const exported = await this.export(caller, id);
    const { invoice, lines } = await this.invoices.read(caller, id);
    const explained: ExplainedLine[] = [];
    for (const line of lines) explained.push(await this.#explain(caller, { invoice, line, exported }));
    return { invoice, lines: explained, proof: proveInvoice(exported) };
  }

  async #worded({
    plan_version_id: planVersionId,
    overrides,
    ...rest
  }: StoredSegment): Promise<RatedSegmentJson> {
    if (planVersionId === null) return { ...rest, plan: null, plan_version: null, wording: null };
    const card = await this.terms.card({ planVersionId, overrides });
    const wording = planWordingToJson(card) as RatedSegmentJson['wording'];
    return { ...rest, plan: card.plan, plan_version: card.version, wording };
  }

  async #explain(
    caller: Principal,
    { invoice, line, exported }: { invoice: StoredInvoice; line: StoredInvoiceLine; exported: InvoiceExport },
  ): Promise<ExplainedLine> {
    const [periodFrom, from] = [textOf(line.period.from), textOf(line.segment.from)];
    const segment =
      exported.segments.find((each) => each.period_from === periodFrom && each.from === from) ?? null;
    const { meter } = line;
    const wording = segment?.wording ?? null;
    const before = exported.billed_before
      .filter((each) => each.period_from === periodFrom && each.from === from && each.key === line.key)
      .reduce((sum, each) => sum + BigInt(each.minor as string), 0n);
    return {
      ...{ line, segment },
      price: wording && (meter === null ? wording.base_fee : (wording.prices[meter] ?? null)),
      allowance: (meter !== null && wording?.allowances[meter]) || null,
      usage: (meter !== null && segment?.usage[meter]) || null,
      billedBefore: formatMoney(money(before, invoice.currency!)),
      events: meter === null ? null : await this.#eventsOf(caller, invoice, { line, meter }),
    };
  }

  async #eventsOf(
    caller: Principal,
    { account }: StoredInvoice,
    { line, meter }: { line: StoredInvoiceLine; meter: string },
  ): Promise<LineEvents> {
    const { byKey } = await this.meters.catalogue();
    const types = byKey.get(meter)?.eventTypes ?? [];
    const stretch = { from: line.segment.from, to: line.segment.to };
    const asked = { account: account.key, ...stretch, type: [...types], limit: EVENTS_SHOWN, after: null };
    const { items, next_cursor } = await this.events.list(asked, caller);
    const first = items.map((event) => ({
      ...{
        id: event.event_id,
        source: event.source,
        occurredAt: event.occurred_at,
        quantity: event.quantity,
      },
    }));
    return { types, first, hasMore: next_cursor !== null };
  }
}

const textOf = (at: number): string => new Date(at).toISOString();

function headOf(invoice: StoredInvoice, text: (minor: bigint) => string): InvoiceExport['invoice'] {
  const { id, account, number, kind, status, currency, period, finalisedAt } = invoice;
  return {
    ...{ id, account: account.key, number, kind, status, currency },
    ...{ period_start: textOf(period.from), period_end: textOf(period.to) },
    finalised_at: finalisedAt!.toISOString(),
    subtotal: text(invoice.subtotal),
    discount: text(invoice.discount),
    tax: text(invoice.tax),
    total: text(invoice.total),
  };
}

function lineOf(line: StoredInvoiceLine, text: (minor: bigint) => string) {
  const { position, kind, meter, key, description, period, segment, quantity, unitAmount, amount } = line;
  return {
    ...{ position, kind, meter, key, description },
    ...{ period_from: textOf(period.from), period_to: textOf(period.to) },
    ...{ from: textOf(segment.from), to: textOf(segment.to) },
    ...{ quantity, unit_amount: unitAmount, amount_exact: amount, amount: text(line.minor) },
  };
}
