import { Redis } from 'ioredis';

/** Text of an instant as the original writes it: UTC, and no word of that. */
export const naive = (instant: string): string => instant.replace(/(?:\.000)?Z$/, '');

/** The keys of an original Scorpius, written as it writes them. */
export class ScorpiusKeys {
  readonly redis: Redis;

  constructor(url: string) {
    this.redis = new Redis(url);
  }

  async organisation(id: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
    const made = naive('2026-01-05T09:30:00.250Z');
    await this.redis.hset(`org:${id}`, { plan: 'free', created_at: made, updated_at: made, ...fields });
  }

  async limits(plan: string, limits: Readonly<Record<string, string>>): Promise<void> {
    await this.redis.hset(`org:limits:${plan}`, limits);
  }

  /** A counter with its marker, as after so many units in the month that ends at the instant. */
  async used(organisation: string, feature: string, { count, until }: Used): Promise<void> {
    const key = `usage:${organisation}:${feature}`;
    await this.redis.mset(key, String(count), `${key}:reset`, naive(until));
  }

  /** The copy of an event that the original keeps beside its counter. */
  async copy(organisation: string, feature: string, { count, until }: Used): Promise<void> {
    const timestamp = `2026-07-03T10:00:00.${String(++this.#copies).padStart(6, '0')}`;
    const record = { org_id: organisation, feature, quantity: count, timestamp, reset_date: naive(until) };
    const text = JSON.stringify({ ...record, metadata: { chain: 'base' } });
    await this.redis.set(`usage:records:${organisation}:${timestamp}`, text);
  }

  #copies = 0;

  async close(): Promise<void> {
    await this.redis.quit();
  }
}

export interface Used {
  readonly count: number | string;
  readonly until: string;
}
