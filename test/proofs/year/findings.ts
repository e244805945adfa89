import type { Pool } from 'pg';
import { periodAt } from '../../../src/core/period';
import { type ExpectedSegment, expectedOf, type History } from './fold';
import { type Fraction, fractionOf, isSame, NONE, plus, rounded, times } from './fraction';

interface InvoiceRow {
  id: string;
  kind: string;
  status: string;
  period_from: Date;
  period_to: Date;
  subtotal: string;
  discount: string;
  tax: string;
  total: string;
  granted: string;
  carried: string;
  credited: string;
  paid: string;
  written_off: string;
  lines: LineRow[] | null;
}

interface LineRow {
  period_from: number;
  segment_from: number;
  segment_to: number;
  key: string;
  quantity: string | null;
  unit_amount: string | null;
  amount: string;
  minor: number;
}

const MS = (at: string): string => `(extract(epoch from ${at}) * 1000)::bigint`;

const READ_INVOICES = `
  select i.id, i.kind, i.status, i.period_from, i.period_to, i.subtotal, i.discount, i.tax, i.total, i.granted, i.carried,
    i.credited, i.paid, i.written_off,
    (select json_agg(json_build_object('period_from', ${MS('l.period_from')}, 'segment_from', ${MS('l.segment_from')},
        'segment_to', ${MS('l.segment_to')}, 'key', l.key, 'quantity', l.quantity, 'unit_amount', l.unit_amount,
        'amount', l.amount, 'minor', l.minor) order by l.position)
      from invoice_line l where l.bucket = i.bucket and l.account_id = i.account_id and l.invoice_id = i.id) as lines
  from invoice i join account a on a.id = i.account_id
  where a.key = $1 and i.status <> 'draft' order by i.period_from, i.finalised_at, i.id`;

const READ_REST = `
  select (select count(*)::int from late_usage l where l.account_id = a.id) as late,
    (select coalesce(sum(debits - credits) filter (where name = 'settlement'), 0)::text from balance b
      where b.account_id = a.id) as settlement,
    (select coalesce(sum(debits - credits) filter (where name = 'receivable'), 0)::text from balance b
      where b.account_id = a.id) as receivable
  from account a where a.key = $1`;

interface Found {
  readonly invoices: readonly InvoiceRow[];
  readonly late: number;
  readonly settlement: string;
  readonly receivable: string;
}

/** What was looked at, so that a proof cannot pass by looking at nothing. */
export interface Looked {
  accounts: number;
  invoices: number;
  lines: number;
  segments: number;
  charges: number;
  /** Accounts without a plan in the end, about whom something came after their last invoice. */
  unbilled: number;
}

/** Looks for whatever of an account is not as the naive fold has it; in words. */
export async function findingsOf(
  client: Pool,
  history: History,
  { until, looked }: { until: number; looked: Looked },
): Promise<string[]> {
  const { key } = history.subscriber;
  const { rows: invoices } = await client.query<InvoiceRow>(READ_INVOICES, [key]);
  const { rows } = await client.query<Omit<Found, 'invoices'>>(READ_REST, [key]);
  const found: Found = { ...rows[0]!, invoices };
  const expected = expectedOf(history, until);
  looked.accounts += 1;
  looked.invoices += invoices.length;
  looked.segments += expected.length;
  const problems = [
    ...wrongSums(expected, found, { until, looked }),
    ...wrongPeriods(history, expected, found),
    ...invoices.flatMap((invoice) => wrongInvoice(history, invoice, looked)),
    ...wrongBalances(found),
  ];
  return problems.map((problem) => `${key}: ${problem}`);
}

interface Sum {
  readonly minor: bigint;
  readonly amount: Fraction;
  readonly quantity: Fraction;
}

const EMPTY: Sum = { minor: 0n, amount: NONE, quantity: NONE };

function add(sums: Map<string, Sum>, name: string, { minor, amount, quantity }: Sum): void {
  const sum = sums.get(name) ?? EMPTY;
  sums.set(name, {
    minor: sum.minor + minor,
    amount: plus(sum.amount, amount),
    quantity: plus(sum.quantity, quantity),
  });
}

const iso = (at: number): string => new Date(at).toISOString();
const show = ({ n, d }: Fraction): string => (d === 1n ? `${n}` : `${n}/${d}`);

