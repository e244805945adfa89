import { parseAccountKey } from '../../src/core/account-key';
import { formatQuantity, parseQuantity } from '../../src/core/quantity';
import { ADMIN } from '../../src/platform/auth/principal';
import { Checks } from '../../src/platform/checks';
import type { Config } from '../../src/platform/config';
import { Database } from '../../src/platform/transaction';
import type { ConsumeAnswer } from '../../src/usage/consume-usage.commands';
import { ConsumeUsageService } from '../../src/usage/consume-usage.service';
import { UsageWorld } from '../support/usage-world';

type Items = Readonly<Record<string, string>>;

/** A service whose accounts have limits, with short words for using things up. */
export class LimitWorld {
  #ids = 0;

  private constructor(readonly usage: UsageWorld) {}

  static async at(now: string, overrides: Partial<Config> = {}): Promise<LimitWorld> {
    return new LimitWorld(await UsageWorld.at(now, overrides));
  }

  /** Gives an account the free plan with these limits, such as `{ scans: ['10', 'refuse'] }`; null = unlimited. */
  async limit(
    account: string,
    limits: Readonly<Record<string, readonly [string | null, string]>>,
  ): Promise<void> {
    const allowances = Object.fromEntries(
      Object.entries(limits).map(([meter, [limit, policy]]) => [
        meter,
        limit === null ? { limit } : { limit, on_exceed: policy },
      ]),
    );
    const path = `/api/v1/accounts/${encodeURIComponent(account)}`;
    const known = await this.usage.admin.get(path);
    if (known.status === 404) await this.usage.account(account);
    const answer = await this.usage.admin.put(`${path}/subscription`, {
      plan: 'free',
      overrides: { allowances },
    });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer));
  }

  consume(account: string, items: Items, id = `c${++this.#ids}`): Promise<ConsumeAnswer> {
    const command = {
      account: parseAccountKey(account),
      source: 'test',
      id,
      items: Object.entries(items).map(([meter, quantity]) => ({
        ...{ meter, quantity: parseQuantity(quantity), resource: null, properties: null },
      })),
    };
    return this.usage.app.app.get(ConsumeUsageService).consume(command, ADMIN);
  }

  /** The status and, per item, `used/limit`, with `!` at what did not fit. */
  async told(account: string, items: Items, id?: string): Promise<string> {
    const { status, items: answers } = await this.consume(account, items, id);
    const words = answers.map(({ used, limit, isRefused }) =>
      [formatQuantity(used), '/', limit === null ? '∞' : formatQuantity(limit), isRefused ? '!' : ''].join(
        '',
      ),
    );
    return [status, ...words].join(' ');
  }

  /** What lies beyond limits, oldest first. */
  async overages(account: string): Promise<string[]> {
    const rows = await this.#rows<{ key: string; quantity: string }>(
      `select m.key, o.quantity::text from usage_overage o join meter m on m.id = o.meter_id
       join account a on a.id = o.account_id where a.key = $1 order by o.recorded_at`,
      account,
    );
    return rows.map(({ key, quantity }) => `${key} ${formatQuantity(parseQuantity(quantity))}`);
  }

  async crossings(account: string): Promise<string[]> {
    const rows = await this.#rows<{ key: string; percent: number; used: string }>(
      `select m.key, c.percent, c.used::text from limit_crossing c join meter m on m.id = c.meter_id
       join account a on a.id = c.account_id where a.key = $1 order by c.segment_from, c.percent`,
      account,
    );
    return rows.map(
      ({ key, percent, used }) => `${key} ${percent}% at ${formatQuantity(parseQuantity(used))}`,
    );
  }

  /** The sum of the counter and the number of events that were stored for it. */
  async counted(account: string, meter: string): Promise<string> {
    const [row] = await this.#rows<{ sum: string | null; events: string }>(
      `select (select sum(c.sum)::text from usage_counter c join meter m on m.id = c.meter_id
                where c.account_id = a.id and c.dims = '' and m.key = '${meter}') as sum,
              (select count(*) from usage_event e where e.account_id = a.id and e.type = '${meter}')::text as events
       from account a where a.key = $1`,
      account,
    );
    return `${formatQuantity(parseQuantity(row!.sum ?? '0'))} of ${row!.events} events`;
  }

  /** What `tallyhouse verify` finds broken. */
  async broken(): Promise<string[]> {
    const { app } = this.usage.app;
    const names: string[] = [];
    for await (const { name, examples } of app.get(Checks).run(app.get(Database))) {
      if (examples.length > 0) names.push(`${name}: ${JSON.stringify(examples[0])}`);
    }
    return names;
  }

  #rows<R>(text: string, account: string): Promise<R[]> {
    return this.usage.app.app.get(Database).query<R>(text, [account]);
  }

  close(): Promise<void> {
    return this.usage.close();
  }
}
