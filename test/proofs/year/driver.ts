import { Pool } from 'pg';
import { proveInvoice } from '../../../src/core/invoice-proof';
import { InvoiceRun } from '../../../src/billing/invoice-run.service';
import { OffCycleInvoices } from '../../../src/billing/off-cycle.service';
import { GrantExpiryService } from '../../../src/ledger/grant-expiry.service';
import { TestClocks } from '../../../src/platform/test-clocks/test-clocks.service';
import { Database } from '../../../src/platform/transaction';
import { startTestApp, type TestApp } from '../../support/app';
import { createTestDatabase, type TestDatabase, withClient } from '../../support/postgres';
import { Rest, type RestAnswer } from '../../support/rest';
import { METERS, meterBody, OFFERS } from './offers';
import { correctionBody, eventBody, grantBody, planBody, statusOf, type Verdict, wanted } from './requests';
import type { Act, Script, Step, Subscriber } from './script';

const BATCH = 1_000;
const QUIET_STEP_MS = 10 * 86_400_000;
/** Accounts whose doings are sent at once. */
const AT_ONCE = 4;
const CLOCKS = '/api/v1/test-clocks';
/** Long enough that drafts are met by whatever happens meanwhile. */
export const GRACE_MS = 3 * 86_400_000;

const NEXT_DUE = `
  select min(at) as at from (
    select s.due_at as at from billing_state s join account a on a.id = s.account_id where a.test_clock_id = $1
    union all
    select i.finalise_at from invoice i join account a on a.id = i.account_id
    where a.test_clock_id = $1 and i.status = 'draft') due`;

/** Newest first, by nothing that differs between two runs of one year. */
const CHOOSE_INVOICE = `
  select i.id from invoice i join account a on a.id = i.account_id
  where a.key = $1 and i.status = any($2)
  order by i.finalised_at desc nulls first, i.period_from desc, i.kind, i.id`;

/** How often each kind of request was answered how, such as `pay 200`. */
export type Answers = Readonly<Record<string, number>>;

/** A year lived by the real service, in one process of it or in several on one database. */
export class YearDriver {
  readonly #answers: Record<string, number> = {};
  readonly #verdicts: Record<string, number> = {};
  #turn = 0;
  #clock = '';

  private constructor(
    private readonly script: Script,
    readonly apps: readonly TestApp[],
    readonly database: TestDatabase,
    readonly client: Pool,
  ) {}

  /** Starts the service and makes the catalogue and the accounts of the script, which live by one test clock. */
  static async start(script: Script, processes: number): Promise<YearDriver> {
    const database = await createTestDatabase();
    // Kills have a proof of their own. Nobody dies here, so no commit waits for the disk.
    await withClient(database.url, async (each) => {
      const name = new URL(database.url).pathname.slice(1);
      await each.query(`alter database ${name} set synchronous_commit = off`);
    });
    const apps: TestApp[] = [];
    const config = { databaseUrl: database.url, invoiceGraceMs: GRACE_MS };
    for (let n = 0; n < processes; n++) apps.push(await startTestApp(config));
    const client = new Pool({ connectionString: database.url, max: AT_ONCE });
    const driver = new YearDriver(script, apps, database, client);
    await driver.#prepare();
    return driver;
  }

  get answers(): Answers {
    return this.#answers;
  }

  get verdicts(): Answers {
    return this.#verdicts;
  }

  get(app: TestApp) {
    return <T>(token: abstract new (...args: never[]) => T): T => app.app.get(token, { strict: false });
  }

  async close(): Promise<void> {
    await this.client.end();
    for (const app of this.apps) await app.close();
    await this.database.drop();
  }

  /** Lives the year to its quiet end; `tell` hears of every step. */
  async live(tell: (done: number, at: number) => void = () => undefined): Promise<void> {
    for (const [n, step] of this.script.steps.entries()) {
      await this.advance(step.at);
      await this.send(step);
      await this.#actAll(step);
      tell(n + 1, step.at);
    }
    const last = this.script.steps.at(-1)!.at;
    for (let at = last; at < this.script.end;) {
      at = Math.min(at + QUIET_STEP_MS, this.script.end);
      await this.advance(at);
    }
  }

