import fc from 'fast-check';
import { DEFAULT_CREDIT_RATE, endOfRun } from '../../src/core/credits';
import { ZERO, formatQuantity } from '../../src/core/quantity';
import { type SettledSpan, accruedOf, pricedRun, settle } from '../../src/core/span-settlement';
import {
  type InstanceEvent,
  type InstanceEventType,
  INSTANCE_EVENTS,
  instanceRuns,
} from '../../src/core/workspace-instance';

const MINUTE = 60_000;

/** `started 0`: what happened, and the minute. */
function told(...words: string[]): InstanceEvent[] {
  return words.map((word, i) => {
    const [what, minute] = word.split(' ') as [string, string];
    return {
      at: Number(minute) * MINUTE,
      key: `key-${i}`,
      type: `workspace_instance.${what}`,
      properties: null,
    };
  });
}

/** `0-6 (8) draft`: from when to when it is billed, when it had stopped, and whether that can still change. */
function runsOf(events: readonly InstanceEvent[]): string[] {
  const minute = (at: number | null): string => (at === null ? '' : String(at / MINUTE));
  return instanceRuns(events).map((run) => {
    const stopped = run.stoppedAt === null ? '' : ` (${minute(run.stoppedAt)})`;
    return `${minute(run.startedAt)}-${minute(endOfRun(run))}${stopped}${run.isDraft ? ' draft' : ''}`;
  });
}

describe('the runs of an instance', () => {
  it.each<[string, string[], string[]]>([
    ['nothing was told', [], []],
    ['it was only made (IN-12: no start, no bill)', ['created 0'], []],
    ['it failed before it ran', ['created 0', 'stopping 1', 'stopped 2'], []],
    ['it runs', ['created 0', 'started 1'], ['1- draft']],
    ['it is stopping (RC-7)', ['started 0', 'stopping 6'], ['0-6 draft']],
    ['it has stopped (RC-6)', ['started 0', 'stopping 6', 'stopped 8'], ['0-6 (8)']],
    ['it vanished: only its stop is known (IN-13)', ['started 0', 'stopped 8'], ['0-8 (8)']],
    ['it is reported again and again', ['started 0', 'started 3', 'stopping 6', 'stopping 7'], ['0-6 draft']],
    ['it runs again after its stop', ['started 0', 'stopped 5', 'started 7'], ['0-5 (5)', '7- draft']],
    ['it runs again before it had stopped', ['started 0', 'stopping 5', 'started 7'], ['0-5', '7- draft']],
    ['it stops twice', ['started 0', 'stopped 5', 'stopped 9'], ['0-5 (5)']],
    ['it starts and stops at one instant', ['stopped 0', 'stopping 0', 'started 0'], ['0-0 (0)']],
  ])('%s', (_case, words, runs) => {
    expect(runsOf(told(...words))).toEqual(runs);
  });

  it('bear what was told last of each name, until their end', () => {
    const say = (word: string, properties: Record<string, string>) => ({ ...told(word)[0]!, properties });
    const [run] = instanceRuns([
      say('created 0', { workspace_class: 'small', context_url: 'a' }),
      say('started 1', { workspace_class: 'large' }),
      say('stopped 2', { context_url: 'b' }),
      say('stopped 3', { context_url: 'c' }),
    ]);
    expect(run).toMatchObject({ createdAt: 0, attributes: { workspace_class: 'large', context_url: 'b' } });
  });
});

const anyEvent = fc.record({
  at: fc.integer({ min: 0, max: 30 }).map((minute) => minute * MINUTE),
  type: fc.constantFrom<InstanceEventType>(...INSTANCE_EVENTS),
});
const anyEvents = fc
  .array(anyEvent, { maxLength: 12 })
  .map((events) => events.map((event, i) => ({ ...event, key: `key-${i}`, properties: { n: i } })));

