import { periodAt } from '../../../src/core/period';
import type { Chance } from './chance';
import type { Act, SentCorrection, SentEvent, Subscriber } from './script';

export const DAY = 86_400_000;
/** When the year begins. */
export const START = Date.UTC(2025, 0, 1);

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
export class Life {
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
      ...{ plan: 26, cancel: 8, grant: 10, pay: 34, credit: 6, void: 9, 'write-off': 2, finalise: 7 },
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
