import { InvoiceRun } from '../../src/billing/invoice-run.service';
import { Clock } from '../../src/platform/clock';
import type { Config } from '../../src/platform/config';
import { withClient } from './postgres';
import { type Happening, UsageWorld } from './usage-world';
import { wrongBooksOf } from './wrong-books';

/** An invoice as its door shows it. */
export interface Invoice {
  readonly id: string;
  readonly number: string | null;
  readonly kind: string;
  readonly status: string;
  readonly period_start: string;
  readonly subtotal: string | null;
  readonly discounts: { name: string; amount: string }[];
  readonly taxes: { name: string; amount: string }[];
  readonly total: string | null;
  readonly paid_by_grants: string | null;
  readonly carried_over: string | null;
  readonly paid: string | null;
  readonly credited: string | null;
  readonly amount_due: string | null;
  readonly problem: string | null;
  readonly lines: {
    meter: string | null;
    kind: string;
    description: string;
    quantity: string | null;
    amount_exact: string;
    amount: string;
    period_start: string;
    from: string;
    to: string;
  }[];
  readonly code?: string;
}

/** A service whose clock stands still, with short words for what tests of billing do. */
export class BillingWorld {
  private constructor(readonly usage: UsageWorld) {}

  static async at(now: string, overrides: Partial<Config> = {}): Promise<BillingWorld> {
    return new BillingWorld(await UsageWorld.at(now, overrides));
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

  async plan(key: string, offer: object): Promise<void> {
    await this.#ok(
      this.admin.put(`/api/v1/catalogue/plans/${key}`, { name: key, currency: 'USD', ...offer }),
    );
  }

  async account(key: string, calendar: object = {}): Promise<void> {
    await this.usage.account(key, calendar);
  }

  async subscribe(account: string, body: object): Promise<void> {
    await this.#ok(this.admin.put(`/api/v1/accounts/${account}/subscription`, body));
  }

  async cancel(account: string, at: 'now' | 'period_end' = 'period_end'): Promise<void> {
    await this.#ok(this.admin.delete(`/api/v1/accounts/${account}/subscription?at=${at}`));
  }

  /** Events of any age; it is at least the time of the last one when they come. */
  record(account: string, happenings: readonly Happening[]): Promise<string[]> {
    const last = happenings.map(({ at }) => new Date(at)).reduce((a, b) => (a > b ? a : b));
    if (last > this.get(Clock).now()) this.itIs(last.toISOString());
    return this.usage.record(account, happenings);
  }

  async grant(account: string, body: object): Promise<void> {
    await this.#ok(this.admin.post(`/api/v1/accounts/${account}/grants`, { asset: 'USD', ...body }), 201);
  }

  /** Everything due at the instant becomes final; the clock stays there. */
  async runAt(now: string): Promise<void> {
    this.itIs(now);
    await this.get(InvoiceRun).runDue({ now: this.get(Clock).now(), testClock: null });
  }

  /** Invoices of an account with their lines, in the order in which they were made. */
  async invoices(account: string): Promise<Invoice[]> {
    const { body } = await this.#ok(
      this.admin.get<{ items: Invoice[] }>(`/api/v1/accounts/${account}/invoices?limit=500`),
    );
    const invoices = [];
    for (const { id } of body.items) invoices.push(await this.invoice(id));
    return invoices.reverse();
  }

  async invoice(id: string): Promise<Invoice> {
    return (await this.#ok(this.admin.get<Invoice>(`/api/v1/invoices/${id}`))).body;
  }

  /** The lines of the newest invoice: `description quantity amount`. */
  async lines(account: string): Promise<string[]> {
    const invoice = (await this.invoices(account)).at(-1);
    return (invoice?.lines ?? []).map(lineText);
  }

  /** Of an account: `name amount` for each name that is not zero, in USD. */
  async balances(account: string): Promise<Record<string, string>> {
    const { body } = await this.#ok(
      this.admin.get<{ items: { asset: string; name: string; posted: string }[] }>(
        `/api/v1/accounts/${account}/balance`,
      ),
    );
    return Object.fromEntries(
      body.items
        .filter(({ posted }) => !/^-?0(\.0+)?$/.test(posted))
        .map(({ name, posted }) => [name, posted]),
    );
  }

  /** Rows of the whole database, for sums that must be zero. */
  async rows<T extends object>(sql: string): Promise<T[]> {
    return withClient(this.usage.app.databaseUrl, async (client) => (await client.query<T>(sql)).rows);
  }

  /** Whatever does not hold of the books. */
  wrongBooks(): Promise<unknown[]> {
    return wrongBooksOf(this.usage.app);
  }

  close(): Promise<void> {
    return this.usage.close();
  }

  async #ok<A extends { status: number; body: unknown }>(answer: Promise<A>, wanted = 200): Promise<A> {
    const { status, body } = await answer;
    if (status !== wanted) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return answer;
  }
}

export function lineText({ description, quantity, amount }: Invoice['lines'][number]): string {
  return [description, quantity, amount].filter((each) => each !== null).join(' | ');
}
