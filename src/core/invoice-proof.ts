import { invalid } from './errors';
import { parseInstant } from './instant';
import {
  invoiceLines,
  invoiceTotals,
  type BilledCharge,
  type InvoiceLine,
  type RatedSegment,
} from './invoice';
import { isObject } from './json-object';
import { type Currency, formatMoney, money, parseCurrency, parseMoney } from './money';
import { parsePlanWording } from './plan-shape';
import { parseQuantity } from './quantity';
import { rateSegment, type RatingStage } from './rate-segment';
import type { MeterUsage } from './rating';
import { parseRatioText, ratioText } from './ratio-text';

/** What a recomputation found. */
export interface InvoiceProof {
  /** What does not agree, a sentence each; none = every amount follows from what was rated. */
  readonly problems: readonly string[];
  /** Meters whose price looks at single events, of which there were too many to copy: their lines are taken as they are. */
  readonly unverified: readonly string[];
  readonly lines: number;
}

type Json = Readonly<Record<string, unknown>>;

export const EXPORT_FORMAT = 'tallyhouse-invoice-1';

/**
 * Computes an exported invoice again: usage and wording to charges, less what was billed before, to lines, discounts, taxes
 * and the total. It reads nothing but the export. Throws `invalid-argument` for what is no export.
 */
export function proveInvoice(json: unknown): InvoiceProof {
  const doc = objectIn(json, 'export');
  if (doc.format !== EXPORT_FORMAT) throw invalid('format', `must be ${EXPORT_FORMAT}`);
  const invoice = objectIn(doc.invoice, 'invoice');
  const currency = parseCurrency(textIn(invoice, 'currency'));
  const segments = listIn(doc, 'segments');
  const unverified = [...new Set(segments.flatMap(metersWithoutEntries))];
  const main = stretchIn(invoice, 'period_start', 'period_end');
  const computed = invoiceLines(
    segments.map(ratedSegment),
    listIn(doc, 'billed_before').map(billedCharge),
    main,
  );
  const stated = listIn(doc, 'lines');
  const problems = [
    ...linesThatDiffer(computed, stated, { currency, unverified: new Set(unverified) }),
    ...totalsThatDiffer(stated, doc, { invoice, currency }),
  ];
  return { problems, unverified, lines: stated.length };
}

function linesThatDiffer(
  computed: readonly InvoiceLine[],
  stated: readonly Json[],
  { currency, unverified }: { currency: Currency; unverified: ReadonlySet<string> },
): string[] {
  const nameOf = (from: string, key: string): string => `${key || 'base fee'} from ${from}`;
  const told = (quantity: string | null, amount: string, minor: string): string =>
    `${quantity ?? 'no quantity'}, ${amount} exactly, ${minor}`;
  const expected = new Map(
    computed
      .filter(({ meter }) => meter === null || !unverified.has(meter))
      .map(({ segment, key, quantity, amount, minor }) => [
        nameOf(new Date(segment.from).toISOString(), key),
        told(quantity && ratioText(quantity), ratioText(amount), formatMoney(money(minor, currency))),
      ]),
  );
  const found = new Map(
    stated
      .filter(({ meter }) => typeof meter !== 'string' || !unverified.has(meter))
      .map((line) => [
        nameOf(textIn(line, 'from'), textIn(line, 'key')),
        told((line.quantity as string | null) ?? null, textIn(line, 'amount_exact'), textIn(line, 'amount')),
      ]),
  );
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((name) => {
    const [wanted, is] = [expected.get(name) ?? 'nothing', found.get(name) ?? 'nothing'];
    return wanted === is ? [] : [`${name}: the line says ${is}, it comes to ${wanted}`];
  });
}

