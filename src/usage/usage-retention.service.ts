import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONFIG, type Config } from '../platform/config';
import { DomainError } from '../core/errors';
import { type Removal, Retention } from '../platform/retention';
import { Database, type Sql } from '../platform/transaction';
import { groupFailure } from './group-failure';
import { type Partition, UsageRetentionRepository } from './usage-retention.repository';

type Ask = (sql: Sql) => Promise<void>;

const DAY = 86_400_000;
/** The first Monday after 1970 began; partitions of events are weeks. */
const FIRST_MONDAY = 4 * DAY;
/** A drop waits for readers, and writers wait for the drop: so it is tried often and never for long. */
const LOCK_TIMEOUT_MS = 50;
const ATTEMPTS = 10;
const PAUSE_MS = 200;
const OTHER_KEYS = ['event_key_default', 'event_key_opaque'] as const;

/** Lets events go with their keys, week by week, and hours and days after them; counters and levels stay. */
@Injectable()
export class UsageRetention implements OnModuleInit {
  constructor(
    private readonly stored: UsageRetentionRepository,
    private readonly database: Database,
    private readonly retention: Retention,
    @Inject(CONFIG) private readonly config: Pick<Config, 'retentionEventsMs' | 'retentionWindowsMs'>,
  ) {}

  onModuleInit(): void {
    const { retentionEventsMs, retentionWindowsMs } = this.config;
    this.retention.guard('rollups that are not done', (sql) => this.stored.oldestRefold(sql));
    this.retention.rule({
      ...{ name: 'events', keepMs: retentionEventsMs, isGuarded: true, align: weekOf },
      find: (before) => this.#find(before),
      remove: (before, ask) => this.#remove(before, ask),
    });
    this.retention.rule({
      ...{ name: 'windows', keepMs: retentionWindowsMs, isGuarded: true, align: dayOf },
      ...this.retention.trimming(['usage_window', 'usage_day', 'usage_value']),
    });
  }

  async #find(before: Date): Promise<Removal[]> {
    const events = (await this.stored.eventPartitions()).filter(({ to }) => to <= before);
    const keys = (await this.stored.keyPartitions()).filter(({ to }) => to <= before);
    const partitions = [...events, ...keys].map(({ name }) => ({ what: name, rows: null }));
    return [...partitions, ...(await this.retention.trimming(OTHER_KEYS).find(before))];
  }

  /** Keys go no further than the events did: an event that is kept must be found when it is sent again. */
  async #remove(before: Date, ask: Ask): Promise<Removal[]> {
    const removals: Removal[] = [];
    for (const partition of (await this.stored.eventPartitions()).filter(({ to }) => to <= before)) {
      removals.push(
        ...(await this.#drop(partition, ask, (tx) => this.stored.dropEvents(tx, partition.name))),
      );
    }
    const [oldest] = await this.stored.eventPartitions();
    const keysBefore = oldest !== undefined && oldest.from < before ? oldest.from : before;
    for (const partition of (await this.stored.keyPartitions()).filter(({ to }) => to <= keysBefore)) {
      const drop = (tx: Sql) => this.stored.dropKeys(tx, partition.name, keysBefore);
      removals.push(...(await this.#drop(partition, ask, drop)));
    }
    return [...removals, ...(await this.retention.trimming(OTHER_KEYS).remove(keysBefore, ask))];
  }

  /** Guards are asked once more when the partition is ours alone: what they know then cannot be outdated. */
  async #drop({ name }: Partition, ask: Ask, drop: (tx: Sql) => Promise<boolean>): Promise<Removal[]> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        const dropped = await this.database.transaction(
          async (tx) => {
            const isGone = await drop(tx);
            if (isGone) await ask(tx);
            return isGone;
          },
          { lockTimeoutMs: LOCK_TIMEOUT_MS },
        );
        return dropped ? [{ what: name, rows: null }] : [];
      } catch (error) {
        if (isHeld(error)) return [{ what: name, rows: null, stayed: error.message }];
        if (groupFailure(error) !== 'locked') throw error;
      }
      await sleep(PAUSE_MS);
    }
    return [{ what: name, rows: null, stayed: 'somebody is reading or writing it' }];
  }
}

function isHeld(error: unknown): error is DomainError {
  return error instanceof DomainError && error.code === 'failed-precondition';
}

function dayOf(at: Date): Date {
  return new Date(at.getTime() - (at.getTime() % DAY));
}

function weekOf(at: Date): Date {
  return new Date(at.getTime() - ((at.getTime() - FIRST_MONDAY) % (7 * DAY)));
}
