import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../core/errors';
import { CONFIG, type Config } from '../platform/config';
import { Database } from '../platform/transaction';
import { CarefulCommit } from './careful-commit.service';
import { CommitConnection, type CommitOptions } from './commit-connection';
import { isWatched } from './counter-guard';
import { CounterMirror } from './counter-mirror';
import { CommitQueue, type Group, type Waiting, failAlone } from './commit-queue';
import { AccountHeldUp, groupFailure } from './group-failure';
import { IngestMetrics } from './ingest-metrics.service';
import { IngestRepository } from './ingest.repository';
import type { PreparedEvent } from './prepared-event';
import type { Outcome } from './outcome';
import { SlowAccounts } from './slow-accounts';

/** More lanes than two cost more than they bring on two cores; each serves half of the buckets. */
const LANES = 2;
const BATCH_CONNECTIONS = 2;
const LANE_LOCK_TIMEOUT_MS = 60;
const BATCH_LOCK_TIMEOUT_MS = 500;
/** Events that may wait in this process; beyond it callers are told to come back. */
const WAITING_MAX = 20_000;
const DRAIN_MS = 10_000;

interface Lane {
  readonly queue: CommitQueue;
  readonly connection: CommitConnection;
  running: boolean;
}

interface BatchTurn {
  readonly take: (connection: CommitConnection) => void;
}

/**
 * Group commit: requests of one moment share one transaction. No timer: the next group leaves as soon as its lane is
 * free. An answer is given only after COMMIT. One bad event never fails its neighbours, and one locked account never
 * stops the others.
 */
@Injectable()
export class GroupCommit implements BeforeApplicationShutdown {
  readonly #lanes: Lane[];
  readonly #idle: CommitConnection[];
  readonly #turns: BatchTurn[] = [];
  readonly #slow: SlowAccounts;
  #waiting = 0;

  constructor(
    private readonly database: Database,
    private readonly ingest: IngestRepository,
    private readonly careful: CarefulCommit,
    private readonly metrics: IngestMetrics,
    mirror: CounterMirror,
    @Inject(CONFIG) { limitThresholds: thresholds }: Pick<Config, 'limitThresholds'>,
  ) {
    const common = { thresholds, afterwards: mirror.noteEvents.bind(mirror) };
    const connect = (name: string, lockTimeoutMs: number): CommitConnection =>
      new CommitConnection(this.database, this.ingest, this.careful, { ...common, name, lockTimeoutMs });
    this.#lanes = Array.from({ length: LANES }, (_, i) => ({
      queue: new CommitQueue(),
      connection: connect(`lane ${i}`, LANE_LOCK_TIMEOUT_MS),
      running: false,
    }));
    this.#idle = Array.from({ length: BATCH_CONNECTIONS }, (_, i) =>
      connect(`batch ${i}`, BATCH_LOCK_TIMEOUT_MS),
    );
    this.#slow = new SlowAccounts(connect('side lane', LANE_LOCK_TIMEOUT_MS), (waiting) =>
      this.#enqueue(waiting),
    );
    metrics.watchQueue(() => this.#waiting, WAITING_MAX);
  }

  /** Stores one event together with whatever else arrives at the same moment. */
  async submit(event: PreparedEvent): Promise<Outcome> {
    this.#admit(1);
    return new Promise<Outcome>((resolve, reject) => {
      const done = (): void => void this.#waiting--;
      const waiting: Waiting = {
        event,
        since: performance.now(),
        settle: (outcome) => (done(), resolve(outcome)),
        fail: (error) => (done(), reject(error instanceof Error ? error : new Error(String(error)))),
      };
      this.#enqueue(waiting);
    });
  }

  /** Stores a batch as one group on a connection of its own; events must be distinct and sorted by key. */
  async submitBatch(events: readonly PreparedEvent[], options: CommitOptions = {}): Promise<Outcome[]> {
    this.#admit(events.length);
    const since = performance.now();
    try {
      const connection =
        this.#idle.pop() ?? (await new Promise<CommitConnection>((take) => this.#turns.push({ take })));
      try {
        // Known by now to meet a lock: it must not keep the connection from those who would not.
        if (events.some((event) => this.#slow.has(event.accountId))) throw new AccountHeldUp();
        this.metrics.observeGroup(events.length, performance.now() - since);
        return await connection.commit(events, options);
      } finally {
        const next = this.#turns.shift();
        if (next) next.take(connection);
        else this.#idle.push(connection);
      }
    } finally {
      this.#waiting -= events.length;
    }
  }

  #admit(events: number): void {
    if (this.#waiting + events > WAITING_MAX) {
      throw new DomainError('unavailable', 'Too many events are waiting to be stored', [], 1);
    }
    this.#waiting += events;
  }

  #enqueue(waiting: Waiting): void {
    if (this.#slow.has(waiting.event.accountId)) return this.#slow.push(waiting);
    const lane = this.#lanes[waiting.event.bucket % LANES]!;
    lane.queue.push(waiting);
    if (lane.running) return;
    lane.running = true;
    // Whatever else this turn of the event loop brings joins the group.
    setImmediate(() => void this.#run(lane));
  }

  async #run(lane: Lane): Promise<void> {
    while (lane.queue.length > 0) {
      const group = lane.queue.take();
      this.metrics.observeGroup(group.members.length, performance.now() - group.members[0]!.since);
      // Whoever stands at a limit has to be looked at one by one: after the others, who need not wait for it.
      const watched = group.members.filter(({ event }) => isWatched(event));
      const others =
        watched.length === 0 ? group.members : group.members.filter(({ event }) => !isWatched(event));
      if (others.length > 0) await this.#commit(lane.connection, others);
      if (watched.length > 0) await this.#commit(lane.connection, watched);
      this.#requeueTwins(group);
    }
    lane.running = false;
  }

  async #commit(connection: CommitConnection, members: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await connection.commit(members.map((member) => member.event));
      members.forEach((member, i) => member.settle(outcomes[i]!));
    } catch (error) {
      await this.#afterFailure(connection, members, error);
    }
  }

  async #afterFailure(
    connection: CommitConnection,
    members: readonly Waiting[],
    error: unknown,
  ): Promise<void> {
    const failure = groupFailure(error);
    if (failure === 'locked') {
      this.#slow.divide(members);
    } else if (failure !== 'poisoned' || members.length === 1) {
      for (const member of members) failAlone(member, error);
    } else {
      const half = members.length >> 1;
      await this.#commit(connection, members.slice(0, half));
      await this.#commit(connection, members.slice(half));
    }
  }

  /** Twins go again now that the first of their name is decided: they meet its stored key and are judged by it. */
  #requeueTwins(group: Group): void {
    for (const twins of group.twins.values()) twins.forEach((twin) => this.#enqueue(twin));
  }

  /** Waits for what was accepted, then closes the lanes; new events are refused by the doors before this. */
  async beforeApplicationShutdown(): Promise<void> {
    const deadline = performance.now() + DRAIN_MS;
    while (this.#waiting > 0 && performance.now() < deadline) await sleep(10);
    const connections = [...this.#lanes.map((lane) => lane.connection), ...this.#idle, this.#slow.connection];
    await Promise.all(connections.map((connection) => connection.close()));
  }
}
