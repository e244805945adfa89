import { parseAccountKey } from '../../src/core/account-key';
import { AccountService } from '../../src/cost-centers/account.service';
import { PaymentProfileService } from '../../src/cost-centers/payment-profile.service';
import { builtInCards } from '../../src/importers/scorpius-cards';
import { DirectScorpiusTarget } from '../../src/importers/scorpius-direct';
import { importScorpius } from '../../src/importers/scorpius-import';
import { ScorpiusJournal } from '../../src/importers/scorpius-journal';
import { ScorpiusSource } from '../../src/importers/scorpius-source';
import { startRedis, type TestRedis } from '../support/redis';
import { UsageWorld } from '../support/usage-world';
import { ScorpiusKeys } from './scorpius-keys';

/** The middle of the month whose counters are reset in August. */
export const NOW = '2026-07-15T12:00:00Z';
export const AUGUST = '2026-08-01T00:00:00Z';
export const JULY = '2026-07-01T00:00:00Z';
export const JUNE = '2026-06-01T00:00:00Z';

/** An original Scorpius in a Redis of its own, and a service that it moves to. */
export class ScorpiusWorld {
  private constructor(
    private readonly redis: TestRedis,
    readonly keys: ScorpiusKeys,
    readonly usage: UsageWorld,
  ) {}

  static async open(): Promise<ScorpiusWorld> {
    const redis = await startRedis();
    return new ScorpiusWorld(redis, new ScorpiusKeys(redis.url), await UsageWorld.at(NOW));
  }

  /** An original without a key; what is here stays. */
  async empty(): Promise<void> {
    this.usage.itIs(NOW);
    await this.keys.redis.flushall();
  }

  async close(): Promise<void> {
    await this.usage.close();
    await this.keys.close();
    await this.redis.remove();
  }

  async move({ isDryRun = false, compareRecords = false } = {}): Promise<ScorpiusJournal> {
    const target = isDryRun ? null : new DirectScorpiusTarget(this.usage.app.app);
    const source = await ScorpiusSource.open(this.redis.url);
    const journal = new ScorpiusJournal(null, isDryRun);
    const parts = { source, target, journal, cards: target?.cards ?? builtInCards(), compareRecords };
    try {
      const latest = Date.parse(NOW) + 300_000;
      await importScorpius({ ...parts, latest, onProgress: () => undefined });
    } finally {
      source.close();
    }
    return journal;
  }

  total(organisation: string, meter: string, month: readonly [string, string] = [JULY, AUGUST]) {
    const [from, to] = month;
    return this.usage.total(meter, { account: `org:${organisation}`, from, to });
  }

  /** `feature quantity` of everything that is no meter of its own. */
  async features(organisation: string): Promise<string[]> {
    const account = `org:${organisation}`;
    const asked = { account, from: JULY, to: AUGUST, window: 'total', group_by: 'feature' };
    const lines = await this.usage.lines('feature_usage', asked);
    return lines.map((line) => line.replace('07-01T00:00 ', '')).sort();
  }

  async subscription(organisation: string) {
    return (await this.usage.admin.get(`/api/v1/accounts/org:${organisation}/subscription`)).body;
  }

  /** Agrees to a plan here, by the door. */
  async agree(organisation: string, plan: string): Promise<void> {
    const path = `/api/v1/accounts/org:${organisation}/subscription`;
    expect((await this.usage.admin.put(path, { plan })).status).toBe(200);
  }

  account(organisation: string) {
    return this.usage.app.app
      .get(AccountService, { strict: false })
      .get(parseAccountKey(`org:${organisation}`));
  }

  get profiles(): PaymentProfileService {
    return this.usage.app.app.get(PaymentProfileService, { strict: false });
  }

  async profile(organisation: string) {
    return this.profiles.read(await this.account(organisation));
  }
}

/** `key: outcome: reason` of everything to look at, sorted. */
export const told = (journal: ScorpiusJournal): string[] =>
  journal
    .notes()
    .shown.map(({ key, outcome, reason }) => `${key}: ${outcome}: ${reason}`)
    .sort();

export const partOf = (journal: ScorpiusJournal, part: string): object | undefined =>
  new Map<string, object>(journal.parts()).get(part);