/** The lines of all invoices that count, against what each key of each segment comes to. */
function wrongSums(
  expected: readonly ExpectedSegment[],
  { invoices, late }: Found,
  { until, looked }: { until: number; looked: Looked },
): string[] {
  const [wanted, billed] = [new Map<string, Sum>(), new Map<string, Sum>()];
  const nameOf = (period: number, segment: number, key: string) => `${iso(period)} ${iso(segment)} ${key}`;
  for (const { period, from, charges } of expected) {
    for (const { key, minor, amount, quantity } of charges) {
      const measured = quantity === null ? NONE : { n: quantity.numerator, d: quantity.denominator };
      const exact = { n: amount.numerator, d: amount.denominator };
      add(wanted, nameOf(period.from, from, key), { minor, amount: exact, quantity: measured });
      looked.charges += 1;
    }
  }
  for (const { status, lines } of invoices) {
    if (status === 'void') continue;
    for (const line of lines ?? []) {
      // What is paid ahead of periods that are not over is looked at when they are.
      if (line.period_from >= until || isOpen(line, expected)) continue;
      add(billed, nameOf(line.period_from, line.segment_from, line.key), {
        minor: BigInt(line.minor),
        amount: fractionOf(line.amount),
        quantity: line.quantity === null ? NONE : fractionOf(line.quantity),
      });
    }
  }
  const problems = [...new Set([...wanted.keys(), ...billed.keys()])].flatMap((name) => {
    const [want, got] = [wanted.get(name) ?? EMPTY, billed.get(name) ?? EMPTY];
    const same = (['amount', 'quantity'] as const).every((part) => isSame(want[part], got[part]));
    if (want.minor === got.minor && same) return [];
    return [
      `${name}: billed ${got.minor} (${show(got.amount)} for ${show(got.quantity)}), is ${want.minor} (${show(want.amount)} for ${show(want.quantity)})`,
    ];
  });
  const isUnbilled = problems.length > 0 && late > 0;
  if (isUnbilled) looked.unbilled += 1;
  return isUnbilled && expected.at(-1)?.plan === null ? [] : problems;
}

/** Whether a line belongs to a period that was not over when the year was. */
function isOpen({ period_from }: LineRow, expected: readonly ExpectedSegment[]): boolean {
  const last = expected.at(-1);
  return last !== undefined && period_from >= last.period.to;
}

/** Invoices of periods: each exactly one, none twice, and one for each period in which a plan charged something. */
function wrongPeriods(
  { subscriber: { calendar } }: History,
  expected: readonly ExpectedSegment[],
  { invoices }: Found,
): string[] {
  const problems: string[] = [];
  const seen = new Map<number, number>();
  for (const { kind, id, period_from: from, period_to: to } of invoices) {
    const period = periodAt(calendar, from);
    if (period.from.getTime() !== from.getTime() || period.to.getTime() !== to.getTime()) {
      problems.push(`${kind} invoice ${id} of ${from.toISOString()} is of no period`);
    }
    if (kind === 'period') seen.set(from.getTime(), (seen.get(from.getTime()) ?? 0) + 1);
  }
  for (const [from, count] of seen) if (count > 1) problems.push(`${count} invoices of ${iso(from)}`);
  // What was used late in a period without anything else is told of by a later invoice.
  const told = new Set(invoices.flatMap(({ lines }) => (lines ?? []).map((line) => line.period_from)));
  for (const { period, charges } of expected) {
    const isFree = charges.every(({ minor, quantity }) => minor === 0n && (quantity?.numerator ?? 0n) === 0n);
    if (!isFree && !told.has(period.from)) {
      problems.push(`no invoice of ${iso(period.from)}`);
    }
  }
  return problems;
}

function wrongInvoice({ subscriber }: History, invoice: InvoiceRow, looked: Looked): string[] {
  const lines = invoice.lines ?? [];
  looked.lines += lines.length;
  const problems = lines.flatMap((line) => {
    if (line.unit_amount === null) return [];
    const product = times(fractionOf(line.unit_amount), fractionOf(line.quantity ?? '1'));
    return isSame(product, fractionOf(line.amount)) ? [] : [`line ${line.key}: ${JSON.stringify(line)}`];
  });
  const minors = lines.map(({ minor }) => BigInt(minor));
  const subtotal = sum(minors);
  let discounted = minors;
  const running = subscriber.discounts.filter(
    ({ ends_at }) => ends_at === undefined || invoice.period_from < new Date(ends_at),
  );
  const off = sum(
    running.map(({ percent }) => {
      const part = (sign: bigint): bigint =>
        sign *
        rounded(
          times(
            { n: sum(discounted.filter((each) => each * sign > 0n)) * sign, d: 100n },
            fractionOf(percent),
          ),
        );
      return part(1n) + part(-1n);
    }),
  );
  discounted = [subtotal - off];
  const tax = sum(
    subscriber.taxes.map(({ percent }) =>
      rounded(times({ n: discounted[0]!, d: 100n }, fractionOf(percent))),
    ),
  );
  const wanted = { subtotal, discount: off, tax, total: subtotal - off + tax };
  for (const [name, value] of Object.entries(wanted)) {
    const stored = invoice[name as keyof typeof wanted];
    if (stored !== String(value)) problems.push(`${name} is ${stored}, its lines say ${value}`);
  }
  return problems.map(
    (problem) => `${invoice.kind} invoice ${invoice.id} of ${iso(invoice.period_from.getTime())}: ${problem}`,
  );
}

const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

/** What is open of invoices is what the ledger says is owed, and nothing is owed that is not invoiced. */
function wrongBalances({ invoices, settlement, receivable }: Found): string[] {
  const open = invoices
    .filter(({ status }) => status !== 'void')
    .map((each) => {
      const { total, carried, granted, credited, paid, written_off } = each;
      return (
        BigInt(total) +
        BigInt(carried) -
        BigInt(granted) -
        BigInt(credited) -
        BigInt(paid) -
        BigInt(written_off)
      );
    });
  const owed = times({ n: sum(open), d: 100n }, { n: 1n, d: 1n });
  return [
    ...(isSame(fractionOf(settlement), owed) ? [] : [`settlement is ${settlement}, open is ${sum(open)}`]),
    ...(isSame(fractionOf(receivable), NONE) ? [] : [`receivable is ${receivable}`]),
  ];
}
