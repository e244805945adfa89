import { withClient } from '../support/postgres';
import { newOrg, PROFESSIONAL, Scorpius, scorpiusWorld } from '../support/scorpius-client';
import type { UsageWorld } from '../support/usage-world';

let world: UsageWorld;

beforeAll(async () => {
  world = await scorpiusWorld('2024-06-15T00:00:00Z');
});
afterAll(() => world.close());

const FEATURES = ['api_requests', 'scans', 'wallet_checks'];

function organisation(claims?: object) {
  const org = newOrg();
  const client = Scorpius.of(world, org, claims);
  const update = (plan: string, limits: unknown, more: object = {}) =>
    client.update({ org_id: org, plan, limits, ...more });
  return { org, client, update };
}
type Organisation = ReturnType<typeof organisation>;

/** `plan scans wallet_checks api_requests` as they hold, seen by using one of each. */
async function standing({ org, client }: Organisation): Promise<string> {
  for (const feature of FEATURES) await client.track({ org_id: org, feature });
  const { body } = await client.usage(org);
  const { scans, wallet_checks: checks, api_requests: requests } = body.features;
  return [body.plan, scans?.limit, checks?.limit, requests?.limit].join(' ');
}

/** The versions of the terms, oldest first. */
async function versionsOf(org: string): Promise<{ overrides: unknown }[]> {
  const path = `/api/v1/accounts/org:${org}/terms`;
  return (await world.admin.get<{ items: { overrides: unknown }[] }>(path)).body.items;
}

