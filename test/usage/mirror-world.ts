import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAccountKey } from '../../src/core/account-key';
import { formatQuantity, parseQuantity } from '../../src/core/quantity';
import { AccountService } from '../../src/cost-centers/account.service';
import { IMPATIENT } from '../../src/platform/redis.module';
import { MeterService } from '../../src/pricing/meter.service';
import { CounterMirror } from '../../src/usage/counter-mirror';
import type { TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { startRedis, type TestRedis } from '../support/redis';
import { LimitWorld } from './limit-world';

export const NOON = '2026-03-10T12:00:00Z';
export const MARCH = Date.parse('2026-03-01T00:00:00Z');

const COUNTERS = `
  select c.account_id::int as account, c.meter_id as meter, (extract(epoch from c.segment_from) * 1000)::bigint::text as at,
    case when m.aggregation = 'unique' then c.count::numeric else c.sum end::text as used,
    c.reserved::text as reserved, c.revision::text as revision
  from usage_counter c join meter m on m.id = c.meter_id and m.aggregation in ('sum', 'count', 'unique')
  where c.dims = '' and c.segment_to > '${NOON}'`;

/** A world of limits with a Redis of its own, and a look at the copies in it. */
export class MirrorWorld {
  private constructor(
    readonly limits: LimitWorld,
    readonly redis: TestRedis,
    readonly client: Redis,
  ) {}

  static async start(): Promise<MirrorWorld> {
    const redis = await startRedis();
    const client = new Redis(redis.url, { ...IMPATIENT, enableOfflineQueue: true, maxRetriesPerRequest: 50 });
    client.on('error', () => undefined);
    return new MirrorWorld(await LimitWorld.at(NOON, { redisUrl: redis.url }), redis, client);
  }

  get app(): TestApp {
    return this.limits.usage.app;
  }

  get mirror(): CounterMirror {
    return this.app.app.get(CounterMirror);
  }

  /** `used+reserved` as the mirror says it; null = it does not say. */
  async copyOf(account: string, meter: string): Promise<string | null> {
    const found = await this.app.app.get(AccountService).find(parseAccountKey(account));
    const { id } = (await this.app.app.get(MeterService).catalogue()).byKey.get(meter)!;
    const copy = (await this.mirror.read(found!, [id], MARCH))?.get(id);
    return copy ? `${formatQuantity(copy.used)}+${formatQuantity(copy.reserved)}` : null;
  }

  /** Counters whose copy is not there or says something else; of one that was never added to none has to be there. */
  async differing(): Promise<string[]> {
    const { rows } = await withClient(this.app.databaseUrl, (client) =>
      client.query<
        Record<'at' | 'used' | 'reserved' | 'revision', string> & { account: number; meter: number }
      >(COUNTERS),
    );
    const found: string[] = [];
    for (const { account, meter, at, ...row } of rows) {
      const copies = await this.mirror.read({ id: account, bucket: 0 }, [meter], parseInt(at, 10));
      const copy = copies?.get(meter);
      if (!copy && parseQuantity(row.used) === 0n && parseQuantity(row.reserved) === 0n) continue;
      const stored = [parseQuantity(row.used), parseQuantity(row.reserved), BigInt(row.revision)].join(' ');
      const mirrored = copy && [copy.used, copy.reserved, copy.revision].join(' ');
      if (stored !== mirrored) found.push(`${account} ${meter}: ${stored}, mirrored ${mirrored}`);
    }
    return found;
  }

  /** Milliseconds until the mirror equals Postgres; fails after `most`. */
  async untilEqual(most: number): Promise<number> {
    const started = performance.now();
    for (;;) {
      const differing = await this.differing();
      const took = performance.now() - started;
      if (differing.length === 0) return took;
      if (took > most)
        throw new Error(`still different after ${Math.round(took)} ms: ${differing.join('; ')}`);
      await sleep(20);
    }
  }

  async close(): Promise<void> {
    await this.limits.close();
    this.client.disconnect();
    await this.redis.remove();
  }
}
