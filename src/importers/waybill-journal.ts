import { amountOfMoney, formatAmount } from '../core/asset';
import { writeDecimal } from '../core/decimal';
import { roundRatio, RATIO_ZERO, addRatios, subtractRatios, type Ratio } from '../core/ratio';
import { type ComparedUsage, COST_PARTS, type MonthCost } from '../core/waybill-comparison';
import { WAYBILL_CURRENCY } from '../pricing/unit-price.service';
import type { ReportFile } from './report-file';
import type { RowVerdict } from './row-verdict';

/** What was agreed with a project: everything that moves over besides its events. */
export type AgreementKind = 'subscription' | 'credit' | 'budget';

/** `stands`: it holds here, from this run or an earlier one. `nothing`: there is nothing left to carry over. */
export type AgreementOutcome = 'stands' | 'nothing' | 'conflict' | 'refused';

/** Something that somebody should look at, or a figure that is another one here. */
export interface WaybillNote {
  readonly kind: 'event' | AgreementKind | 'usage' | 'billing_record';
  readonly id?: string;
  readonly project: string;
  readonly outcome: 'refused' | 'conflict' | 'nothing' | 'differing' | 'not compared';
  readonly reason?: string;
  readonly month?: string;
  /** A metric, or a column of a billing record. */
  readonly figure?: string;
  readonly original?: string;
  readonly ours?: string;
  readonly difference?: string;
}

interface Sums {
  original: Ratio;
  ours: Ratio;
  months: number;
  differingMonths: number;
  projects: number;
  differingProjects: number;
}

/** So many notes are kept to be printed; the report file has all of them, and alone every figure that differs. */
const NOTES_KEPT = 100;
/** Reasons name fields, and a broken database can have fields without end. */
const REASONS_MAX = 200;
const OTHER_REASONS = 'other reasons';
const USAGE_PLACES = 6;
const CENTS = 100n;

/** What became of everything that was read. Grows with types, reasons and metrics, not with rows or projects. */
export class WaybillJournal {
  readonly events = { read: 0, recorded: 0, duplicate: 0, conflict: 0, refused: 0 };
  readonly #types = new Map<string, number>();
  readonly #reasons = new Map<string, number>();
  readonly #agreements = new Map<AgreementKind, Record<AgreementOutcome, number>>();
  readonly #usage = new Map<string, Sums>();
  readonly #costs = new Map<string, Sums>();
  readonly #records = { read: 0, compared: 0, differing: 0 };
  readonly #notes: WaybillNote[] = [];
  #noted = 0;
  #differences = 0;

  constructor(
    private readonly file: ReportFile | null,
    private readonly isDryRun: boolean,
  ) {}

  countEvent(type: string): void {
    this.events.read++;
    increase(this.#types, type);
  }

  /** What the target said of an event, or what stands against sending it. */
  judgeEvent({ id, project }: { id: string; project: string }, { status, reason }: RowVerdict): void {
    this.events[status]++;
    if (status !== 'refused' && status !== 'conflict') return;
    const why = reason ?? 'no reason was given';
    increase(this.#reasons, why);
    this.#note({ kind: 'event', id, project, outcome: status, reason: why });
  }

  judgeAgreement(
    { kind, id, project }: { kind: AgreementKind; id: string; project: string },
    { outcome, reason }: { outcome: AgreementOutcome; reason: string },
  ): void {
    const counts = this.#agreements.get(kind) ?? { stands: 0, nothing: 0, conflict: 0, refused: 0 };
    counts[outcome]++;
    this.#agreements.set(kind, counts);
    if (outcome !== 'stands') this.#note({ kind, id, project, outcome, reason });
  }

  /** The months of one project. */
  compareUsage(project: string, months: readonly ComparedUsage[]): void {
    for (const { month, metric, original, ours, isSame } of months) {
      addTo(this.#usage, metric, { original, ours, isSame });
      if (isSame) continue;
      const figures = figuresOf({ original, ours }, quantityText);
      this.#noteDifference({
        kind: 'usage',
        project,
        outcome: 'differing',
        month,
        figure: metric,
        ...figures,
      });
    }
    const differing = new Set(months.filter(({ isSame }) => !isSame).map(({ metric }) => metric));
    for (const metric of new Set(months.map((each) => each.metric))) {
      const sums = this.#usage.get(metric)!;
      sums.projects++;
      if (differing.has(metric)) sums.differingProjects++;
    }
  }

  /** A billing record line by line, both in cents. */
  compareRecord(
    record: { id: string; project: string; month: string },
    { original, ours }: { original: MonthCost; ours: MonthCost },
  ): void {
    this.#records.read++;
    this.#records.compared++;
    const different = COST_PARTS.filter((part) => original[part] !== ours[part]);
    if (different.length > 0) this.#records.differing++;
    for (const part of COST_PARTS) {
      const figures = { original: dollars(original[part]), ours: dollars(ours[part]) };
      const isSame = original[part] === ours[part];
      addTo(this.#costs, part, { ...figures, isSame });
      if (isSame) continue;
      const texts = figuresOf(figures, moneyText);
      this.#noteDifference({
        kind: 'billing_record',
        ...record,
        outcome: 'differing',
        figure: part,
        ...texts,
      });
    }
  }

