import { DEFAULT_CALENDAR } from './account';
import type { Reading } from './event';
import type { Meter } from './meter';
import { periodAt } from './period';
import { ONE, ZERO, quantity, type Quantity } from './quantity';
import { divideRatios, ratio, type Ratio } from './ratio';

type Measuring = Pick<Meter, 'key' | 'aggregation' | 'divideBy'>;

/** What a resource stands at, and since when. */
interface Level {
  readonly meter: Measuring;
  readonly level: Quantity;
  readonly since: number;
}

/** What meters counted in one calendar month (UTC), in base units. */
interface Month {
  readonly from: number;
  readonly to: number;
  /** Amounts, or level · milliseconds; of a peak gauge by how much its level changed. */
  readonly sums: Map<string, bigint>;
}

/** The usage of one project while it is being added up: it grows with its months and resources, not with its events. */
export interface ProjectUsage {
  readonly meters: Map<string, Measuring>;
  readonly months: Map<number, Month>;
  readonly levels: Map<string, Level>;
}

/** What one meter counted in one calendar month; of a peak gauge the level at its end, as Waybill tells domains. */
export interface MonthUsage {
  /** The first instant of the month and of the next one. */
  readonly from: number;
  readonly to: number;
  readonly meter: string;
  /** In base units. */
  readonly stored: Quantity;
  readonly divideBy: Ratio;
}

export function emptyUsage(): ProjectUsage {
  return { meters: new Map(), months: new Map(), levels: new Map() };
}

/** Adds what an event teaches; events come in the order in which they take effect (`byOccurrence`). */
export function addReadings(usage: ProjectUsage, at: number, readings: readonly Reading[]): void {
  for (const reading of readings) {
    if (reading.kind === 'value') continue;
    usage.meters.set(reading.meter.key, reading.meter);
    if (reading.kind === 'add') add(monthAt(usage, at), reading.meter.key, reading.value);
    else setLevel(usage, at, reading);
  }
}

function setLevel(usage: ProjectUsage, at: number, reading: Reading & { kind: 'level' }): void {
  const { meter, resource, value } = reading;
  const name = `${meter.key} ${resource}`;
  const before = usage.levels.get(name);
  if (meter.aggregation === 'gauge_peak') {
    add(monthAt(usage, at), meter.key, value - (before?.level ?? ZERO));
  } else if (before !== undefined) {
    addHeld(usage, before, at);
  }
  usage.levels.set(name, { meter, level: value, since: at });
}

/** Adds what a level came to from its beginning on, month by month. */
function addHeld(usage: ProjectUsage, { meter, level, since }: Level, until: number): void {
  if (level === ZERO) return;
  for (let at = since; at < until;) {
    const month = monthAt(usage, at);
    const end = Math.min(month.to, until);
    add(month, meter.key, level * BigInt(end - at));
    at = end;
  }
}

function monthAt({ months }: ProjectUsage, at: number): Month {
  const { from, to } = periodAt(DEFAULT_CALENDAR, new Date(at));
  const known = months.get(from.getTime());
  if (known) return known;
  const month = { from: from.getTime(), to: to.getTime(), sums: new Map<string, bigint>() };
  months.set(month.from, month);
  return month;
}

function add({ sums }: Month, meter: string, amount: bigint): void {
  sums.set(meter, (sums.get(meter) ?? 0n) + amount);
}

/** Ends the adding up at an instant, at which every level still holds, and answers every month in which anything counted. */
export function usageByMonth(usage: ProjectUsage, until: number): MonthUsage[] {
  for (const level of usage.levels.values()) {
    if (level.meter.aggregation !== 'gauge_peak') addHeld(usage, level, until);
  }
  const rows: MonthUsage[] = [];
  const standing = new Map<string, bigint>();
  for (const { from, to, sums } of monthsInOrder(usage, until)) {
    for (const [key, meter] of usage.meters) {
      const isPeak = meter.aggregation === 'gauge_peak';
      const counted = (sums.get(key) ?? 0n) + (isPeak ? (standing.get(key) ?? 0n) : 0n);
      if (isPeak) standing.set(key, counted);
      if (counted === 0n) continue;
      rows.push({ from, to, meter: key, stored: quantity(counted), divideBy: meter.divideBy });
    }
  }
  return rows;
}

/** Every month from the first one up to the instant: a level may stand through months in which nothing happens. */
function monthsInOrder(usage: ProjectUsage, until: number): Month[] {
  const [first] = [...usage.months.keys()].sort((a, b) => a - b);
  if (first === undefined) return [];
  for (let month = monthAt(usage, first); month.to < until;) month = monthAt(usage, month.to);
  return [...usage.months.values()].sort((a, b) => a.from - b.from);
}

/** The same in units of the meter. */
export function unitsOf({ stored, divideBy }: Pick<MonthUsage, 'stored' | 'divideBy'>): Ratio {
  return divideRatios(ratio(stored, ONE), divideBy);
}
