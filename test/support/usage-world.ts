import { Clock } from '../../src/platform/clock';
import type { Config } from '../../src/platform/config';
import { type TestApp, startTestApp } from './app';
import { Rest } from './rest';

/** One line of a usage answer, as the door words it. */
export interface UsageLine {
  readonly from: string;
  readonly to: string;
  readonly group?: Readonly<Record<string, string | null>>;
  readonly quantity: string | null;
}

/** An event of the native door; what is left out gets a default. */
export interface Happening {
  readonly type: string;
  readonly at: string;
  readonly quantity?: string;
  readonly resource?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly id?: string;
}

/** A service whose clock stands still, with short words for what tests of usage do. */
export class UsageWorld {
  readonly admin: Rest;
  #events = 0;

  private constructor(readonly app: TestApp) {
    this.admin = new Rest(app.rest, app.adminKey);
  }

  static async at(now: string, overrides: Partial<Config> = {}): Promise<UsageWorld> {
    const world = new UsageWorld(await startTestApp(overrides));
    world.itIs(now);
    return world;
  }

  itIs(now: string): void {
    jest.spyOn(this.app.app.get(Clock), 'now').mockReturnValue(new Date(now));
  }

  async meter(key: string, body: object): Promise<void> {
    await this.#ok(this.admin.put(`/api/v1/meters/${key}`, { unit: 'units', ...body }));
  }

  async account(key: string, calendar: object = {}): Promise<void> {
    await this.#ok(this.admin.put(`/api/v1/accounts/${encodeURIComponent(key)}`, calendar));
  }

  /** Events of any age; answers with the ids they were given. */
  async record(account: string, happenings: readonly Happening[]): Promise<string[]> {
    const events = happenings.map(({ at, id = `e${++this.#events}`, ...rest }) => ({
      ...{ id, account, occurred_at: at },
      ...rest,
    }));
    await this.#taken({ events, backfill: true });
    return events.map((event) => event.id);
  }

  async void(account: string, id: string): Promise<void> {
    await this.#taken({ events: [{ kind: 'void', id: `void-${id}`, account, target: { id } }] });
  }

  async amend(account: string, id: string, measure: object): Promise<void> {
    await this.#taken({
      events: [{ kind: 'amend', id: `amend-${id}`, account, target: { id }, ...measure }],
    });
  }

  /** The answer of the usage door; parameters that are lists come several times. */
  async usage(
    meter: string,
    parameters: Readonly<Record<string, string | readonly string[]>>,
    rest = this.admin,
  ) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) {
      for (const each of [value].flat()) query.append(name, each);
    }
    return rest.get<Record<string, unknown> & { data: UsageLine[] }>(
      `/api/v1/meters/${meter}/usage?${query.toString()}`,
    );
  }

  /** `from quantity` of each line, groups by their values; throws unless the answer is a 200. */
  async lines(
    meter: string,
    parameters: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<string[]> {
    const { body } = await this.#ok(this.usage(meter, parameters));
    return body.data.map(({ from, group, quantity }) =>
      [from.slice(5, 16), ...Object.values(group ?? {}).map(String), String(quantity)].join(' '),
    );
  }

  /** The one quantity of a total. */
  async total(meter: string, parameters: Readonly<Record<string, string>>): Promise<string | null> {
    const { body } = await this.#ok(this.usage(meter, { window: 'total', ...parameters }));
    return body.data[0]!.quantity;
  }

  /** A key of its own, for what another caller may see. */
  async caller(role: string, accounts: readonly string[]): Promise<Rest> {
    const body = { name: 'test', role, accounts };
    const { body: made } = await this.admin.post<{ key: string }>('/api/v1/api-keys', body);
    return new Rest(this.app.rest, made.key);
  }

  close(): Promise<void> {
    return this.app.close();
  }

  async #taken(body: object): Promise<void> {
    const answer = await this.#ok(
      this.admin.post<{ verdicts: { status: string }[] }>('/api/v1/events', body),
    );
    const others = answer.body.verdicts.filter(({ status }) => status !== 'recorded');
    if (others.length > 0) throw new Error(`not recorded: ${JSON.stringify(others)}`);
  }

  async #ok<A extends { status: number; body: unknown }>(answer: Promise<A>): Promise<A> {
    const { status, body } = await answer;
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return answer;
  }
}
