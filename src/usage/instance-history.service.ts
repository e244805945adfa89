import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import type { InstanceEvent } from '../core/workspace-instance';
import { AccountService } from '../cost-centers/account.service';
import { Database } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import type { MarkedResource } from './span-mark.repository';
import { SpanRepository } from './span.repository';

/** The meter whose levels tell the life of workspace instances. */
const INSTANCE_METER = 'workspace_minutes';

/** What was told of workspace instances and stands: voided words are not among it. */
@Injectable()
export class InstanceHistory {
  constructor(
    private readonly spans: SpanRepository,
    private readonly accounts: AccountService,
    private readonly meters: MeterService,
    private readonly database: Database,
  ) {}

  /** Of each instance in the order asked; nothing of an account that does not exist. */
  async told(
    instances: readonly { readonly account: AccountKey; readonly id: string }[],
  ): Promise<InstanceEvent[][]> {
    const { byId } = await this.meters.catalogue();
    const meterId = [...byId.values()].find(({ key }) => key === INSTANCE_METER)?.id;
    const found = instances.map((): InstanceEvent[] => []);
    if (meterId === undefined) return found;
    const accounts = await this.#accounts(new Set(instances.map(({ account }) => account)));
    const buckets = new Map<number, { place: number; resource: MarkedResource }[]>();
    instances.forEach(({ account: key, id }, place) => {
      const account = accounts.get(key);
      if (!account) return;
      const resource = { accountId: account.id, meterId, resource: id };
      buckets.set(account.bucket, [...(buckets.get(account.bucket) ?? []), { place, resource }]);
    });
    for (const [bucket, asked] of buckets) {
      const resources = asked.map(({ resource }) => resource);
      const histories = await this.spans.histories(this.database, bucket, resources);
      asked.forEach(({ place }, i) => (found[place] = histories[i]!));
    }
    return found;
  }

  async #accounts(keys: ReadonlySet<AccountKey>): Promise<Map<AccountKey, Account>> {
    const found = new Map<AccountKey, Account>();
    for (const key of keys) {
      const account = this.accounts.known(key) ?? (await this.accounts.find(key));
      if (account) found.set(key, account);
    }
    return found;
  }
}
