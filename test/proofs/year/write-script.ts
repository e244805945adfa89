import { type Calendar, instantOfWallClock } from '../../../src/core/period';
import { Chance } from './chance';
import { DAY, Life, START } from './life';
import { MONTHLY_PLANS, TEN_DAY_PLANS, WEEKLY_PLANS } from './offers';
import type { Script, Size, Step, Subscriber } from './script';

/** Longer than any period of the year, with what comes after its end. */
const QUIET = 40 * DAY;

/** Invents a year, all of it from the seed. */
export function writeScript(size: Size): Script {
  const chance = new Chance(size.seed);
  const subscribers = inventSubscribers(size, chance);
  const until = Date.UTC(2025, size.months, 1);
  const instants = new Set<number>();
  while (instants.size < size.steps) instants.add(START + 1 + chance.below(until - START));
  const lives = subscribers.map((subscriber) => new Life(subscriber, chance));
  const ordered = [...instants].sort((a, b) => a - b);
  const mean = (size.events * size.months) / size.steps;
  const joinBy = Math.max(1, Math.floor(size.steps / size.months));
  const joins = subscribers.map((_each, i) => (i < 3 ? 0 : chance.below(joinBy)));
  const steps = ordered.map((at, n): Step => {
    const from = ordered[n - 1] ?? START;
    const parts = lives.map((life, i) =>
      life.live({ from, to: at }, { joins: n === joins[i], mean, share: size.months / size.steps }),
    );
    return {
      at,
      events: parts.flatMap(({ events }) => events),
      corrections: parts.flatMap(({ corrections }) => corrections),
      acts: parts.flatMap(({ acts }) => acts),
    };
  });
  const last = lives.flatMap((life) => life.comeBack());
  steps.push({ at: until, events: [], corrections: [], acts: last });
  return { subscribers, start: START, steps, end: until + QUIET };
}

const CLOCK_READINGS = [0, 0, 2 * 3_600_000 + 1_800_000, DAY - 1, 9 * 3_600_000 + 61_001];
const DAYS = [29, 30, 31, 31, 28, 1, 15];
const ANCHOR_MONTHS = [Date.UTC(2023, 9), Date.UTC(2023, 11), Date.UTC(2024, 0), Date.UTC(2024, 6)];

function inventSubscribers({ subscriptions, zones, anchors }: Size, chance: Chance): Subscriber[] {
  const grid = zones.flatMap((timeZone) =>
    Array.from({ length: anchors }, (): Calendar => {
      const wall = chance.pick(ANCHOR_MONTHS) + (chance.pick(DAYS) - 1) * DAY + chance.pick(CLOCK_READINGS);
      return {
        anchor: new Date(instantOfWallClock(wall, timeZone)),
        ...{ interval: 'month', count: 1, timeZone },
      };
    }),
  );
  return Array.from({ length: subscriptions }, (_, i): Subscriber => {
    // A few live faster, by few calendars: each of their many periods is a stop of the clock.
    const isWeekly = i % 12 === 5;
    const isTenDays = i % 100 === 7;
    const calendar = grid[isWeekly || isTenDays ? i % 4 : i % grid.length]!;
    const short: Calendar = { ...calendar, interval: isWeekly ? 'week' : 'day', count: isWeekly ? 1 : 10 };
    return {
      key: `org:year-${i}`,
      calendar: isWeekly || isTenDays ? short : calendar,
      plans: isWeekly ? WEEKLY_PLANS : isTenDays ? TEN_DAY_PLANS : MONTHLY_PLANS,
      taxes: i % 3 === 0 ? [{ name: 'VAT', percent: chance.pick(['19', '7.7', '8.875']) }] : [],
      discounts: discountsOf(i, chance),
    };
  });
}

function discountsOf(i: number, chance: Chance): Subscriber['discounts'] {
  if (i % 5 === 1) return [{ name: 'friend', percent: chance.pick(['10', '33.3']) }];
  if (i % 5 !== 3) return [];
  const ends = START + chance.between(60, 300) * DAY;
  return [{ name: 'welcome', percent: '25', ends_at: new Date(ends).toISOString() }];
}
