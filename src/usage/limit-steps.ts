import type { Reading } from '../core/event';
import { admit, type LimitRule } from '../core/limit';
import { ONE, type Quantity, quantity, ZERO } from '../core/quantity';
import { limitText } from './limit-notes.service';
import { nameOf, type CounterRef, type StandingLevel, type WantedCounter } from './limit.repository';
import type { LimitsAt } from './limits-in-force.service';
import type { LimitRefusal } from './outcome';
import type { PreparedEvent } from './prepared-event';

/** A counter of which this transaction holds the row, as it stands while events are admitted one by one. */
export interface Held extends CounterRef {
  used: Quantity;
  /** Held by open reservations of others. */
  reserved: Quantity;
  readonly limits: LimitsAt;
  readonly rule: LimitRule | null;
}

/** What else decides about the events of a group; kept up to date while they are admitted one by one. */
export interface GroupState {
  /** Values of unique meters that are known in their period: `nameOf` and the value. */
  readonly values: Set<string>;
  /** The newest level of each resource of a limited gauge: `nameOf` and the resource. */
  readonly levels: Map<string, StandingLevel>;
}

/** What one event adds to one counter with a limit. */
export interface Step {
  readonly held: Held;
  readonly delta: Quantity;
  /** What is known from then on. */
  readonly settle: (state: GroupState) => void;
}

/** What the events of a group read, on counters that they add to or levels that they set; each counter once. */
export function countersOf(events: readonly PreparedEvent[]): WantedCounter[] {
  const counters = new Map<string, WantedCounter>();
  for (const { account, segment, readings, limits } of events) {
    for (const { meter } of readings) {
      const counter = { account, meter, segment };
      if (counters.has(nameOf(counter))) continue;
      counters.set(nameOf(counter), { ...counter, isLimited: limits.ruleOf(meter) !== null });
    }
  }
  return [...counters.values()];
}

/** What an event adds to each counter with a limit that it reads. */
export function stepsOf(
  { account, segment, readings, at, key }: PreparedEvent,
  held: ReadonlyMap<string, Held>,
  state: GroupState,
): Step[] {
  return readings.flatMap((reading) => {
    const found = held.get(nameOf({ account, meter: reading.meter, segment }));
    return found ? [stepOf(found, reading, { at, key, state })] : [];
  });
}

interface Moment {
  readonly at: number;
  readonly key: string;
  readonly state: GroupState;
}

function stepOf(held: Held, reading: Reading, { at, key, state }: Moment): Step {
  if (reading.kind === 'add') return { held, delta: reading.value, settle: () => undefined };
  if (reading.kind === 'value') {
    const name = `${nameOf(held)} ${reading.value}`;
    const delta = state.values.has(name) ? ZERO : ONE;
    return { held, delta, settle: ({ values }) => void values.add(name) };
  }
  const name = `${nameOf(held)} ${reading.resource}`;
  const before = state.levels.get(name);
  const isNewest = !before || before.at < at || (before.at === at && before.key < key);
  if (!isNewest) return { held, delta: ZERO, settle: () => undefined };
  const delta = quantity(reading.value - (before?.level ?? ZERO));
  return { held, delta, settle: ({ levels }) => void levels.set(name, { level: reading.value, at, key }) };
}

export function isRefused({ held: { used, reserved, rule }, delta }: Step): boolean {
  return rule?.onExceed === 'refuse' && !admit({ used, reserved, delta, limit: rule.limit });
}

export function refusalOf({ held, delta }: Step): LimitRefusal {
  const { meter, used, reserved } = held;
  const rule = held.rule!;
  return {
    status: 'refused',
    code: 'limit-refused',
    reason: limitText({ meter, used, reserved, rule, delta }),
    fields: ['quantity'],
    used,
    limit: rule.limit,
    meter: meter.key,
  };
}