describe('what POST /billing/update does', () => {
  it('S-34, S-36: gives a plan and limits, also to an organisation nobody has seen', async () => {
    const made = organisation();
    const { status, body } = await made.update('professional', PROFESSIONAL);
    expect([status, body]).toEqual([200, { status: 'success', message: 'Billing updated successfully' }]);
    expect((await made.client.usage(made.org)).body).toMatchObject({ plan: 'professional', features: {} });
    expect(await standing(made)).toBe('professional 1000 10000 50000');
  });

  it('S-37: changes the limits of this organisation and of no other (TR-3)', async () => {
    const [a, b] = [organisation(), organisation()];
    await b.update('professional', PROFESSIONAL);
    await a.update('professional', { scans: 7 });
    expect([await standing(a), await standing(b)]).toEqual([
      ...['professional 7 10000 50000', 'professional 1000 10000 50000'],
    ]);
  });

  it('adds limits to those it gave before, and begins anew with another plan', async () => {
    const made = organisation();
    await made.update('professional', { scans: 7 });
    await made.update('professional', { wallet_checks: -1 });
    expect(await standing(made)).toBe('professional 7 -1 50000');
    await made.update('professional', { wallet_checks: 5 });
    expect(await standing(made)).toBe('professional 7 5 50000');
    await made.update('free', { api_requests: 0 });
    expect(await standing(made)).toBe('free 10 100 0');
  });

  it('changes nothing when it says the same again', async () => {
    const { org, update } = organisation();
    for (let time = 0; time < 3; time++) await update('professional', { scans: 7 });
    expect(await versionsOf(org)).toHaveLength(2);
  });

  it('keeps every limit of many that come at once', async () => {
    const made = organisation();
    const limits = [{ scans: 1 }, { wallet_checks: 2 }, { api_requests: 3 }];
    const answers = await Promise.all(limits.map((each) => made.update('free', each)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await standing(made)).toBe('free 1 2 3');
  });

  it('keeps what the operator agreed to: the policy, and the price with what costs nothing', async () => {
    const { org, client, update } = organisation();
    await world.account(`org:${org}`);
    await world.admin.put('/api/v1/catalogue/plans/scorpius-priced', {
      ...{ name: 'Priced', source: 'scorpius', currency: 'USD' },
      prices: { scans: { model: 'per_unit', unit_amount: '0.10' } },
      allowances: {
        scans: { limit: '1000', on_exceed: 'bill' },
        wallet_checks: { limit: '5', on_exceed: 'refuse' },
      },
    });
    const priced = { base_fee: { model: 'flat', amount: '20' } };
    await world.admin.put(`/api/v1/accounts/org:${org}/subscription`, {
      ...{ plan: 'scorpius-priced', overrides: priced },
    });
    expect((await update('scorpius-priced', { scans: 5000, wallet_checks: 7 })).status).toBe(200);
    expect((await versionsOf(org)).at(-1)!.overrides).toMatchObject({
      base_fee: { amount: '20' },
      allowances: {
        scans: { included: '1000', limit: '5000', on_exceed: 'bill' },
        wallet_checks: { limit: '7', on_exceed: 'refuse' },
      },
    });
    await client.track({ org_id: org, feature: 'wallet_checks', quantity: 7 });
    expect((await client.track({ org_id: org, feature: 'wallet_checks' })).status).toBe(402);
    await update('scorpius-priced', { scans: -1 });
    expect((await versionsOf(org)).at(-1)!.overrides).toMatchObject({
      allowances: { scans: { included: '1000', limit: null, on_exceed: 'bill' } },
    });
    await update('scorpius-priced', { scans: 10 });
    expect((await versionsOf(org)).at(-1)!.overrides).toMatchObject({
      allowances: { scans: { included: '10', limit: '10', on_exceed: 'bill' } },
    });
  });

  it('limits any meter there is', async () => {
    const { org, client, update } = organisation();
    await world.meter('exports', { aggregation: 'sum', event_types: ['exports'] });
    expect((await update('free', { exports: 3 })).status).toBe(200);
    expect((await client.track({ org_id: org, feature: 'exports' })).body).toMatchObject({
      ...{ current_usage: 1, limit: 3, remaining: 2 },
    });
  });

  it('is written down: a billing event and an audit entry', async () => {
    const { org, update } = organisation();
    await update('professional', PROFESSIONAL);
    const { body } = await world.admin.get<{ items: { type: string }[] }>(
      `/api/v1/billing-events?account=org:${org}`,
    );
    expect(body.items.map(({ type }) => type)).toContain('subscription.changed');
  });
});

describe('a Stripe customer', () => {
  it('S-44: is kept, found again, and belongs to one organisation', async () => {
    const [a, b] = [organisation(), organisation()];
    const mine = { stripe_customer_id: 'cus_of_a' };
    for (let time = 0; time < 2; time++) {
      expect((await a.update('professional', PROFESSIONAL, mine)).status).toBe(200);
    }
    expect((await a.client.usage(a.org)).body.stripe_customer_id).toBe('cus_of_a');
    const taken = await b.update('professional', PROFESSIONAL, mine);
    expect([taken.status, taken.body.detail]).toEqual([
      409,
      'The Stripe customer belongs to another organization',
    ]);
    expect((await b.client.usage(b.org)).body).toMatchObject({ plan: 'free', stripe_customer_id: null });
    expect((await b.update('professional', PROFESSIONAL, { stripe_customer_id: 'cus_of_b' })).status).toBe(
      200,
    );
    expect((await b.client.usage(b.org)).body).toMatchObject({
      ...{ plan: 'professional', stripe_customer_id: 'cus_of_b' },
    });
  });

  it('may be left out, or be null', async () => {
    const made = organisation();
    expect((await made.update('free', { scans: 1 }, { stripe_customer_id: null })).status).toBe(200);
    expect((await made.client.usage(made.org)).body.stripe_customer_id).toBeNull();
  });
});

describe('a request that is refused changes nothing', () => {
  it.each<[string, object, string[]]>([
    ['S-04: a plan that is none', { plan: 'starter' }, ['body', 'plan']],
    ['a plan of another catalogue', { plan: 'hobby' }, ['body', 'plan']],
    ['a plan that cannot be one', { plan: 'free\u0000' }, ['body', 'plan']],
    ['no plan', { plan: undefined }, ['body', 'plan']],
    ['S-38: no limits', { limits: {} }, ['body', 'limits']],
    ['limits left out', { limits: undefined }, ['body', 'limits']],
    ['limits in a list', { limits: [1] }, ['body', 'limits']],
    ['a limit of what is no meter', { limits: { scans: 1, 'sc.ans': 1 } }, ['body', 'limits', 'sc.ans']],
    ['a limit below -1', { limits: { scans: -2 } }, ['body', 'limits', 'scans']],
    ['a limit as text', { limits: { scans: '5' } }, ['body', 'limits', 'scans']],
    ['a limit of a part', { limits: { scans: 1.5 } }, ['body', 'limits', 'scans']],
    ['a limit that is no number', { limits: { scans: null } }, ['body', 'limits', 'scans']],
    ['a huge limit', { limits: { scans: 1e300 } }, ['body', 'limits', 'scans']],
    ['a customer that is none', { stripe_customer_id: 'cus 1' }, ['body', 'stripe_customer_id']],
    ['a customer that is a number', { stripe_customer_id: 7 }, ['body', 'stripe_customer_id']],
  ])('%s', async (_, change, loc) => {
    const made = organisation();
    await made.client.track({ org_id: made.org, feature: 'scans' });
    const asked = { org_id: made.org, plan: 'professional', limits: PROFESSIONAL, ...change };
    const { status, body } = await made.client.update(asked);
    expect([status, (body.detail as readonly { loc: string[] }[]).map((each) => each.loc)]).toEqual([
      422,
      [loc],
    ]);
    expect(await versionsOf(made.org)).toHaveLength(1);
  });

  it('and one about an organisation nobody has seen makes none', async () => {
    const { org, update } = organisation();
    expect((await update('starter', PROFESSIONAL)).status).toBe(422);
    const made = await withClient(world.app.databaseUrl, (client) =>
      client.query('select from account where key = $1', [`org:${org}`]),
    );
    expect(made.rowCount).toBe(0);
  });

  it('as does a body that is none', async () => {
    const { client } = organisation();
    for (const body of ['', '{', 'null', '[]']) {
      expect((await client.send('POST', '/billing/update', { body })).status).toBe(422);
    }
  });
});

describe('who may change plans', () => {
  it.each<[string, object, number]>([
    ['S-35: role user', { role: 'user' }, 403],
    ['S-57: roles viewer', { roles: ['viewer'] }, 403],
    ['no role', {}, 403],
    ['S-57: roles billing_admin', { roles: ['billing_admin'] }, 200],
    ['role admin', { role: 'admin' }, 200],
    ['role billing_admin', { role: 'billing_admin' }, 200],
  ])('%s: %s is answered with %s', async (_, claims, expected) => {
    const made = organisation(claims);
    const { status, body } = await made.update('professional', PROFESSIONAL);
    expect([status, body.detail]).toEqual([expected, expected === 403 ? 'Access denied' : undefined]);
    const { plan } = (await made.client.usage(made.org)).body;
    expect(plan).toBe(expected === 403 ? 'free' : 'professional');
  });

  it('not an administrator of another organisation', async () => {
    const [mine, theirs] = [organisation(), organisation()];
    const asked = { org_id: theirs.org, plan: 'enterprise', limits: PROFESSIONAL };
    const { status, body } = await mine.client.update(asked);
    expect([status, body]).toEqual([403, { detail: 'Access denied' }]);
    expect((await theirs.client.usage(theirs.org)).body.plan).toBe('free');
  });
});
