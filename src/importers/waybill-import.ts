import { readDecimal } from '../core/decimal';
import type { UsageEvent } from '../core/event';
import {
  addReadings,
  emptyUsage,
  type MonthUsage,
  type ProjectUsage,
  usageByMonth,
} from '../core/project-usage';
import {
  calendarMonth,
  compareUsage,
  monthCost,
  type MonthCost,
  monthName,
} from '../core/waybill-comparison';
import { InFlight } from './in-flight';
import { patiently } from './patience';
import { importAgreements } from './waybill-agreements';
import type { WaybillCards } from './waybill-cards';
import { judgeEvent } from './waybill-events';
import type { WaybillJournal } from './waybill-journal';
import type { TextRow, WaybillSource } from './waybill-source.repository';
import type { WaybillTarget } from './waybill-target';

export interface WaybillParts {
  readonly source: WaybillSource;
  /** Null = a dry run: everything is read, judged and compared, nothing is sent. */
  readonly target: WaybillTarget | null;
  readonly journal: WaybillJournal;
  readonly cards: WaybillCards;
  /** How far ahead of the original's clock an event may be, in milliseconds. */
  readonly futureToleranceMs: number;
  readonly onProgress: (events: number) => void;
}

const BATCH = 1_000;

/**
 * Moves an original Waybill over: events project by project, then what was agreed. What is here already stays, so an import
 * that was interrupted is simply run again. With `since` only events that were stored from then on are read, and nothing is
 * compared. Throws `unavailable` when the target stays away for more than a minute.
 */
export async function importWaybill(parts: WaybillParts, { since }: { since: Date | null }): Promise<void> {
  const lane = new EventLane(parts);
  try {
    for await (const project of parts.source.projects()) {
      const usage = await importEvents(parts, { lane, project, since });
      if (since === null) await compareProject(parts, project, usage);
    }
    await lane.finish();
  } finally {
    // Also after a failure: whatever was stored by then stands in the journal.
    await lane.settled();
  }
  await importAgreements(parts.source, parts.target, parts.journal);
}

async function importEvents(
  { source, target, journal, futureToleranceMs, onProgress }: WaybillParts,
  { lane, project, since }: { lane: EventLane; project: string; since: Date | null },
): Promise<ProjectUsage> {
  const usage = emptyUsage();
  let isMade = false;
  for await (const page of source.events(project, since)) {
    for (const json of page) {
      const judged = judgeEvent(json, source.now + futureToleranceMs);
      const { id, type } = judged;
      journal.countEvent(type);
      if ('reason' in judged) {
        journal.judgeEvent({ id, project }, { status: 'refused', reason: judged.reason });
        continue;
      }
      const { event, readings } = judged;
      if (event.occurredAt < source.hour) addReadings(usage, event.occurredAt, readings);
      if (!isMade && target !== null) await patiently(() => target.makeAccount(event.account));
      isMade = true;
      lane.push({ id, project, event });
    }
    await lane.advance();
    onProgress(journal.events.read);
  }
  return usage;
}

/** Hours that run are not compared: the original adds an hour up when it is over. */
async function compareProject(
  { source, journal, cards }: WaybillParts,
  project: string,
  usage: ProjectUsage,
): Promise<void> {
  const months = usageByMonth(usage, source.hour);
  const metered = months.filter(({ from }) => from < source.hour);
  journal.compareUsage(project, compareUsage(await source.hourlySums(project), metered));
  for (const row of await source.billingRecords(project)) {
    compareRecord({ project, row, months, until: source.hour }, { journal, cards });
  }
}

function compareRecord(
  record: { project: string; row: TextRow; months: readonly MonthUsage[]; until: number },
  { journal, cards }: Pick<WaybillParts, 'journal' | 'cards'>,
): void {
  const { row, project, months, until } = record;
  const id = row['id'] ?? '';
  const skip = (reason: string): void => journal.skipRecord({ id, project }, reason);
  const month = calendarMonth(row['period_start'] ?? '', row['period_end'] ?? '');
  if (month === null) return skip('its period is no calendar month');
  if (month.to > until) return skip('its month is not over');
  const card = cards(row['plan_id'] ?? null);
  if (card === null) return skip(`there is no plan ${row['plan_id']}`);
  const original = costOf(row);
  if (original === null) return skip('its amounts are no amounts of USD');
  const own = months.filter(({ from }) => from === month.from);
  const ours = monthCost(card, own);
  journal.compareRecord({ id, project, month: monthName(month.from) }, { original, ours });
}

/** In cents; null where a column holds none. */
function costOf(row: TextRow): MonthCost | null {
  const cents = (column: keyof MonthCost): bigint | null => readDecimal(row[column] ?? '0', 2);
  const cost = {
    plan_amount: cents('plan_amount'),
    compute_cost: cents('compute_cost'),
    build_cost: cents('build_cost'),
    storage_cost: cents('storage_cost'),
    bandwidth_cost: cents('bandwidth_cost'),
    subtotal: cents('subtotal'),
  };
  const isWhole = (row['currency'] ?? 'USD') === 'USD' && Object.values(cost).every((each) => each !== null);
  return isWhole ? (cost as MonthCost) : null;
}

interface Sent {
  readonly id: string;
  readonly project: string;
  readonly event: UsageEvent;
}

/** Events on their way: collected to batches, sent a few batches at a time. */
class EventLane {
  readonly #waiting: Sent[] = [];
  readonly #inFlight = new InFlight();

  constructor(private readonly parts: Pick<WaybillParts, 'target' | 'journal'>) {}

  push(sent: Sent): void {
    this.#waiting.push(sent);
  }

  /** Sends the whole batches that can go. */
  async advance(): Promise<void> {
    while (this.#waiting.length >= BATCH) await this.#send();
  }

  /** Sends what is left and waits for the last verdict. */
  async finish(): Promise<void> {
    while (this.#waiting.length > 0) await this.#send();
    await this.#inFlight.finish();
  }

  settled(): Promise<void> {
    return this.#inFlight.settled();
  }

  async #send(): Promise<void> {
    const batch = this.#waiting.splice(0, BATCH);
    await this.#inFlight.start(() => this.#store(batch));
  }

  async #store(batch: readonly Sent[]): Promise<void> {
    const { target, journal } = this.parts;
    const events = batch.map(({ event }) => event);
    const verdicts = await (target === null ? WOULD_BE : patiently(() => target.record(events)));
    batch.forEach((sent, place) => journal.judgeEvent(sent, verdicts[place] ?? RECORDED));
  }
}

const RECORDED = { status: 'recorded' } as const;
/** In a dry run everything that could be sent would be recorded. */
const WOULD_BE: readonly (typeof RECORDED)[] = [];
