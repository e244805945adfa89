import { scorpiusReportLines } from '../../src/importers/scorpius-report';
import { UnreadableRedis } from '../../src/importers/scorpius-source';
import { Database } from '../../src/platform/transaction';
import { digestOf } from '../support/digest';
import { describeWithRedis } from '../support/redis';
import { AUGUST, NOW, partOf, ScorpiusWorld, told } from './scorpius-world';

describeWithRedis('a Scorpius', () => {
  let scorpius: ScorpiusWorld;
  beforeAll(async () => {
    scorpius = await ScorpiusWorld.open();
  });
  afterAll(() => scorpius?.close());
  beforeEach(() => scorpius.empty());

  it('comes over with its plans, flags, customers and counts', async () => {
    await scorpius.keys.organisation('acme', { plan: 'professional', stripe_customer_id: 'cus_Acme1' });
    await scorpius.keys.organisation('beta');
    await scorpius.keys.used('acme', 'scans', { count: 15, until: AUGUST });
    await scorpius.keys.used('acme', 'exports', { count: 7, until: AUGUST });
    await scorpius.keys.used('beta', 'wallet_checks', { count: 1_500, until: AUGUST });
    const journal = await scorpius.move();
    expect(told(journal)).toEqual([]);
    expect(journal.skipped).toBe(0);
    expect(partOf(journal, 'organisations')).toEqual({ read: 2, imported: 2, stands: 0, skipped: 0 });
    // Whoever is new begins on the plan free.
    expect(partOf(journal, 'plans')).toEqual({ read: 2, imported: 1, stands: 1, skipped: 0 });
    expect(partOf(journal, 'counters')).toEqual({ read: 3, imported: 3, stands: 0, skipped: 0 });
    expect(partOf(journal, 'reset markers')).toMatchObject({ read: 3, skipped: 0 });
    expect(await scorpius.subscription('acme')).toMatchObject({ plan: 'professional', overrides: null });
    expect(await scorpius.subscription('beta')).toMatchObject({ plan: 'free', overrides: null });
    expect(await scorpius.profile('acme')).toMatchObject({ overdue: false, stripeCustomerId: 'cus_Acme1' });
    expect(await scorpius.total('acme', 'scans')).toBe('15');
    expect(await scorpius.total('beta', 'wallet_checks')).toBe('1500');
    expect(await scorpius.features('acme')).toEqual(['exports 7']);
  });

  it('twice is once', async () => {
    await scorpius.keys.organisation('twice', {
      plan: 'professional',
      payment_overdue: 'true',
      stripe_customer_id: 'cus_2',
    });
    await scorpius.keys.limits('professional', { scans: '7', wallet_checks: '-1', api_requests: '50000' });
    await scorpius.keys.used('twice', 'scans', { count: 15, until: AUGUST });
    await scorpius.move();
    const before = await digestOf(scorpius.usage.app.databaseUrl);
    scorpius.usage.itIs('2026-07-16T12:00:00Z');
    const again = await scorpius.move();
    expect(again.skipped).toBe(0);
    for (const part of ['organisations', 'plans', 'overdue flags', 'Stripe customers', 'counters']) {
      expect([part, partOf(again, part)]).toEqual([part, { read: 1, imported: 0, stands: 1, skipped: 0 }]);
    }
    expect(await digestOf(scorpius.usage.app.databaseUrl)).toEqual(before);
  });

  it('a preview writes nothing, and tells what would be', async () => {
    await scorpius.keys.organisation('preview', { plan: 'professional', payment_overdue: 'true' });
    await scorpius.keys.used('preview', 'scans', { count: 15, until: AUGUST });
    const before = await digestOf(scorpius.usage.app.databaseUrl);
    const journal = await scorpius.move({ isDryRun: true });
    expect(await digestOf(scorpius.usage.app.databaseUrl)).toEqual(before);
    for (const part of ['organisations', 'plans', 'overdue flags', 'counters']) {
      expect([part, partOf(journal, part)]).toEqual([part, { read: 1, imported: 1, stands: 0, skipped: 0 }]);
    }
    expect(scorpiusReportLines(journal).slice(0, 6)).toEqual([
      'Nothing was written: this is what --apply would do.',
      '',
      '                           read   would take  here before      skipped',
      'organisations                 1            1            0            0',
      'plans                         1            1            0            0',
      'overdue flags                 1            1            0            0',
    ]);
  });

  it('only reads', async () => {
    await scorpius.keys.organisation('read', { plan: 'professional' });
    await scorpius.keys.used('read', 'scans', { count: 15, until: AUGUST });
    const info = async (): Promise<string | undefined> =>
      /rdb_changes_since_last_save:\d+/.exec(await scorpius.keys.redis.info('persistence'))?.[0];
    const before = await info();
    await scorpius.move();
    expect(await info()).toBe(before);
    expect(await scorpius.keys.redis.info('commandstats')).not.toMatch(/cmdstat_keys:/);
  });

  describe('a payment', () => {
    it('S-46: an organisation never seen before but for its overdue mark is overdue', async () => {
      await scorpius.keys.redis.hset('org:never-seen', { payment_overdue: 'true' });
      const journal = await scorpius.move();
      expect(journal.skipped).toBe(0);
      expect(await scorpius.profile('never-seen')).toMatchObject({
        overdue: true,
        overdueSince: new Date(NOW),
      });
      expect(await scorpius.subscription('never-seen')).toMatchObject({ plan: 'free' });
    });

    it('S-47: that the text says false is not overdue', async () => {
      await scorpius.keys.organisation('paid-up', { payment_overdue: 'false' });
      await scorpius.move();
      expect(await scorpius.profile('paid-up')).toMatchObject({ overdue: false });
    });

    it('that was made here meanwhile is not forgotten', async () => {
      await scorpius.keys.organisation('paid-here', { payment_overdue: 'true' });
      await scorpius.move();
      const account = await scorpius.account('paid-here');
      const cause = { actor: 'stripe', at: new Date(NOW) };
      const { profiles, usage } = scorpius;
      await usage.app.app.get(Database).transaction((tx) => profiles.setOverdue(tx, account, false, cause));
      expect(told(await scorpius.move())).toEqual([
        'org:paid-here: conflict: the opposite, said by somebody stands here',
      ]);
      expect(await scorpius.profile('paid-here')).toMatchObject({ overdue: false });
    });

    it('customer belongs to one organisation', async () => {
      await scorpius.keys.organisation('has-it', { stripe_customer_id: 'cus_one' });
      await scorpius.move();
      await scorpius.keys.redis.del('org:has-it');
      await scorpius.keys.organisation('wants-it', { stripe_customer_id: 'cus_one' });
      expect(told(await scorpius.move())).toEqual([
        'org:wants-it: conflict: the same customer of another account stands here',
      ]);
    });
  });

  describe('a plan', () => {
    it('that is not known leaves the organisation on free (TR-3)', async () => {
      await scorpius.keys.organisation('starter', { plan: 'starter' });
      await scorpius.keys.limits('starter', { scans: '10', wallet_checks: '100', api_requests: '1000' });
      const journal = await scorpius.move();
      expect(told(journal)).toEqual([
        'org:starter: skipped: there is no plan starter here: the organisation keeps free',
      ]);
      expect(journal.summary()).toMatchObject({ skipped: 1, unknown_plans: { starter: 1 } });
      expect(await scorpius.subscription('starter')).toMatchObject({ plan: 'free', overrides: null });
    });

    it('that is not known and had limits of its own loses them, and they are told', async () => {
      await scorpius.keys.organisation('gold', { plan: 'Gold 1' });
      await scorpius.keys.limits('Gold 1', { scans: '500' });
      expect(told(await scorpius.move())).toEqual([
        'org:gold: skipped: there is no plan Gold 1 here: the organisation keeps free',
        'org:limits:Gold 1: skipped: there is no plan Gold 1 here, and its limits are not those of free',
      ]);
    });

    it('S-37: has its limits for each organisation apart, where they are other ones than here', async () => {
      await scorpius.keys.organisation('a-limits', { plan: 'professional' });
      await scorpius.keys.organisation('b-limits', { plan: 'professional' });
      await scorpius.keys.organisation('c-limits', { plan: 'enterprise' });
      await scorpius.keys.limits('professional', {
        scans: '7',
        wallet_checks: '-1',
        api_requests: '50000',
        reports: '-1',
      });
      await scorpius.keys.limits('enterprise', { scans: '-1', wallet_checks: '-1', api_requests: '9' });
      const journal = await scorpius.move();
      expect(told(journal)).toEqual([]);
      expect(journal.summary().other_limits).toEqual({
        'professional: scans 7 instead of 1000, wallet_checks unlimited instead of 10000': 2,
        'enterprise: api_requests 9 instead of unlimited': 1,
      });
      for (const organisation of ['a-limits', 'b-limits']) {
        const { overrides } = await scorpius.subscription(organisation);
        expect(overrides).toEqual({
          prices: {},
          allowances: {
            scans: { included: null, limit: '7', on_exceed: 'flag', rollover: null },
            wallet_checks: { included: null, limit: null, on_exceed: 'bill', rollover: null },
          },
        });
      }
      expect(await scorpius.subscription('c-limits')).toMatchObject({
        overrides: { allowances: { api_requests: { limit: '9', on_exceed: 'flag' } } },
      });
      // One more on the plan here, who was never in the original, has the plan's own limits.
      await scorpius.usage.account('org:d-limits');
      await scorpius.agree('d-limits', 'professional');
      expect(await scorpius.subscription('d-limits')).toMatchObject({ overrides: null });
    });

    it('has limits that cannot be read, or that no meter could hold: they are told', async () => {
      await scorpius.keys.organisation('odd', { plan: 'professional' });
      await scorpius.keys.limits('professional', {
        ...{ scans: '-2', wallet_checks: '1.5', api_requests: '50000', reports: '50' },
      });
      const journal = await scorpius.move();
      expect(told(journal)).toEqual([
        'org:limits:professional: skipped: reports: no meter here could hold its limit of 50',
        'org:limits:professional: skipped: scans: -2 is no limit: a whole number, or -1 for none',
        'org:limits:professional: skipped: wallet_checks: 1.5 is no limit: a whole number, or -1 for none',
      ]);
      expect(await scorpius.subscription('odd')).toMatchObject({ plan: 'professional', overrides: null });
    });

    it('that somebody agreed to here stays', async () => {
      await scorpius.usage.account('org:agreed');
      await scorpius.agree('agreed', 'enterprise');
      await scorpius.keys.organisation('agreed', { plan: 'professional' });
      expect(told(await scorpius.move())).toEqual([
        'org:agreed: conflict: a plan or limits that somebody agreed to stands here',
      ]);
      expect(await scorpius.subscription('agreed')).toMatchObject({ plan: 'enterprise' });
    });

    it('that the original changed after an import is changed by the next', async () => {
      await scorpius.keys.organisation('upgrade', { plan: 'professional' });
      await scorpius.move();
      await scorpius.keys.organisation('upgrade', { plan: 'enterprise' });
      expect(partOf(await scorpius.move(), 'plans')).toMatchObject({ imported: 1, skipped: 0 });
      expect(await scorpius.subscription('upgrade')).toMatchObject({ plan: 'enterprise' });
    });
  });

  it('of thousands of organisations is read whole', async () => {
    const pipeline = scorpius.keys.redis.pipeline();
    for (let n = 0; n < 3_000; n++) {
      pipeline.hset(`org:many-${n}`, { plan: 'free' });
      pipeline.mset(`usage:many-${n}:scans`, '2', `usage:many-${n}:scans:reset`, '2026-08-01T00:00:00');
    }
    await pipeline.exec();
    const journal = await scorpius.move({ isDryRun: true });
    expect(partOf(journal, 'organisations')).toMatchObject({ read: 3_000, imported: 3_000 });
    expect(journal.summary().usage).toEqual({ scans: '6000' });
  });

  it('is no account with other periods than months', async () => {
    await scorpius.usage.account('org:quarters', { interval: 'month', interval_count: 3 });
    await scorpius.keys.organisation('quarters');
    await scorpius.keys.used('quarters', 'scans', { count: 2, until: AUGUST });
    const reason = 'skipped: its account here has other periods than calendar months';
    expect(told(await scorpius.move())).toEqual([
      `org:quarters: ${reason}`,
      `usage:quarters:scans: ${reason}`,
    ]);
  });

  it('is not in an empty database', async () => {
    await expect(scorpius.move()).rejects.toThrow(UnreadableRedis);
  });
});
