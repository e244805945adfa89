import { type Calendar, instantOfWallClock, periodAt } from '../../../src/core/period';
import { Chance } from './chance';
import { MONTHLY_PLANS, THREE_DAY_PLANS, WEEKLY_PLANS } from './offers';

/** An account of the year and what it agreed to for good. */
export interface Subscriber {
  readonly key: string;
  readonly calendar: Calendar;
  readonly plans: readonly string[];
  readonly taxes: readonly { readonly name: string; readonly percent: string }[];
  readonly discounts: readonly {
    readonly name: string;
    readonly percent: string;
    readonly ends_at?: string;
  }[];
}

/** An event as it is sent; instants in milliseconds since 1970. */
export interface SentEvent {
  readonly account: string;
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly quantity: string;
  readonly resource?: string;
  readonly region?: string;
}

export interface SentCorrection {
  readonly account: string;
  readonly id: string;
  readonly target: string;
  readonly kind: 'void' | 'amend';
  readonly quantity?: string;
}

/** What somebody does to an account; invoices are chosen among those there are, by `nth`. */
export type Act = { readonly account: string } & (
  | {
      readonly kind: 'plan';
      readonly plan: string;
      readonly effective: 'now' | 'period_end' | number;
      readonly trialDays: number;
      readonly isFirst: boolean;
    }
  | { readonly kind: 'cancel'; readonly at: 'now' | 'period_end' }
  | {
      readonly kind: 'grant';
      readonly id: string;
      readonly amount: string;
      readonly prepaid: boolean;
      readonly priority: number;
      readonly expiresAt: number | null;
    }
  | { readonly kind: 'pay'; readonly id: string; readonly nth: number; readonly amount: string | null }
  | { readonly kind: 'credit'; readonly id: string; readonly nth: number; readonly amount: string | null }
  | { readonly kind: 'void' | 'write-off' | 'finalise'; readonly nth: number }
);

/** What happens at one instant: events, then corrections, then the rest. */
export interface Step {
  readonly at: number;
  readonly events: readonly SentEvent[];
  readonly corrections: readonly SentCorrection[];
  readonly acts: readonly Act[];
}

export interface Script {
  readonly subscribers: readonly Subscriber[];
  readonly start: number;
  readonly steps: readonly Step[];
  /** After the last step nothing happens up to here but what falls due. */
  readonly end: number;
}

export interface Size {
  readonly seed: number;
  readonly subscriptions: number;
  readonly zones: readonly string[];
  /** Different calendars per zone. */
  readonly anchors: number;
  readonly steps: number;
  /** Of one account in a month, on average. */
  readonly events: number;
  readonly months: number;
}

