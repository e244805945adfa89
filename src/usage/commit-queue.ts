import type { Outcome } from './outcome';
import { judgePoison } from './group-failure';
import type { PreparedEvent } from './prepared-event';

/** An event whose sender waits for its outcome. */
export interface Waiting {
  readonly event: PreparedEvent;
  readonly since: number;
  readonly settle: (outcome: Outcome) => void;
  readonly fail: (error: unknown) => void;
}

/** Ends the wait for an event that failed alone: a refusal when the event itself is to blame, else the error. */
export function failAlone(waiting: Waiting, error: unknown): void {
  const outcome = judgePoison(error);
  if (outcome) waiting.settle(outcome);
  else waiting.fail(error);
}

/** A group holds an id once: twins wait for the verdict of the first of their name. */
export interface Group {
  readonly members: Waiting[];
  readonly twins: Map<string, Waiting[]>;
}

const GROUP_MAX = 500;

/** Identity of an event within the database: ids are per account. */
export function identityOf(event: PreparedEvent): string {
  return `${event.key} ${event.accountId}`;
}

/** A first-in-first-out queue that gives at most a quarter of a group to one account while others wait. */
export class CommitQueue {
  #waiting: Waiting[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  /** Takes the next group, sorted by key as locks are. */
  take(): Group {
    const taken = this.#waiting.length <= GROUP_MAX ? this.#takeAll() : this.#takeShares();
    const group: Group = { members: [], twins: new Map() };
    const seen = new Set<string>();
    for (const waiting of taken) {
      const identity = identityOf(waiting.event);
      if (!seen.has(identity)) {
        seen.add(identity);
        group.members.push(waiting);
      } else {
        group.twins.set(identity, [...(group.twins.get(identity) ?? []), waiting]);
      }
    }
    group.members.sort(byKey);
    return group;
  }

  #takeAll(): Waiting[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  #takeShares(): Waiting[] {
    const share = GROUP_MAX / 4;
    const perAccount = new Map<number, number>();
    const taken: Waiting[] = [];
    const over: Waiting[] = [];
    let next = 0;
    for (; next < this.#waiting.length && taken.length < GROUP_MAX; next++) {
      const waiting = this.#waiting[next]!;
      const used = perAccount.get(waiting.event.accountId) ?? 0;
      perAccount.set(waiting.event.accountId, used + 1);
      (used < share ? taken : over).push(waiting);
    }
    // Nobody else waits for the places left: whoever is over its share may have them.
    const spare = over.splice(0, GROUP_MAX - taken.length);
    this.#waiting = [...over, ...this.#waiting.slice(next)];
    return [...taken, ...spare];
  }
}

function byKey({ event: a }: Waiting, { event: b }: Waiting): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.accountId - b.accountId;
}
