import { AccountService } from '../../src/cost-centers/account.service';
import { accountOfOrganization } from '../../src/cost-centers/organization-id';
import { PaymentProfileService } from '../../src/cost-centers/payment-profile.service';
import { Database, type Sql } from '../../src/platform/transaction';
import { newOrg, overages, PROFESSIONAL, Scorpius, scorpiusWorld } from '../support/scorpius-client';
import { withClient } from '../support/postgres';
import type { UsageWorld } from '../support/usage-world';

let world: UsageWorld;

beforeAll(async () => {
  world = await scorpiusWorld('2024-06-15T00:00:00Z');
});
afterAll(() => world.close());
beforeEach(() => world.itIs('2024-06-15T00:00:00Z'));

function organisation() {
  const org = newOrg();
  const client = Scorpius.of(world, org);
  const track = (feature: string, quantity: number) => client.track({ org_id: org, feature, quantity });
  return { org, client, track };
}

/** What the database keeps of an organisation. */
const isKnown = async (org: string): Promise<boolean> =>
  withClient(world.app.databaseUrl, async (client) => {
    const { rowCount } = await client.query('select from account where key = $1', [`org:${org}`]);
    return rowCount === 1;
  });

describe('what GET /usage/{org_id} answers', () => {
  it('S-03, S-47: an organisation nobody has seen is on free without features, and reading makes nothing', async () => {
    const { org, client } = organisation();
    const { status, body } = await client.usage(org);
    expect([status, body]).toEqual([
      200,
      {
        ...{ org_id: org, plan: 'free', features: {}, stripe_customer_id: null, payment_overdue: false },
        ...{ created_at: '2024-06-15T00:00:00Z', updated_at: '2024-06-15T00:00:00Z' },
      },
    ]);
    expect(await isKnown(org)).toBe(false);
  });

  it('S-11, S-55: 5 and 3 scans are 8 of 10', async () => {
    const { org, client, track } = organisation();
    await track('scans', 5);
    await track('scans', 3);
    const { body } = await client.usage(org);
    expect(body.features).toEqual({
      scans: {
        ...{ current: 8, limit: 10, reset_date: '2024-07-01T00:00:00Z' },
        last_updated: '2024-06-15T00:00:00Z',
      },
    });
    expect([body.plan, body.payment_overdue]).toEqual(['free', false]);
    expect(new Date(body.created_at).getTime()).toBeLessThanOrEqual(new Date(body.updated_at).getTime());
  });

  it('S-12: features stand side by side', async () => {
    const { org, client, track } = organisation();
    await track('scans', 3);
    await track('wallet_checks', 10);
    expect(await client.used(org)).toEqual(['scans 3/10', 'wallet_checks 10/100']);
  });

  it.each([
    ['S-01: of free', 'free', ['api_requests 1/1000', 'scans 1/10', 'wallet_checks 1/100']],
    [
      'S-02: of professional',
      'professional',
      ['api_requests 1/50000', 'scans 1/1000', 'wallet_checks 1/10000'],
    ],
    ['of enterprise', 'enterprise', ['api_requests 1/-1', 'scans 1/-1', 'wallet_checks 1/-1']],
  ])('the limits %s', async (_, plan, features) => {
    const { org, client, track } = organisation();
    await world.account(`org:${org}`);
    await world.admin.put(`/api/v1/accounts/org:${org}/subscription`, { plan });
    for (const feature of ['scans', 'wallet_checks', 'api_requests']) await track(feature, 1);
    expect(await client.used(org)).toEqual(features);
  });

  it('S-16: 7 of 5 is accepted and shown', async () => {
    const { org, client, track } = organisation();
    await client.update({ org_id: org, plan: 'free', limits: { scans: 5 } });
    expect((await track('scans', 5)).body).toMatchObject({ current_usage: 5, limit: 5, remaining: 0 });
    expect((await track('scans', 2)).body).toMatchObject({ current_usage: 7, limit: 5, remaining: 0 });
    expect(await client.used(org)).toEqual(['scans 7/5']);
    expect(await overages(world, org)).toEqual(['scans 2 beyond 5']);
  });

  it('S-14, S-15: a new period begins with nothing, whether it is read or written first (TR-4)', async () => {
    const [reader, writer] = [organisation(), organisation()];
    for (const { track } of [reader, writer]) await track('scans', 5);
    world.itIs('2024-07-17T00:00:00Z');
    expect(await reader.client.used(reader.org)).toEqual([]);
    for (const { track, client, org } of [reader, writer]) {
      expect((await track('scans', 2)).body).toMatchObject({
        ...{ current_usage: 2, reset_date: '2024-08-01T00:00:00Z' },
      });
      expect(await client.used(org)).toEqual(['scans 2/10']);
    }
  });

  it.each([
    ['S-09', '2024-01-15T10:30:00Z', '2024-02-01T00:00:00Z', '2024-03-02T00:00:00Z'],
    ['S-10', '2026-11-20T09:28:56.600Z', '2026-12-01T00:00:00Z', '2026-12-31T00:00:00Z'],
  ])('%s: what was used at %s, reset at %s, is still there at %s', async (_, ...[at, reset, later]) => {
    world.itIs(at);
    const { org, track } = organisation();
    await track('scans', 3);
    world.itIs(later);
    const from = `${at.slice(0, '2024-01'.length)}-01T00:00:00Z`;
    expect(await world.total('scans', { account: `org:${org}`, from, to: reset })).toBe('3');
  });

  it('S-17: a change of plan keeps what was used', async () => {
    const { org, client, track } = organisation();
    await track('scans', 8);
    await client.update({ org_id: org, plan: 'professional', limits: { scans: 1000 } });
    expect([(await client.usage(org)).body.plan, await client.used(org)]).toEqual([
      ...['professional', ['scans 8/1000']],
    ]);
  });

  it('S-46, S-47: tells that a payment is overdue, and that none is', async () => {
    const { org, client } = organisation();
    const { app } = world.app;
    const key = accountOfOrganization(org);
    await app.get(AccountService).learn([key]);
    const account = await app.get(AccountService).get(key);
    for (const overdue of [true, false]) {
      const change = { actor: 'test', at: new Date('2024-06-15T00:00:00Z') };
      const set = (tx: Sql) => app.get(PaymentProfileService).setOverdue(tx, account, overdue, change);
      await app.get(Database).transaction(set);
      expect((await client.usage(org)).body.payment_overdue).toBe(overdue);
    }
  });

  it('rounds use up and limits down, so that no more is promised than there is', async () => {
    const { org, client, track } = organisation();
    await world.account(`org:${org}`);
    const overrides = { allowances: { scans: { limit: '9.5', on_exceed: 'flag' } } };
    await world.admin.put(`/api/v1/accounts/org:${org}/subscription`, { plan: 'free', overrides });
    await world.record(`org:${org}`, [{ type: 'scans', at: '2024-06-01T00:00:00Z', quantity: '2.25' }]);
    expect(await client.used(org)).toEqual(['scans 3/9']);
    expect((await track('scans', 2)).body).toMatchObject({ current_usage: 5, limit: 9, remaining: 4 });
  });

  it('leaves out what was voided altogether', async () => {
    const { org, client } = organisation();
    const [id] = await world.record(`org:${org}`, [
      { type: 'scans', at: '2024-06-01T00:00:00Z', quantity: '2' },
    ]);
    expect(await client.used(org)).toEqual(['scans 2/10']);
    await world.void(`org:${org}`, id!);
    expect(await client.used(org)).toEqual([]);
  });

  it('calls having no plan any more none, without limits', async () => {
    const { org, client, track } = organisation();
    await track('scans', 1);
    await world.admin.delete(`/api/v1/accounts/org:${org}/subscription?at=now`);
    expect([(await client.usage(org)).body.plan, await client.used(org)]).toEqual(['none', ['scans 1/-1']]);
  });
});