  /** Everything due up to an instant is done; by all processes at once when there are several. */
  async advance(to: number): Promise<void> {
    const now = new Date(to);
    if (this.apps.length === 1) {
      await wanted(this.#rest().post(`${CLOCKS}/${this.#clock}/advance`, { now: now.toISOString() }));
      return;
    }
    for (;;) {
      const { rows } = await this.client.query<{ at: Date | null }>(NEXT_DUE, [this.#clock]);
      const due = rows[0]!.at;
      const isLast = due === null || due >= now;
      const stop = isLast ? now : due;
      await this.#moveTo(stop);
      await Promise.all(this.apps.map((app) => this.#runDue(app, stop)));
      if (isLast) return;
    }
  }

  /** All processes look for what is due, at the time it is. */
  async runAgain(): Promise<void> {
    const { rows } = await this.client.query<{ now_at: Date }>('select now_at from test_clock');
    await Promise.all(this.apps.map((app) => this.#runDue(app, rows[0]!.now_at)));
  }

  /** The events of a step, then its corrections. */
  async send({ events, corrections }: Pick<Step, 'events' | 'corrections'>): Promise<void> {
    const bodies = [...events.map(eventBody), ...corrections.map(correctionBody)];
    for (let from = 0; from < bodies.length; from += BATCH) {
      const batch = { events: bodies.slice(from, from + BATCH), backfill: true };
      const answer = await wanted(this.#rest().post<{ verdicts: Verdict[] }>('/api/v1/events', batch));
      for (const verdict of answer.body.verdicts) this.#judge(verdict);
    }
  }

  /** What computing every final invoice again from its export finds wrong. */
  async wrongExports(): Promise<string[]> {
    const { rows } = await this.client.query<{ id: string }>(
      `select id from invoice where status <> 'draft' order by id`,
    );
    const problems: string[] = [];
    const work = async (): Promise<void> => {
      for (let row = rows.pop(); row; row = rows.pop()) {
        const { id } = row;
        const { body } = await wanted(this.#rest().get(`/api/v1/invoices/${id}/export`));
        problems.push(...proveInvoice(body).problems.map((problem) => `export of ${id}: ${problem}`));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return problems;
  }

  /** The requests that name themselves, once more. */
  async actAgain(): Promise<void> {
    for (const { acts } of this.script.steps) {
      for (const act of acts.filter(({ kind }) => kind === 'grant')) await this.#act(act);
    }
  }

  #judge({ status, code, reason }: Verdict): void {
    if (status === 'refused' || status === 'conflict') throw new Error(`${status} ${code}: ${reason}`);
    this.#verdicts[status] = (this.#verdicts[status] ?? 0) + 1;
  }

  async #moveTo(now: Date): Promise<void> {
    const [first] = this.apps;
    const [clocks, database] = [this.get(first!)(TestClocks), this.get(first!)(Database)];
    await database.transaction((tx) => clocks.move(tx, this.#clock, now));
    for (const app of this.apps) await this.get(app)(TestClocks).reload();
  }

  async #runDue(app: TestApp, now: Date): Promise<void> {
    await this.get(app)(GrantExpiryService).run({ now, testClock: this.#clock });
    await this.get(app)(OffCycleInvoices).run({ now, testClock: this.#clock });
    await this.get(app)(InvoiceRun).runDue({ now, testClock: this.#clock });
  }

  /** Requests take turns among the processes. */
  #rest(): Rest {
    const app = this.apps[this.#turn++ % this.apps.length]!;
    return new Rest(app.rest, app.adminKey);
  }

  async #prepare(): Promise<void> {
    for (const meter of METERS)
      await wanted(this.#rest().put(`/api/v1/meters/${meter.key}`, meterBody(meter)));
    for (const offer of OFFERS) {
      await wanted(this.#rest().put(`/api/v1/catalogue/plans/${offer.key}`, offer));
    }
    const now = new Date(this.script.start).toISOString();
    const { body } = await wanted(this.#rest().post<{ id: string }>(CLOCKS, { name: 'year', now }));
    this.#clock = body.id;
    for (const { key, calendar } of this.script.subscribers) {
      const { anchor, interval, count, timeZone } = calendar;
      const account = { anchor: anchor.toISOString(), interval, interval_count: count, time_zone: timeZone };
      await wanted(this.#rest().put(`/api/v1/accounts/${key}`, account));
      await wanted(this.#rest().post(`${CLOCKS}/${this.#clock}/accounts`, { account: key }));
    }
    for (const app of this.apps) await this.get(app)(TestClocks).reload();
  }

  async #actAll({ acts }: Step): Promise<void> {
    const byAccount = new Map<string, Act[]>();
    for (const act of acts) byAccount.set(act.account, [...(byAccount.get(act.account) ?? []), act]);
    const queue = [...byAccount.values()];
    const work = async (): Promise<void> => {
      for (let own = queue.shift(); own; own = queue.shift()) {
        for (const act of own) await this.#act(act);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #act(act: Act): Promise<void> {
    const status = await this.#request(act);
    const isAsked = act.kind === 'plan' || act.kind === 'cancel' || act.kind === 'grant';
    if (status >= 500 || (isAsked && status >= 400)) throw new Error(`${status}: ${JSON.stringify(act)}`);
    const name = `${act.kind} ${status === 0 ? 'none' : status}`;
    this.#answers[name] = (this.#answers[name] ?? 0) + 1;
  }

  /** The status of the answer; 0 where there is no invoice to choose. */
  async #request(act: Act): Promise<number> {
    const path = `/api/v1/accounts/${act.account}`;
    switch (act.kind) {
      case 'plan':
        return statusOf(this.#rest().put(`${path}/subscription`, planBody(act, this.#subscriber(act))));
      case 'cancel':
        return statusOf(this.#rest().delete(`${path}/subscription?at=${act.at}`));
      case 'grant':
        return statusOf(this.#keyed(`${path}/grants`, act.id, grantBody(act)));
      default:
        return this.#settle(act);
    }
  }

  async #settle(act: Exclude<Act, { kind: 'plan' | 'cancel' | 'grant' }>): Promise<number> {
    const among =
      act.kind === 'finalise' ? ['draft'] : act.kind === 'void' ? ['finalised'] : ['finalised', 'paid'];
    const { rows } = await this.client.query<{ id: string }>(CHOOSE_INVOICE, [act.account, among]);
    if (rows.length === 0) return 0;
    const path = `/api/v1/invoices/${rows[act.nth % rows.length]!.id}`;
    if (act.kind === 'credit') {
      const body = act.amount === null ? {} : { net_amount: act.amount };
      return statusOf(this.#keyed(`${path}/credit-notes`, act.id, body));
    }
    if (act.kind === 'pay') {
      const body = { reference: act.id, ...(act.amount !== null && { amount: act.amount }) };
      return statusOf(this.#rest().post(`${path}/payments`, body));
    }
    return statusOf(this.#rest().post(`${path}/${act.kind}`, {}));
  }

  #keyed(path: string, key: string, body: object): Promise<RestAnswer<unknown>> {
    const headers = { 'idempotency-key': key };
    return this.#rest().send('POST', path, { body, contentType: 'application/json', headers });
  }

  #subscriber({ account }: Act): Subscriber {
    return this.script.subscribers.find(({ key }) => key === account)!;
  }
}
