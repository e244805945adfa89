import { hs256, TOKEN_SECRET } from './tokens';
import { withClient } from './postgres';
import type { RestAnswer } from './rest';
import { UsageWorld } from './usage-world';

/** What the doors of Scorpius answer, all of them together. */
export interface ScorpiusBody {
  readonly detail: string | readonly { loc: string[]; msg: string; type: string }[];
  readonly org_id: string;
  readonly feature: string;
  readonly current_usage: number;
  readonly limit: number;
  readonly remaining: number;
  readonly reset_date: string;
  readonly plan: string;
  readonly features: Record<
    string,
    { current: number; limit: number; reset_date: string; last_updated: string }
  >;
  readonly stripe_customer_id: string | null;
  readonly payment_overdue: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly status: string;
  readonly message: string;
}

export const PROFESSIONAL = { scans: 1000, wallet_checks: 10_000, api_requests: 50_000 };

let organisations = 0;

/** An organisation nobody has heard of. */
export const newOrg = (): string => `scorpius-${++organisations}`;

/** A service that takes tokens, with its clock standing still. */
export const scorpiusWorld = (now: string): Promise<UsageWorld> =>
  UsageWorld.at(now, { jwtSecret: TOKEN_SECRET, metricsToken: METRICS_TOKEN });

export const METRICS_TOKEN = 'Mx9-scrapes-the-figures-of-a-test-run';

/** S-45: what went beyond limits, in the order it was stored, as `scans 2 beyond 10`. */
export const overages = (world: UsageWorld, org: string): Promise<string[]> =>
  withClient(world.app.databaseUrl, async (client) => {
    const { rows } = await client.query<{ told: string }>(
      `select format('%s %s beyond %s', m.key, trim_scale(o.quantity), trim_scale(o.limit_then)) as told
       from usage_overage o join account a on a.id = o.account_id join meter m on m.id = o.meter_id
       where a.key = $1 order by o.recorded_at, o.key`,
      [`org:${org}`],
    );
    return rows.map(({ told }) => told);
  });

/** A client of Scorpius as the original has them: a bearer token and JSON. */
export class Scorpius {
  constructor(
    private readonly world: UsageWorld,
    private readonly token: string | null,
  ) {}

  /** With a token of an organisation, as its issuer writes them. */
  static of(world: UsageWorld, org: string, claims: object = { role: 'admin' }): Scorpius {
    return new Scorpius(world, hs256({ org_id: org, user_id: 'u-1', ...claims }));
  }

  track(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<RestAnswer<ScorpiusBody>> {
    return this.send('POST', '/usage/track', { body, headers });
  }

  usage(org: string): Promise<RestAnswer<ScorpiusBody>> {
    return this.send('GET', `/usage/${encodeURIComponent(org)}`);
  }

  update(body: unknown): Promise<RestAnswer<ScorpiusBody>> {
    return this.send('POST', '/billing/update', { body });
  }

  /** `scans 5/10` of each feature that was used. */
  async used(org: string): Promise<string[]> {
    const { body } = await this.usage(org);
    return Object.entries(body.features)
      .map(([feature, { current, limit }]) => `${feature} ${current}/${limit}`)
      .sort();
  }

  async send<Body = ScorpiusBody>(
    method: string,
    path: string,
    { body, headers, contentType = 'application/json' }: Content = {},
  ): Promise<RestAnswer<Body>> {
    const response = await fetch(this.world.app.rest + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': contentType }),
        ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as Body,
    };
  }
}

interface Content {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
}
