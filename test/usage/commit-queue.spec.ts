import fc from 'fast-check';
import { CommitQueue, type Group, identityOf, type Waiting } from '../../src/usage/commit-queue';
import { waiting } from './any-waiting';

let made = 0;

/** So many events of one account, each with a key of its own. */
const events = (count: number, accountId: number): Waiting[] =>
  Array.from({ length: count }, () => waiting(`${made++}`.padStart(9, '0'), accountId));

function queueOf(...lots: readonly (readonly Waiting[])[]): CommitQueue {
  const queue = new CommitQueue();
  for (const each of lots.flat()) queue.push(each);
  return queue;
}

/** How many events of each account a group holds. */
function shares({ members, twins }: Group): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { event } of [...members, ...[...twins.values()].flat()])
    counts[event.accountId] = (counts[event.accountId] ?? 0) + 1;
  return counts;
}

describe('a group of the queue', () => {
  it('is everybody, as long as there are no more than 500', () => {
    const queue = queueOf(events(499, 1), events(1, 2));
    expect(shares(queue.take())).toEqual({ 1: 499, 2: 1 });
    expect(queue.length).toBe(0);
    expect(queue.take()).toEqual({ members: [], twins: new Map() });
  });

  it('of a queue with one account is 500 of it', () => {
    const queue = queueOf(events(1_200, 1));
    expect([queue.take(), queue.take(), queue.take()].map(shares)).toEqual([
      { 1: 500 },
      { 1: 500 },
      { 1: 200 },
    ]);
  });

  it('gives a quarter to each of four accounts that wait', () => {
    const queue = queueOf(events(1_000, 1), events(200, 2), events(200, 3), events(200, 4), events(200, 5));
    expect(shares(queue.take())).toEqual({ 1: 125, 2: 125, 3: 125, 4: 125 });
    // Then the fifth has its quarter too, and the second to fourth the 75 they had left.
    expect(shares(queue.take())).toEqual({ 1: 150, 2: 75, 3: 75, 4: 75, 5: 125 });
    expect(shares(queue.take())).toEqual({ 1: 425, 5: 75 });
    expect(shares(queue.take())).toEqual({ 1: 300 });
  });

  it('takes the one event that waits behind ten thousand of another account', () => {
    const queue = queueOf(events(10_000, 1), events(1, 2));
    expect(shares(queue.take())).toEqual({ 1: 499, 2: 1 });
  });

  it('is sorted by key, and by account where two have one key', () => {
    const queue = queueOf([waiting('c', 1), waiting('a', 2), waiting('b', 1), waiting('a', 1)]);
    const { members } = queue.take();
    expect(members.map(({ event }) => `${event.key}${event.accountId}`)).toEqual(['a1', 'a2', 'b1', 'c1']);
  });

  it('holds an id once: the first of its name is a member, the others wait as its twins', () => {
    const [first, second, third] = [waiting('a', 1), waiting('a', 1), waiting('a', 1)];
    const stranger = waiting('a', 2);
    const { members, twins } = queueOf([stranger, first, second, third]).take();
    expect(members).toEqual([first, stranger]);
    expect(members[0]).toBe(first);
    expect([...twins]).toEqual([[identityOf(first.event), [second, third]]]);
  });

  it('counts twins among the places of their account', () => {
    const twins = Array.from({ length: 600 }, () => waiting('a', 1));
    const queue = queueOf(twins, events(600, 2));
    const group = queue.take();
    expect(group.members.filter(({ event }) => event.accountId === 1)).toHaveLength(1);
    expect(Object.values(shares(group)).reduce((sum, count) => sum + count)).toBe(500);
  });
});

describe('laws of the queue', () => {
  /** Runs of events of up to six accounts, with keys of which some are the same, taken in between. */
  const anyRuns = fc.array(
    fc.record({
      accountId: fc.integer({ min: 1, max: 6 }),
      count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 100, max: 700 })),
      keys: fc.constantFrom(3, 50, 1_000_000),
      take: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  );

  interface Run {
    readonly accountId: number;
    readonly count: number;
    readonly keys: number;
    readonly take: boolean;
  }

  /** Fills and empties a queue; `judge` sees each group with those who went on waiting. */
  function run(
    runs: readonly Run[],
    judge: (group: Group, left: readonly Waiting[]) => void,
  ): [Waiting[], Waiting[]] {
    const queue = new CommitQueue();
    const pushed: Waiting[] = [];
    const taken: Waiting[] = [];
    const take = (): void => {
      const group = queue.take();
      // In the order in which they came, which the members of a group no longer show.
      const all = new Set([...group.members, ...[...group.twins.values()].flat()]);
      const inGroup = pushed.filter((each) => all.has(each));
      taken.push(...inGroup);
      const known = new Set(taken);
      judge(
        group,
        pushed.filter((each) => !known.has(each)),
      );
      expect(queue.length).toBe(pushed.length - taken.length);
    };
    for (const { accountId, count, keys, take: takes } of runs) {
      for (let i = 0; i < count; i++) {
        const each = waiting(`${(made++ % keys) + accountId}`, accountId);
        pushed.push(each);
        queue.push(each);
      }
      if (takes) take();
    }
    while (queue.length > 0) take();
    return [pushed, taken];
  }

  it('everybody is taken once, and of one account first come, first served', () => {
    fc.assert(
      fc.property(anyRuns, (runs) => {
        const [pushed, taken] = run(runs, () => undefined);
        expect(taken.length).toBe(pushed.length);
        expect(new Set(taken).size).toBe(pushed.length);
        for (let accountId = 1; accountId <= 6; accountId++) {
          const own = (all: readonly Waiting[]) => all.filter(({ event }) => event.accountId === accountId);
          const [asTaken, asPushed] = [own(taken), own(pushed)];
          expect(asTaken.every((each, i) => each === asPushed[i])).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('a group is as full as it can be, and nobody has more than a quarter while one with less waits', () => {
    fc.assert(
      fc.property(anyRuns, (runs) => {
        run(runs, (group, left) => {
          const counts = shares(group);
          const size = Object.values(counts).reduce((sum, count) => sum + count, 0);
          expect(size).toBe(Math.min(500, size + left.length));
          if (Math.max(...Object.values(counts)) <= 125) return;
          const hungry = left.filter(({ event }) => (counts[event.accountId] ?? 0) < 125);
          expect(hungry).toEqual([]);
        });
      }),
    );
  });

  it('members are distinct and in lock order, and every twin has the first of its name before it', () => {
    fc.assert(
      fc.property(anyRuns, (runs) => {
        run(runs, ({ members, twins }) => {
          const names = members.map(({ event }) => identityOf(event));
          expect(new Set(names).size).toBe(names.length);
          members.slice(1).forEach(({ event: b }, i) => {
            const { event: a } = members[i]!;
            expect(a.key < b.key || (a.key === b.key && a.accountId < b.accountId)).toBe(true);
          });
          expect([...twins.keys()].every((name) => names.includes(name))).toBe(true);
          for (const [name, others] of twins)
            expect(others.every(({ event }) => identityOf(event) === name)).toBe(true);
        });
      }),
      { numRuns: 30 },
    );
  });
});
