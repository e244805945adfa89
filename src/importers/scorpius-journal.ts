import type { HistoryOutcome } from '../cost-centers/history-import.service';
import type { ReportFile } from './report-file';

/** The rows of the table of counts, in their order. */
export const SCORPIUS_PARTS = [
  'organisations',
  'plans',
  'overdue flags',
  'Stripe customers',
  'limits of plans',
  'counters',
  'reset markers',
  'copies of events',
  'overage events',
] as const;
export type ScorpiusPart = (typeof SCORPIUS_PARTS)[number];

/** What became of the things of a part. What is only read, such as a marker, is neither here nor skipped. */
export interface PartCounts {
  read: number;
  imported: number;
  stands: number;
  skipped: number;
}

/** Something that somebody should look at. `skipped` and `conflict` are not here; a remark is of something that is. */
export interface ScorpiusNote {
  readonly key: string;
  readonly outcome: 'skipped' | 'conflict' | 'remark';
  readonly reason: string;
}

/** So many notes are kept to be printed; the report file has all of them. */
const NOTES_KEPT = 100;
/** Names of plans and features are anybody's, and may be without end. */
const NAMES_MAX = 200;
const OTHER_NAMES = 'others';

/** What became of everything that was read. Grows with names of plans and features up to a bound, not with keys. */
export class ScorpiusJournal {
  readonly #parts = new Map<ScorpiusPart, PartCounts>();
  readonly #usage = new Map<string, bigint>();
  readonly #unknownPlans = new Map<string, number>();
  readonly #otherLimits = new Map<string, number>();
  readonly #notes: ScorpiusNote[] = [];
  #noted = 0;

  constructor(
    private readonly file: ReportFile | null,
    readonly isDryRun: boolean,
  ) {}

  /** How many things were read. */
  get read(): number {
    return [...this.#parts.values()].reduce((sum, { read }) => sum + read, 0);
  }

  /** How many things are not here although they were there. */
  get skipped(): number {
    return [...this.#parts.values()].reduce((sum, { skipped }) => sum + skipped, 0);
  }

  countRead(part: ScorpiusPart, by = 1): void {
    this.#of(part).read += by;
  }

  /** What became of something whose key this is. */
  judge(part: ScorpiusPart, key: string, outcome: HistoryOutcome): void {
    if (outcome === 'conflict') {
      this.#of(part).skipped++;
      return this.#note({ key, outcome, reason: `${CONFLICTS[part] ?? 'something else'} stands here` });
    }
    this.#of(part)[outcome]++;
  }

  skip(part: ScorpiusPart, key: string, reason: string): void {
    this.#of(part).skipped++;
    this.#note({ key, outcome: 'skipped', reason });
  }

  /** A key that was told and is not there: it expired meanwhile, unless it is one that has no text. */
  vanished(part: ScorpiusPart, key: string): void {
    if (!key.includes('\ufffd')) return;
    this.countRead(part);
    this.skip(part, key, 'its key is no UTF-8');
  }

  remark(key: string, reason: string): void {
    this.#note({ key, outcome: 'remark', reason });
  }

  /** What was counted of a feature and is here now, or would be. */
  countUsage(feature: string, count: bigint): void {
    const name = boundedName(this.#usage, feature);
    this.#usage.set(name, (this.#usage.get(name) ?? 0n) + count);
  }

  countUnknownPlan(plan: string): void {
    increase(this.#unknownPlans, plan);
  }

  /** An organisation that gets limits of its own, and what they are. */
  countOtherLimits(plan: string, limits: string): void {
    increase(this.#otherLimits, `${plan}: ${limits}`);
  }

  notes(): { readonly shown: readonly ScorpiusNote[]; readonly more: number } {
    return { shown: this.#notes, more: this.#noted - this.#notes.length };
  }

  parts(): [ScorpiusPart, PartCounts][] {
    return SCORPIUS_PARTS.map((part) => [part, this.#of(part)]);
  }

  /** Everything but the single notes, as it stands in the report file. */
  summary() {
    return {
      dry_run: this.isDryRun,
      skipped: this.skipped,
      parts: Object.fromEntries(this.parts()),
      usage: Object.fromEntries([...this.#usage].map(([feature, count]) => [feature, String(count)])),
      unknown_plans: Object.fromEntries(this.#unknownPlans),
      other_limits: Object.fromEntries(this.#otherLimits),
    };
  }

  #of(part: ScorpiusPart): PartCounts {
    const counts = this.#parts.get(part) ?? { read: 0, imported: 0, stands: 0, skipped: 0 };
    this.#parts.set(part, counts);
    return counts;
  }

  #note(note: ScorpiusNote): void {
    this.#noted++;
    this.file?.row(note);
    if (this.#notes.length < NOTES_KEPT) this.#notes.push(note);
  }
}

/** What stands where something of the original does not, so that it is not written over. */
const CONFLICTS: Partial<Record<ScorpiusPart, string>> = {
  plans: 'a plan or limits that somebody agreed to',
  'overdue flags': 'the opposite, said by somebody',
  'Stripe customers': 'the same customer of another account',
};

function increase(counts: Map<string, number>, wanted: string): void {
  const name = boundedName(counts, wanted);
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

const boundedName = (known: ReadonlyMap<string, unknown>, name: string): string =>
  known.has(name) || known.size < NAMES_MAX ? name : OTHER_NAMES;