describe('who may read', () => {
  it('S-31: not another organisation, whether there is one or not', async () => {
    const [mine, theirs] = [organisation(), organisation()];
    await theirs.track('scans', 1);
    for (const org of [theirs.org, newOrg()]) {
      const { status, body } = await mine.client.usage(org);
      expect([status, body]).toEqual([403, { detail: 'Access denied' }]);
    }
  });

  it('S-32: a key that reaches many does not find one that nobody has seen', async () => {
    const key = new Scorpius(world, world.app.adminKey);
    const { status, body } = await key.usage(newOrg());
    expect([status, body]).toEqual([404, { detail: 'Organization not found' }]);
    const { org, track } = organisation();
    await track('scans', 4);
    expect(await key.used(org)).toEqual(['scans 4/10']);
  });

  it('nobody for an id that no organisation can have', async () => {
    const { status, body } = await new Scorpius(world, world.app.adminKey).usage('a b');
    expect([status, body.detail]).toEqual([422, [expect.objectContaining({ loc: ['path', 'org_id'] })]]);
  });
});

describe('stories', () => {
  it('C2-1: a scanner on free: twelve scans, ten within the limit', async () => {
    const { org, client } = organisation();
    const left: number[] = [];
    for (let scan = 0; scan < 12; scan++) {
      const metadata = { contract: `0x${scan}`, chain: 'ethereum' };
      left.push(
        (await client.track({ org_id: org, feature: 'scans', quantity: 1, metadata })).body.remaining,
      );
    }
    expect(left).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]);
    expect(await client.used(org)).toEqual(['scans 12/10']);
    expect(await overages(world, org)).toEqual(['scans 1 beyond 10', 'scans 1 beyond 10']);
  });

  it('C2-2: sixty requests of 25 addresses each are 1,500 wallet checks, the first four within the limit', async () => {
    const { org, client, track } = organisation();
    const left: number[] = [];
    for (let request = 0; request < 60; request++) {
      const { body } = await track('wallet_checks', 25);
      left.push(body.limit - body.current_usage);
    }
    expect(left.filter((over) => over >= 0)).toEqual([75, 50, 25, 0]);
    expect(left.at(-1)).toBe(-1400);
    expect(await client.used(org)).toEqual(['wallet_checks 1500/100']);
    const beyond = await overages(world, org);
    expect(beyond).toEqual(Array(56).fill('wallet_checks 25 beyond 100'));
    expect(beyond.length * 25).toBe(1400);
  });

  it('C2-3: the last millisecond of a month and the first of the next lie in different periods', async () => {
    const { org, client, track } = organisation();
    world.itIs('2024-06-30T23:59:59.999Z');
    expect((await track('scans', 3)).body.reset_date).toBe('2024-07-01T00:00:00Z');
    expect(await client.used(org)).toEqual(['scans 3/10']);
    world.itIs('2024-07-01T00:00:00.000Z');
    expect(await client.used(org)).toEqual([]);
    expect((await track('scans', 2)).body).toMatchObject({
      ...{ current_usage: 2, reset_date: '2024-08-01T00:00:00Z' },
    });
    expect(await client.used(org)).toEqual(['scans 2/10']);
    const month = (from: string, to: string) => world.total('scans', { account: `org:${org}`, from, to });
    expect(await month('2024-06-01T00:00:00Z', '2024-07-01T00:00:00Z')).toBe('3');
    world.itIs('2024-08-01T00:00:00Z');
    expect(await month('2024-07-01T00:00:00Z', '2024-08-01T00:00:00Z')).toBe('2');
  });

  it('C2-12: a token of one organisation reaches nothing of another, and leaves no trace there', async () => {
    const [attacker, victim] = [organisation(), organisation()];
    const attacked = async (org: string) => {
      const answers = [
        await attacker.client.track({ org_id: org, feature: 'scans' }),
        await attacker.client.usage(org),
        await attacker.client.update({ org_id: org, plan: 'enterprise', limits: PROFESSIONAL }),
      ];
      return answers.map(({ status }) => status);
    };
    expect(await attacked(victim.org)).toEqual([403, 403, 403]);
    expect(await isKnown(victim.org)).toBe(false);
    await victim.track('scans', 1);
    const before = (await victim.client.usage(victim.org)).body;
    expect(await attacked(victim.org)).toEqual([403, 403, 403]);
    expect((await victim.client.usage(victim.org)).body).toEqual(before);
  });
});