  skipRecord(record: { id: string; project: string }, reason: string): void {
    this.#records.read++;
    this.#note({ kind: 'billing_record', ...record, outcome: 'not compared', reason });
  }

  /** The first notes, how many more there are, and how many figures differ besides. */
  notes(): { readonly shown: readonly WaybillNote[]; readonly more: number; readonly differences: number } {
    return {
      shown: this.#notes,
      more: this.#noted - this.#notes.length,
      differences: this.#differences,
    };
  }

  /** Everything but the single notes, as it stands in the report file. Amounts are decimal texts. */
  summary() {
    return {
      dry_run: this.isDryRun,
      events: { ...this.events, by_type: sorted(this.#types), refused_by_reason: sorted(this.#reasons) },
      agreements: Object.fromEntries(this.#agreements),
      usage: [...this.#usage].map(([metric, sums]) => ({
        metric,
        ...figuresOf(sums, quantityText),
        ...{ months: sums.months, differing_months: sums.differingMonths },
        ...{ projects: sums.projects, differing_projects: sums.differingProjects },
      })),
      billing_records: {
        ...this.#records,
        parts: [...this.#costs].map(([part, sums]) => ({
          part,
          ...figuresOf(sums, moneyText),
          differing: sums.differingMonths,
        })),
      },
    };
  }

  #noteDifference(note: WaybillNote): void {
    this.#differences++;
    this.file?.row(note);
  }

  #note(note: WaybillNote): void {
    this.#noted++;
    this.file?.row(note);
    if (this.#notes.length < NOTES_KEPT) this.#notes.push(note);
  }
}

function increase(counts: Map<string, number>, name: string): void {
  const known = counts.has(name) || counts.size < REASONS_MAX ? name : OTHER_REASONS;
  counts.set(known, (counts.get(known) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function addTo(
  all: Map<string, Sums>,
  name: string,
  { original, ours, isSame }: { original: Ratio; ours: Ratio; isSame: boolean },
): void {
  const nothing = { original: RATIO_ZERO, ours: RATIO_ZERO };
  const counts = { months: 0, differingMonths: 0, projects: 0, differingProjects: 0 };
  const sums = all.get(name) ?? { ...nothing, ...counts };
  all.set(name, sums);
  sums.original = addRatios(sums.original, original);
  sums.ours = addRatios(sums.ours, ours);
  sums.months++;
  if (!isSame) sums.differingMonths++;
}

const dollars = (cents: bigint): Ratio => ({ numerator: cents, denominator: CENTS });

const quantityText = (value: Ratio): string =>
  writeDecimal(roundRatio(value, 10n ** BigInt(USAGE_PLACES)), USAGE_PLACES);
const moneyText = (value: Ratio): string => {
  const money = { minor: roundRatio(value, CENTS), currency: WAYBILL_CURRENCY };
  return formatAmount(amountOfMoney(money), WAYBILL_CURRENCY);
};

function figuresOf({ original, ours }: { original: Ratio; ours: Ratio }, text: (value: Ratio) => string) {
  return {
    original: text(original),
    ours: text(ours),
    difference: text(subtractRatios(ours, original)),
  };
}
