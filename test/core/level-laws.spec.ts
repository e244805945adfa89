import fc from 'fast-check';
import {
  addToWindow,
  highestPrefix,
  levelDeltas,
  usageUntil,
  windowPeak,
  windowUsage,
  withoutDeltas,
  type LevelDelta,
  type LevelWindow,
  type WindowRow,
} from '../../src/core/level';
import { quantity, ZERO, type Quantity } from '../../src/core/quantity';
import { byOccurrence, fold, integral, peak, type LevelChange } from '../../src/core/span';

interface Fact extends LevelChange {
  readonly dims: string;
}

/** The stored side: histories by resource and two sums per window and dims, touched only as decision D allows. */
class Store {
  readonly histories = new Map<string, Fact[]>();
  readonly rows = new Map<string, WindowRow>();
  readonly deltas: LevelDelta[] = [];

  constructor(private readonly windows: readonly LevelWindow[]) {}

  private add(deltas: readonly LevelDelta[]): void {
    for (const each of deltas) {
      this.deltas.push(each);
      const window = this.windows.find(({ from, to }) => from <= each.at && each.at < to)!;
      const key = `${each.dims} ${window.from}`;
      const [row, more] = [this.row(each.dims, window), addToWindow(window, each)];
      this.rows.set(key, {
        delta: quantity(row.delta + more.delta),
        moment: quantity(row.moment + more.moment),
      });
    }
  }

  row(dims: string, { from }: LevelWindow): WindowRow {
    return this.rows.get(`${dims} ${from}`) ?? { delta: ZERO, moment: ZERO };
  }

  opening(dims: string, { from }: LevelWindow): Quantity {
    const before = this.windows.filter((window) => window.from < from);
    return quantity(before.reduce((sum, window) => sum + this.row(dims, window).delta, 0n));
  }

  insert(resource: string, fact: Fact): void {
    const history = [...(this.histories.get(resource) ?? []), fact].sort(byOccurrence);
    const i = history.indexOf(fact);
    this.histories.set(resource, history);
    this.add(levelDeltas(history[i - 1] ?? null, fact, history[i + 1] ?? null));
  }

  void(resource: string, fact: Fact): void {
    const history = this.histories.get(resource)!;
    const i = history.indexOf(fact);
    this.add(withoutDeltas(history[i - 1] ?? null, fact, history[i + 1] ?? null));
    history.splice(i, 1);
  }

  /** Spans by resource as if only one combination of dimensions existed; all of them without `dims`. */
  spans(dims?: string) {
    return [...this.histories.values()].map((history) =>
      fold(
        history.map((fact) => ({
          ...fact,
          level: dims === undefined || fact.dims === dims ? fact.level : ZERO,
        })),
      ),
    );
  }
}

const END = 240;
const DIMS = ['eu', 'us', ''];

const anyFact = fc.record({
  resource: fc.constantFrom('volume-1', 'volume-2', 'volume-3'),
  // Few instants and short ids, so that ties and changes exactly at a window's edge are common.
  at: fc.integer({ min: 0, max: 23 }).map((n) => n * 10),
  level: fc.bigInt({ min: 0n, max: 10n ** 24n }).map(quantity),
  dims: fc.constantFrom(...DIMS),
});
type Operation = { kind: 'insert' | 'void' | 'amend'; pick: number } & (typeof anyFact extends fc.Arbitrary<
  infer F
>
  ? F
  : never);
const anyOperations: fc.Arbitrary<Operation[]> = fc.array(
  fc
    .tuple(
      anyFact,
      fc.constantFrom<Operation['kind']>('insert', 'insert', 'insert', 'void', 'amend'),
      fc.nat(),
    )
    .map(([fact, kind, pick]) => ({ ...fact, kind, pick })),
  { maxLength: 30 },
);
/** Windows that tile [0, END), cut anywhere. */
const anyWindows = fc
  .uniqueArray(fc.integer({ min: 1, max: END - 1 }), { maxLength: 10 })
  .map((cuts) => [0, ...cuts.sort((a, b) => a - b), END])
  .map((posts) => posts.slice(1).map((to, i): LevelWindow => ({ from: posts[i]!, to })));

