import { periodAt } from '../../../src/core/period';
import type { PlanOffer } from '../../../src/core/plan';
import { quantity } from '../../../src/core/quantity';
import { type Charge, type MeterUsage, rateUsage } from '../../../src/core/rating';
import { boundary } from '../../../src/core/period';
import { fraction, type Fraction, fractionOf, isLess, minus, NONE, plus, times } from './fraction';
import { BUILT_IN, type CountedMeter, METERS, planCards } from './offers';
import type { Act, Script, SentEvent, Subscriber } from './script';

/** What one segment of one period comes to in the end, as the naive fold has it. */
export interface ExpectedSegment {
  readonly period: { readonly from: number; readonly to: number };
  readonly from: number;
  readonly to: number;
  readonly plan: string | null;
  readonly isTrial: boolean;
  readonly charges: readonly Charge[];
}

interface Agreed {
  readonly from: number;
  readonly plan: string | null;
  readonly trialEnds: number | null;
}

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly plan: string | null;
  readonly isTrial: boolean;
}

const ONE = 10n ** 15n;
const ALL_METERS = [...METERS, ...BUILT_IN];
const CARDS = planCards();

/** Everything that was sent about one account, as it stands in the end. */
export interface History {
  readonly subscriber: Subscriber;
  readonly events: readonly SentEvent[];
  readonly agreed: readonly Agreed[];
}

/** Reads a script as somebody would who never forgets anything: one history for each account. */
export function readScript({ subscribers, steps }: Script): History[] {
  const events = new Map<string, Map<string, SentEvent>>();
  const acts = new Map<string, { act: Act; at: number }[]>();
  for (const { key } of subscribers) (events.set(key, new Map()), acts.set(key, []));
  for (const step of steps) {
    for (const event of step.events) {
      const known = events.get(event.account)!;
      // Whatever is sent again changes nothing, voided and amended or not.
      if (!known.has(event.id)) known.set(event.id, event);
    }
    for (const { account, target, kind, quantity: amended } of step.corrections) {
      const known = events.get(account)!;
      const measure = kind === 'void' ? VOIDED : amended!;
      known.set(target, { ...known.get(target)!, quantity: measure });
    }
    for (const act of step.acts) acts.get(act.account)!.push({ act, at: step.at });
  }
  return subscribers.map((subscriber) => ({
    subscriber,
    events: [...events.get(subscriber.key)!.values()].filter((event) => event.quantity !== VOIDED),
    agreed: agreedBy(subscriber, acts.get(subscriber.key)!),
  }));
}

const VOIDED = 'voided';

function agreedBy({ calendar }: Subscriber, acts: readonly { act: Act; at: number }[]): Agreed[] {
  const instantOf = (when: 'now' | 'period_end' | number, at: number): number => {
    if (typeof when === 'number') return when;
    return when === 'now' ? at : periodAt(calendar, new Date(at)).to.getTime();
  };
  return acts.flatMap(({ act, at }): Agreed[] => {
    if (act.kind === 'cancel') return [{ from: instantOf(act.at, at), plan: null, trialEnds: null }];
    if (act.kind !== 'plan') return [];
    const from = instantOf(act.effective, at);
    const { timeZone } = calendar;
    const days = { anchor: new Date(from), interval: 'day', count: act.trialDays, timeZone } as const;
    return [{ from, plan: act.plan, trialEnds: act.trialDays === 0 ? null : boundary(days, 1).getTime() }];
  });
}

/** What is to have been billed, of every period that ends by `until`, oldest first. */
export function expectedOf(history: History, until: number): ExpectedSegment[] {
  const { subscriber, agreed } = history;
  const first = Math.min(...agreed.map(({ from }) => from));
  const expected: ExpectedSegment[] = [];
  let carried = new Map<string, Fraction>();
  let period = periodAt(subscriber.calendar, new Date(first));
  while (period.to.getTime() <= until) {
    const stretch = { from: period.from.getTime(), to: period.to.getTime() };
    const rated = ratePeriod(history, stretch, carried);
    carried = rated.carried;
    expected.push(...rated.segments);
    period = periodAt(subscriber.calendar, period.to);
  }
  return expected;
}