const DAY = 86_400_000;
const START = Date.UTC(2025, 0, 1);
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
    const isThreeDays = i % 25 === 7;
    const calendar = grid[isWeekly || isThreeDays ? i % 4 : i % grid.length]!;
    const short: Calendar = { ...calendar, interval: isWeekly ? 'week' : 'day', count: isWeekly ? 1 : 3 };
    return {
      key: `org:year-${i}`,
      calendar: isWeekly || isThreeDays ? short : calendar,
      plans: isWeekly ? WEEKLY_PLANS : isThreeDays ? THREE_DAY_PLANS : MONTHLY_PLANS,
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

interface Chapter {
  readonly events: SentEvent[];
  readonly corrections: SentCorrection[];
  readonly acts: Act[];
}

const AMOUNTS = [
  'year.request',
  'year.request',
  'year.transfer',
  'year.payment',
  'build.completed',
  'bandwidth.usage',
];
const LEVELS = ['year.memory', 'year.memory', 'deployment.started', 'volume.created'];

/** One account, from step to step. */
class Life {
  #has = false;
  #count = 0;
  readonly #sent: SentEvent[] = [];
  readonly #voided = new Set<string>();
  readonly #instants = new Set<number>();

  constructor(
    private readonly subscriber: Subscriber,
    private readonly chance: Chance,
  ) {}

  /** `share` is the part of a month that a step is. */
  live(
    stretch: { from: number; to: number },
    { joins, mean, share }: { joins: boolean; mean: number; share: number },
  ): Chapter {
    const chapter: Chapter = { events: [], corrections: [], acts: [] };
    const { chance } = this;
    this.#use(stretch, mean, chapter);
    if (joins) chapter.acts.push(this.#plan({ isFirst: true, effective: 'now' }));
    if (!this.#has && !joins) return chapter;
    this.#has = true;
    for (let n = chance.often(mean * 0.04); n > 0; n--) this.#correct(chapter);
    for (let n = chance.often(share * 2.5); n > 0; n--) this.#act(stretch.to, chapter);
    return chapter;
  }

  /** Whoever has left may come back for the quiet month, so that an invoice tells of what came late. */
  comeBack(): Act[] {
    return this.chance.is(0.8) ? [this.#plan({ isFirst: false, effective: 'now' })] : [];
  }

  #use({ from, to }: { from: number; to: number }, mean: number, { events }: Chapter): void {
    const { chance } = this;
    for (let n = chance.often(mean); n > 0; n--) {
      const isLate = chance.is(0.12);
      const earliest = isLate ? Math.max(START, to - 30 * DAY) : from;
      events.push(this.#event(this.#instant(earliest, to)));
    }
    // What was sent before is sent again, as a client does that heard no answer.
    for (let n = chance.often(mean * 0.06); n > 0 && this.#sent.length > 0; n--) {
      events.push(chance.pick(this.#sent.slice(-200)));
    }
    this.#sent.push(...events.filter((event) => !this.#sent.includes(event)));
  }

  /** Any millisecond, and every so often a boundary or the instant of the step itself; each but once. */
  #instant(from: number, to: number): number {
    const { chance } = this;
    const boundary = periodAt(this.subscriber.calendar, new Date(to)).from.getTime();
    let at = from + 1 + chance.below(to - from);
    if (boundary > from && chance.is(0.2)) at = boundary - chance.below(2);
    else if (chance.is(0.05)) at = to;
    while (this.#instants.has(at)) at = from + 1 + chance.below(to - from);
    this.#instants.add(at);
    return at;
  }

  #event(at: number): SentEvent {
    const { chance } = this;
    const head = { account: this.subscriber.key, id: `${this.subscriber.key}/${++this.#count}`, at };
    if (chance.is(0.3)) {
      const level = chance.is(0.4) ? '0' : `${chance.below(4)}.${chance.below(1_000)}`;
      return { ...head, type: chance.pick(LEVELS), resource: `r${chance.below(2)}`, quantity: level };
    }
    const type = chance.pick(AMOUNTS);
    const most = { 'build.completed': 40_000, 'year.transfer': 9_000, 'bandwidth.usage': 160 }[type] ?? 300;
    const quantity = `${chance.below(most)}${chance.is(0.3) ? `.${chance.between(1, 999)}` : ''}`;
    if (type !== 'year.request') return { ...head, type, quantity };
    return { ...head, type, quantity, region: chance.pick(['eu', 'us', 'ap']) };
  }

  #correct({ corrections }: Chapter): void {
    const { chance } = this;
    const target = this.#sent.length === 0 ? null : chance.pick(this.#sent.slice(-60));
    if (target === null || this.#voided.has(target.id)) return;
    const kind = chance.is(0.5) ? 'void' : 'amend';
    if (kind === 'void') this.#voided.add(target.id);
    corrections.push({
      ...{ account: target.account, id: `${target.id}/${kind}/${++this.#count}`, target: target.id, kind },
      ...(kind === 'amend' && { quantity: String(chance.below(200)) }),
    });
  }

  #act(at: number, { acts }: Chapter): void {
    const { chance } = this;
    const account = this.subscriber.key;
    const id = `${account}/${++this.#count}`;
    const nth = chance.below(6);
    const amount = chance.is(0.5) ? null : `${chance.below(30)}.${chance.between(10, 99)}`;
    const kind = chance.weighted({
      ...{ plan: 26, cancel: 8, grant: 10, pay: 34, credit: 6, void: 9, 'write-off': 2, finalise: 3 },
    });
    switch (kind) {
      case 'plan':
        acts.push(this.#plan({ isFirst: false, effective: this.#effective(at) }));
        return;
      case 'cancel':
        acts.push({ account, kind, at: chance.is(0.5) ? 'now' : 'period_end' });
        return;
      case 'grant':
        acts.push(this.#grant(id, at));
        return;
      case 'pay':
      case 'credit':
        acts.push({ account, kind, id, nth, amount });
        return;
      default:
        acts.push({ account, kind, nth });
    }
  }

  #effective(at: number): 'now' | 'period_end' | number {
    const { chance } = this;
    const when = chance.weighted({ now: 60, period_end: 28, later: 12 });
    return when === 'later' ? at + chance.between(1, 100 * DAY) : when;
  }

  #plan({ isFirst, effective }: { isFirst: boolean; effective: 'now' | 'period_end' | number }): Act {
    const { chance, subscriber } = this;
    const trialDays = chance.is(0.08) ? chance.between(1, 20) : 0;
    const plan = chance.pick(subscriber.plans);
    return { account: subscriber.key, kind: 'plan', plan, effective, trialDays, isFirst };
  }

  #grant(id: string, at: number): Act {
    const { chance } = this;
    return {
      ...{ account: this.subscriber.key, kind: 'grant', id },
      amount: `${chance.below(20)}.${chance.between(10, 99)}`,
      prepaid: chance.is(0.3),
      priority: chance.below(3),
      expiresAt: chance.is(0.5) ? null : at + chance.between(1, 100 * DAY),
    };
  }
}
