import type { Config } from '../../src/platform/config';
import { ReconcileUsageService } from '../../src/usage/reconcile-usage.service';
import { ResetUsageService } from '../../src/cost-centers/reset-usage.service';
import { Clock } from '../../src/platform/clock';
import { GitpodClient, type GitpodAnswer } from './gitpod-client';
import { withClient } from './postgres';
import { UsageWorld } from './usage-world';
import { wrongBooksOf } from './wrong-books';

/** A cost centre as the wire has it. */
export interface WireCostCenter {
  readonly attributionId: string;
  readonly spendingLimit: number;
  readonly billingStrategy: string;
  readonly nextBillingTime: { seconds: string; nanos: number };
  readonly billingCycleStart: { seconds: string; nanos: number };
}

export interface WireUsage {
  readonly id: string;
  readonly attributionId: string;
  readonly description: string;
  readonly credits: number;
  readonly effectiveTime: { seconds: string; nanos: number };
  readonly kind: string;
  readonly workspaceInstanceId: string;
  readonly draft: boolean;
  readonly metadata: string;
}

export interface WireListUsage {
  readonly usageEntries: WireUsage[];
  readonly pagination: { perPage: string; totalPages: string; total: string; page: string };
  readonly creditsUsed: number;
  readonly ledgerInterval: { seconds: string; nanos: number };
}

/** The times of an instance; what is left out never came. */
export interface InstanceTimes {
  readonly created?: string;
  readonly started?: string;
  readonly stopping?: string;
  readonly stopped?: string;
}

/** A uuid of a small number, so that tests can name things. */
export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const team = (n: number): string => `team:${uuid(n)}`;

const SECONDS_PER_CREDIT = 360;

/** A service whose clock stands still, as a Gitpod installation sees it: over gRPC, with instances told as events. */
export class GitpodWorld {
  readonly client: GitpodClient;
  #events = 0;

  private constructor(readonly usage: UsageWorld) {
    this.client = new GitpodClient(usage.app.grpc, { key: usage.app.adminKey });
  }

  static async at(now: string, overrides: Partial<Config> = {}): Promise<GitpodWorld> {
    return new GitpodWorld(await UsageWorld.at(now, overrides));
  }

  get admin() {
    return this.usage.admin;
  }

  get<T>(token: abstract new (...args: never[]) => T): T {
    return this.usage.app.app.get(token, { strict: false });
  }

  itIs(now: string): void {
    this.usage.itIs(now);
  }

  call<A>(rpc: string, request: object = {}): Promise<GitpodAnswer<A>> {
    return this.client.call<A>(['UsageService', rpc], request);
  }

  async costCenter(attributionId: string): Promise<WireCostCenter> {
    const answer = await this.#ok<{ costCenter: WireCostCenter }>('GetCostCenter', { attributionId });
    return answer.costCenter;
  }

  async setCostCenter(
    attributionId: string,
    spendingLimit: number,
    strategy: 'STRIPE' | 'OTHER',
  ): Promise<WireCostCenter> {
    const costCenter = { attributionId, spendingLimit, billingStrategy: `BILLING_STRATEGY_${strategy}` };
    return (await this.#ok<{ costCenter: WireCostCenter }>('SetCostCenter', { costCenter })).costCenter;
  }

  async balance(attributionId: string): Promise<number> {
    return (await this.#ok<{ credits: number }>('GetBalance', { attributionId })).credits;
  }

  async note(attributionId: string, credits: number, description = 'Given back'): Promise<void> {
    await this.#ok('AddUsageCreditNote', { attributionId, credits, description });
  }

  async list(attributionId: string, request: object = {}): Promise<WireListUsage> {
    return this.#ok<WireListUsage>('ListUsage', { attributionId, ...request });
  }

  async members(account: string, members: readonly object[]): Promise<void> {
    const answer = await this.admin.put(`/api/v1/accounts/${account}/members`, { members });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer));
  }

  /** Tells an instance as events, in the order of its life. */
  async instance(
    account: string,
    id: string,
    times: InstanceTimes,
    properties: Record<string, string> = {},
  ): Promise<void> {
    const told = Object.entries(times) as [string, string][];
    await this.usage.record(
      account,
      told.map(([what, at]) => ({
        ...{ id: `i${++this.#events}`, type: `workspace_instance.${what}`, at, resource: id },
        properties: { workspace_id: 'ws', ...properties },
      })),
    );
  }

  /** Uses so many credits up to an instant, at ten an hour, in one instance that has stopped; it is that instant then. */
  async used(account: string, credits: number, until: string): Promise<void> {
    this.itIs(until);
    const started = new Date(Date.parse(until) - Math.round(credits * SECONDS_PER_CREDIT) * 1_000);
    await this.instance(account, `used-${++this.#events}`, {
      started: started.toISOString(),
      stopped: until,
    });
    await this.reconcile();
  }

  /** What was posted for an account, the oldest first: `charge 2.00`. */
  async ledger(account: string): Promise<string[]> {
    const path = `/api/v1/accounts/${account}/ledger?limit=500`;
    const { body } = await this.admin.get<{ items: { kind: string; amount: string }[] }>(path);
    return body.items.map(({ kind, amount }) => `${kind} ${amount}`).reverse();
  }

  /** Rows of the database, for what no door shows. */
  rows<T extends object>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    const { databaseUrl } = this.usage.app;
    return withClient(databaseUrl, async (client) => (await client.query<T>(sql, [...values])).rows);
  }

  /** Whatever does not hold of the books. */
  wrongBooks(): Promise<unknown[]> {
    return wrongBooksOf(this.usage.app);
  }

  /** One run of the ledger job, now. */
  async reconcile() {
    return this.get(ReconcileUsageService).run({ now: this.get(Clock).now(), testClock: null });
  }

  /** One run of the reset job, now. */
  async reset() {
    return this.get(ResetUsageService).run('job:reset_usage', {
      now: this.get(Clock).now(),
      testClock: null,
    });
  }

  async close(): Promise<void> {
    this.client.close();
    await this.usage.app.close();
  }

  async #ok<A>(rpc: string, request: object): Promise<A> {
    const { code, details, answer } = await this.call<A>(rpc, request);
    if (code !== 0) throw new Error(`${rpc}: ${code} ${details}`);
    return answer!;
  }
}