function ratePeriod(
  { events, agreed }: History,
  period: { from: number; to: number },
  carriedIn: ReadonlyMap<string, Fraction>,
): { segments: ExpectedSegment[]; carried: Map<string, Fraction> } {
  const before = new Map<string, Fraction>();
  const pieces = piecesOf(agreed, period);
  let carried = new Map<string, Fraction>();
  const segments = pieces.map((piece, i): ExpectedSegment => {
    const card = piece.plan === null || piece.isTrial ? null : CARDS.get(piece.plan)!;
    if (card === null) return { ...piece, period, charges: [] };
    const share = fraction(BigInt(piece.to - piece.from), BigInt(period.to - period.from));
    const usage = new Map<string, MeterUsage>();
    const used = new Map<string, Fraction>();
    for (const [key, price] of card.prices) {
      const meter = ALL_METERS.find((each) => each.key === key)!;
      if (price.model === 'flat') continue;
      const entries = entriesOf(meter, price.model, { events, piece });
      const units = times(
        fraction(
          entries.reduce((sum, each) => sum + each.quantity, 0n),
          ONE,
        ),
        per(meter),
      );
      used.set(key, units);
      const own = i === 0 ? carriedIn.get(key) : undefined;
      usage.set(key, {
        ...{ entries, divideBy: ratioOf(fraction(meter.divideBy)) },
        ...(own && { carriedOver: ratioOf(own) }),
        ...(before.has(key) && { usedEarlier: ratioOf(before.get(key)!) }),
      });
    }
    for (const [key, units] of used) before.set(key, plus(before.get(key) ?? NONE, units));
    if (i === pieces.length - 1)
      carried = leftOver(card, { share, used, carriedIn: i === 0 ? carriedIn : new Map() });
    return {
      ...piece,
      period,
      charges: rateUsage(card, usage, { final: true, share: ratioOf(share) }).charges,
    };
  });
  return { segments, carried };
}

const per = ({ divideBy }: CountedMeter): Fraction => fraction(1n, divideBy);
const ratioOf = ({ n, d }: Fraction) => ({ numerator: n, denominator: d });

function leftOver(
  card: PlanOffer,
  period: { share: Fraction; used: ReadonlyMap<string, Fraction>; carriedIn: ReadonlyMap<string, Fraction> },
): Map<string, Fraction> {
  const left = new Map<string, Fraction>();
  for (const [key, { included, rollover }] of card.allowances) {
    if (rollover === null || included === null) continue;
    const covered = plus(times(fraction(included, ONE), period.share), period.carriedIn.get(key) ?? NONE);
    let rest = minus(covered, period.used.get(key) ?? NONE);
    const most = rollover.maximum === null ? null : fraction(rollover.maximum, ONE);
    if (most !== null && isLess(most, rest)) rest = most;
    if (isLess(NONE, rest)) left.set(key, rest);
  }
  return left;
}

/** A period cut wherever the wording in force changes: looked at instant by instant. */
function piecesOf(agreed: readonly Agreed[], period: { from: number; to: number }): Piece[] {
  const instants = agreed.flatMap(({ from, trialEnds }) => [from, trialEnds ?? from]);
  const inside = instants.filter((at) => at > period.from && at < period.to);
  const cuts = [...new Set([period.from, ...inside, period.to])].sort((a, b) => a - b);
  const pieces: Piece[] = [];
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from, to] = [cuts[i]!, cuts[i + 1]!];
    // Whoever agreed last is right, among those whose time has come.
    const inForce = agreed.filter((each) => each.from <= from).at(-1) ?? { plan: null, trialEnds: null };
    const piece = {
      from,
      to,
      plan: inForce.plan,
      isTrial: inForce.trialEnds !== null && from < inForce.trialEnds,
    };
    const last = pieces.at(-1);
    if (last && last.plan === piece.plan && last.isTrial === piece.isTrial) {
      pieces[pieces.length - 1] = { ...last, to };
    } else pieces.push(piece);
  }
  return pieces;
}

function entriesOf(
  meter: CountedMeter,
  model: string,
  { events, piece }: { events: readonly SentEvent[]; piece: { from: number; to: number } },
): { quantity: ReturnType<typeof quantity>; dimensions?: Record<string, string> }[] {
  const own = events.filter(({ type }) => meter.types.includes(type));
  if (meter.counts === 'level') return [{ quantity: quantity(levelTime(own, piece)) }];
  const inside = own.filter(({ at }) => at >= piece.from && at < piece.to);
  const amounts = inside.map((event) => ({
    quantity: quantity(scaled(event.quantity)),
    ...(event.region !== undefined && { dimensions: { region: event.region } }),
  }));
  if (model === 'percentage') return amounts;
  const regions = new Map<string, bigint>();
  for (const { quantity: amount, dimensions } of amounts) {
    const name = model === 'matrix' ? (dimensions?.region ?? '') : '';
    regions.set(name, (regions.get(name) ?? 0n) + amount);
  }
  return [...regions].map(([region, sum]) => ({ quantity: quantity(sum), dimensions: { region } }));
}

/** Level × milliseconds of all resources: from each change to the next one of its resource, or to the end. */
function levelTime(events: readonly SentEvent[], { from, to }: { from: number; to: number }): bigint {
  const byResource = new Map<string, SentEvent[]>();
  for (const event of events) {
    const name = event.resource ?? '';
    byResource.set(name, [...(byResource.get(name) ?? []), event]);
  }
  let sum = 0n;
  for (const changes of byResource.values()) {
    changes.sort((a, b) => a.at - b.at);
    changes.forEach(({ at, quantity: level }, i) => {
      const begins = Math.max(at, from);
      const ends = Math.min(changes[i + 1]?.at ?? to, to);
      if (ends > begins) sum += scaled(level) * BigInt(ends - begins);
    });
  }
  return sum;
}

function scaled(text: string): bigint {
  const { n, d } = fractionOf(text);
  return (n * ONE) / d;
}
