import { DomainError } from '../core/errors';
import type { CommitConnection } from './commit-connection';
import { type Waiting, failAlone } from './commit-queue';
import { groupFailure } from './group-failure';

/** How long an event may wait for a locked account before its sender is told to come back. */
const PATIENCE_MS = 10_000;
const GROUP_MAX = 200;

/**
 * The side lane (decision 12). A group that met a lock is divided here until the account that is locked stands alone; such
 * accounts wait in turn, so that nobody else waits with them, and go back to their lane as soon as they are free.
 */
export class SlowAccounts {
  readonly #suspects: (readonly Waiting[])[] = [];
  readonly #waiting = new Map<number, Waiting[]>();
  #running = false;

  /** `release` takes back events that have no reason to be here any more. */
  constructor(
    readonly connection: CommitConnection,
    private readonly release: (waiting: Waiting) => void,
  ) {}

  /** Whether this account is known to be locked: newer events of it queue behind the ones that wait. */
  has(accountId: number): boolean {
    return this.#waiting.has(accountId);
  }

  /** Takes an event of an account that is known to be locked. */
  push(waiting: Waiting): void {
    const { accountId } = waiting.event;
    const queue = this.#waiting.get(accountId);
    if (queue) queue.push(waiting);
    else this.#waiting.set(accountId, [waiting]);
    this.#start();
  }

  /** Takes a group that met a lock, whosever it was; its ids are distinct and in lock order. */
  divide(group: readonly Waiting[]): void {
    this.#suspects.push(group);
    this.#start();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#suspects.length > 0 || this.#waiting.size > 0) {
      for (const group of this.#suspects.splice(0)) await this.#divide(group);
      for (const accountId of [...this.#waiting.keys()]) await this.#serve(accountId);
    }
    this.#running = false;
  }

  /** Halves until everything is stored but the events of locked accounts: a lock costs its wait a few times, not once each. */
  async #divide(group: readonly Waiting[]): Promise<void> {
    const free = group.filter((waiting) => !this.has(waiting.event.accountId));
    for (const waiting of group) if (this.has(waiting.event.accountId)) this.push(waiting);
    const accounts = [...new Set(free.map((waiting) => waiting.event.accountId))];
    if (accounts.length <= 1) {
      for (const waiting of free) this.push(waiting);
      return;
    }
    const half = new Set(accounts.slice(accounts.length >> 1));
    for (const side of [true, false]) {
      const part = free.filter((waiting) => half.has(waiting.event.accountId) === side);
      const left = await this.#commit(part);
      if (left.length > 0) await this.#divide(left);
    }
  }

  async #serve(accountId: number): Promise<void> {
    const queue = this.#waiting.get(accountId)!;
    const group = distinct(queue).slice(0, GROUP_MAX).sort(byKey);
    const left = new Set(await this.#commit(group));
    const gone = new Set(group.filter((waiting) => !left.has(waiting)));
    const rest = (this.#waiting.get(accountId) ?? []).filter((waiting) => !gone.has(waiting));
    this.#waiting.delete(accountId);
    // A free account has nothing to do here: what came meanwhile goes its usual way.
    if (left.size === 0) rest.forEach((waiting) => this.release(waiting));
    else this.#keepPatient(accountId, rest);
  }

  /** Answers who met a lock and stays; everybody else has been served, well or badly. */
  async #commit(group: readonly Waiting[]): Promise<readonly Waiting[]> {
    try {
      const outcomes = await this.connection.commit(group.map((waiting) => waiting.event));
      group.forEach((waiting, i) => waiting.settle(outcomes[i]!));
      return [];
    } catch (error) {
      return this.#afterFailure(group, error);
    }
  }

  async #afterFailure(group: readonly Waiting[], error: unknown): Promise<readonly Waiting[]> {
    const failure = groupFailure(error);
    if (failure === 'locked') return group;
    if (failure !== 'poisoned' || group.length === 1) {
      group.forEach((waiting) => failAlone(waiting, error));
      return [];
    }
    const left: Waiting[] = [];
    for (const waiting of group) left.push(...(await this.#commit([waiting])));
    return left;
  }

  #keepPatient(accountId: number, queue: readonly Waiting[]): void {
    const before = performance.now() - PATIENCE_MS;
    const error = new DomainError('unavailable', 'The account is locked by another transaction', [], 1);
    queue.filter((waiting) => waiting.since < before).forEach((waiting) => waiting.fail(error));
    const left = queue.filter((waiting) => waiting.since >= before);
    if (left.length > 0) this.#waiting.set(accountId, left);
  }
}

/** A group holds an id once; a twin waits for the next turn and is judged by the stored first. */
function distinct(queue: readonly Waiting[]): Waiting[] {
  const seen = new Set<string>();
  return queue.filter(({ event }) => !seen.has(event.key) && seen.add(event.key));
}

function byKey({ event: a }: Waiting, { event: b }: Waiting): number {
  return a.key < b.key ? -1 : 1;
}