/** Applies operations in the order given; a void or an amend takes any fact that is there. */
function apply(store: Store, operations: readonly Operation[]): void {
  operations.forEach(({ kind, pick, resource, ...fact }, i) => {
    // Ids of scattered order: the arrival order must not agree with the order of ties.
    const eventId = `${(i * 7919) % 101}`;
    const history = store.histories.get(resource) ?? [];
    const target = history[pick % Math.max(1, history.length)];
    if (kind === 'insert' || !target) return store.insert(resource, { ...fact, eventId });
    store.void(resource, target);
    if (kind === 'amend') store.insert(resource, { ...fact, eventId: target.eventId });
  });
}

function stored(windows: readonly LevelWindow[], operations: readonly Operation[]): Store {
  const store = new Store(windows);
  apply(store, operations);
  return store;
}

describe('laws: late inserts, voids and amends over several resources and dimensions', () => {
  it('each window of each dimension is the direct fold, and so is the sum over all of them', () => {
    fc.assert(
      fc.property(anyWindows, anyOperations, (windows, operations) => {
        const store = stored(windows, operations);
        let total = 0n;
        for (const dims of DIMS) {
          const spans = store.spans(dims).flat();
          for (const window of windows) {
            const usage = windowUsage(store.opening(dims, window), store.row(dims, window), window);
            expect(usage).toBe(integral(spans, window.from, window.to));
            total += usage;
          }
        }
        expect(total).toBe(integral(store.spans().flat(), 0, END));
      }),
      { numRuns: 400 },
    );
  });

  it('the highest prefix over the opening is the direct peak, per dimension and over all', () => {
    fc.assert(
      fc.property(anyWindows, anyOperations, (windows, operations) => {
        const store = stored(windows, operations);
        for (const dims of [...DIMS, undefined]) {
          const mine = store.deltas.filter((each) => dims === undefined || each.dims === dims);
          for (const window of windows) {
            const inside = mine.filter((each) => window.from <= each.at && each.at < window.to);
            const before = mine.filter((each) => each.at < window.from);
            const opening = quantity(before.reduce((sum, { delta }) => sum + delta, 0n));
            const highest = inside.length === 0 ? null : highestPrefix(inside, window);
            expect(windowPeak(opening, highest)).toBe(peak(store.spans(dims), window.from, window.to));
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('cutting a window anywhere changes no sum', () => {
    fc.assert(
      fc.property(anyWindows, anyOperations, (windows, operations) => {
        const usage = (each: readonly LevelWindow[], dims: string) => {
          const store = stored(each, operations);
          const parts = each.map((window) =>
            windowUsage(store.opening(dims, window), store.row(dims, window), window),
          );
          return parts.reduce((sum, part) => sum + part, 0n);
        };
        for (const dims of DIMS) expect(usage(windows, dims)).toBe(usage([{ from: 0, to: END }], dims));
      }),
    );
  });

  it('the order of arrival changes no row', () => {
    const inserts = anyOperations.map((operations) =>
      operations.map((each) => ({ ...each, kind: 'insert' as const })),
    );
    fc.assert(
      fc.property(anyWindows, inserts, (windows, operations) => {
        const facts = operations.map(({ resource, pick: _, kind: __, ...fact }, i) => ({
          resource,
          fact: { ...fact, eventId: `${(i * 7919) % 101}` },
        }));
        const [there, back] = [new Store(windows), new Store(windows)];
        for (const { resource, fact } of facts) there.insert(resource, fact);
        for (const { resource, fact } of facts.reverse()) back.insert(resource, fact);
        for (const dims of DIMS) {
          for (const window of windows) expect(there.row(dims, window)).toEqual(back.row(dims, window));
        }
      }),
    );
  });

  it('voiding everything leaves only zeros', () => {
    fc.assert(
      fc.property(anyWindows, anyOperations, (windows, operations) => {
        const store = stored(windows, operations);
        for (const [resource, history] of store.histories) {
          for (const fact of [...history]) store.void(resource, fact);
        }
        for (const row of store.rows.values()) expect(row).toEqual({ delta: ZERO, moment: ZERO });
      }),
    );
  });

  it('without a stop the level runs on until now, wherever now is', () => {
    const anyNow = fc.integer({ min: 1, max: END });
    fc.assert(
      fc.property(anyWindows, anyOperations, anyNow, (windows, operations, now) => {
        const past = operations.map((each) => ({ ...each, at: each.at % now }));
        const store = stored(windows, past);
        for (const dims of DIMS) {
          const spans = store.spans(dims).flat();
          for (const window of windows) {
            const usage = usageUntil(store.opening(dims, window), store.row(dims, window), {
              ...window,
              now,
            });
            expect(usage).toBe(integral(spans, window.from, Math.min(now, window.to)));
          }
        }
      }),
    );
  });
});