describe('whatever was told', () => {
  it('the order in which it came says nothing', () => {
    const anyShuffled = anyEvents.chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
    );
    fc.assert(
      fc.property(anyShuffled, ([events, shuffled]) => {
        expect(instanceRuns(shuffled)).toEqual(instanceRuns(events));
      }),
    );
  });

  it('runs follow each other, only the last may be open or a draft, and what stopped is final', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const runs = instanceRuns(events);
        runs.forEach((run, i) => {
          const end = endOfRun(run);
          expect(end === null || end >= run.startedAt).toBe(true);
          expect(run.stoppedAt === null || !run.isDraft).toBe(true);
          const next = runs[i + 1];
          if (next) expect(end !== null && end <= next.startedAt && !run.isDraft).toBe(true);
        });
      }),
    );
  });
});

const fresh = { posted: ZERO, revision: 0 };

/** A span as the fold of some events leaves it, with what was posted for it before. */
function folded(events: readonly InstanceEvent[], before: SettledSpan): SettledSpan {
  const run = instanceRuns(events)[0];
  if (!run) return { ...before, isVoid: true };
  const { posted, revision } = before;
  return { ...pricedRun(run, before, () => DEFAULT_CREDIT_RATE), posted, revision };
}

describe('a span', () => {
  const running: SettledSpan = {
    ...pricedRun(instanceRuns(told('started 0'))[0]!, null, () => DEFAULT_CREDIT_RATE),
    ...fresh,
  };

  it('accrues while it runs, stands when it stops, is charged when it has stopped', () => {
    expect(formatQuantity(accruedOf(running, 12 * MINUTE))).toBe('2');
    expect(settle(running, 'i')).toMatchObject({ takenBack: null, charged: null });
    const stopping = folded(told('started 0', 'stopping 6'), running);
    expect(formatQuantity(accruedOf(stopping, 60 * MINUTE))).toBe('1');
    const stopped = folded(told('started 0', 'stopping 6', 'stopped 8'), running);
    expect(accruedOf(stopped, 60 * MINUTE)).toBe(ZERO);
    const { charged, span } = settle(stopped, 'i');
    expect(charged).toMatchObject({ source: 'span:i/1', debit: 'receivable', credit: 'usage' });
    expect(formatQuantity(charged!.amount)).toBe('1');
    expect(settle(span, 'i')).toEqual({ span, takenBack: null, charged: null });
  });

  it('design 10 row 35: a change after the charge takes it back and charges a new revision', () => {
    const { span } = settle(folded(told('started 0', 'stopped 6'), running), 'i');
    const longer = settle(folded(told('started 0', 'stopped 12'), span), 'i');
    expect(longer.takenBack).toMatchObject({ source: 'span:i/1', amount: span.posted });
    expect(longer.charged).toMatchObject({ source: 'span:i/2' });
    expect(formatQuantity(longer.charged!.amount)).toBe('2');
    const gone = settle(folded([], longer.span), 'i');
    expect(gone).toMatchObject({ takenBack: { source: 'span:i/2' }, charged: null });
    expect(gone.span).toMatchObject({ posted: ZERO, revision: 3 });
  });

  it('keeps the rate it was charged at, unless it was of another class', () => {
    const { span } = settle(folded(told('started 0', 'stopped 6'), running), 'i');
    const run = instanceRuns(told('started 0', 'stopped 12'))[0]!;
    const dearer = () => ({ numerator: 1n, denominator: 1n }) as typeof DEFAULT_CREDIT_RATE;
    expect(formatQuantity(pricedRun(run, span, dearer).amount!)).toBe('2');
    const large = { ...run, attributes: { workspace_class: 'large' } };
    expect(formatQuantity(pricedRun(large, span, dearer).amount!)).toBe('12');
  });

  it('has posted, after any changes in any number of runs, just what its last state costs', () => {
    fc.assert(
      fc.property(fc.array(anyEvents, { minLength: 1, maxLength: 6 }), (states) => {
        let span = running;
        let posted = 0n;
        for (const events of states) {
          const { takenBack, charged, span: next } = settle(folded(events, span), 'i');
          posted += (charged?.amount ?? 0n) - (takenBack?.amount ?? 0n);
          span = next;
        }
        const run = instanceRuns(states.at(-1)!)[0];
        const isFinal = run !== undefined && !run.isDraft;
        expect(posted).toBe(isFinal ? span.amount : ZERO);
        expect(span.posted).toBe(posted);
      }),
    );
  });
});