function totalsThatDiffer(
  stated: readonly Json[],
  doc: Json,
  { invoice, currency }: { invoice: Json; currency: Currency },
): string[] {
  const minorIn = (json: Json, name: string): bigint => parseMoney(textIn(json, name), currency, name).minor;
  const lines = stated.map((line) => ({ minor: minorIn(line, 'amount') }) as InvoiceLine);
  const totals = invoiceTotals(lines, {
    discounts: listIn(doc, 'discounts').map((part) => ({
      name: textIn(part, 'name'),
      ...(typeof part.percent === 'string'
        ? { percent: parseQuantity(part.percent) }
        : { minor: minorIn(part, 'amount') }),
    })),
    taxes: listIn(doc, 'taxes').map((part) => ({
      name: textIn(part, 'name'),
      percent: parseQuantity(textIn(part, 'percent')),
      inclusive: part.inclusive === true,
    })),
  });
  const taxes = totals.taxes.reduce((sum, { minor }) => sum + minor, 0n);
  const figures: [string, bigint, bigint][] = [
    ['subtotal', minorIn(invoice, 'subtotal'), totals.subtotal],
    ['tax', minorIn(invoice, 'tax'), taxes],
    ['total', minorIn(invoice, 'total'), totals.total],
  ];
  const text = (minor: bigint): string => formatMoney(money(minor, currency));
  return figures
    .filter(([, is, wanted]) => is !== wanted)
    .map(([name, is, wanted]) => `${name}: the invoice says ${text(is)}, it comes to ${text(wanted)}`);
}

function ratedSegment(json: Json): RatedSegment {
  const period = stretchIn(json, 'period_from', 'period_to');
  const stretch = stretchIn(json, 'from', 'to');
  const segment = { ...stretch, planVersionId: null, overrides: null, isTrial: json.is_trial === true };
  const card = json.wording === null ? null : parsePlanWording(json.wording, 'wording');
  const usage = Object.entries(objectIn(json.usage, 'usage')).map(
    ([meter, used]) => [meter, meterUsage(objectIn(used, `usage.${meter}`))] as const,
  );
  return rateSegment({ period, segment, stage: textIn(json, 'stage') as RatingStage }, card, new Map(usage));
}

function meterUsage(json: Json): MeterUsage {
  const ratioIn = (name: string) =>
    json[name] === undefined ? undefined : parseRatioText(textIn(json, name));
  const [divideBy, carriedOver, usedEarlier] = ['divide_by', 'carried_over', 'used_earlier'].map(ratioIn);
  const entries = json.entries === undefined ? [] : listIn(json, 'entries');
  return {
    entries: entries.map((entry) => ({
      quantity: parseQuantity(textIn(entry, 'quantity')),
      amount: entry.amount === undefined ? null : parseQuantity(textIn(entry, 'amount')),
      dimensions: (entry.dimensions ?? {}) as Record<string, string>,
    })),
    ...(divideBy && { divideBy }),
    ...(carriedOver && { carriedOver }),
    ...(usedEarlier && { usedEarlier }),
  };
}

function metersWithoutEntries(json: Json): string[] {
  const usage = objectIn(json.usage, 'usage');
  return Object.keys(usage).filter((meter) => objectIn(usage[meter], meter).entries === undefined);
}

function billedCharge(json: Json): BilledCharge {
  return {
    ...{ key: textIn(json, 'key'), meter: (json.meter as string | null) ?? null, description: '' },
    ...{ unitAmount: null, bound: null },
    quantity: typeof json.quantity === 'string' ? parseRatioText(json.quantity) : null,
    amount: parseRatioText(textIn(json, 'amount')),
    minor: BigInt(textIn(json, 'minor')),
    periodFrom: instantIn(json, 'period_from'),
    segmentFrom: instantIn(json, 'from'),
  };
}

function objectIn(json: unknown, field: string): Json {
  if (!isObject(json)) throw invalid(field, 'must be an object');
  return json;
}

function listIn(json: Json, field: string): Json[] {
  const list = json[field];
  if (!Array.isArray(list)) throw invalid(field, 'must be a list');
  return list.map((item: unknown, i) => objectIn(item, `${field}[${i}]`));
}

function textIn(json: Json, field: string): string {
  const text = json[field];
  if (typeof text !== 'string') throw invalid(field, 'must be a text');
  return text;
}

const instantIn = (json: Json, field: string): number => parseInstant(textIn(json, field), field);

const stretchIn = (json: Json, from: string, to: string) => ({
  from: instantIn(json, from),
  to: instantIn(json, to),
});
