import { GitpodWorld, team, uuid } from '../support/gitpod-world';

const U = team(1);
const ANN = uuid(101);

describe('an organisation of Gitpod', () => {
  let world: GitpodWorld;

  beforeAll(async () => {
    world = await GitpodWorld.at('2026-01-31T10:00:00.000Z');
  });
  afterAll(() => world.close());

  it('lives on its allowance, pays, and lives on it again', async () => {
    await world.members(U, [{ user_id: ANN, role: 'owner', email: 'ann@example.org' }]);
    expect(await world.costCenter(U)).toMatchObject({
      spendingLimit: 500,
      billingStrategy: 'BILLING_STRATEGY_OTHER',
    });
    expect(await world.balance(U)).toBe(0);

    // Two hours at ten credits an hour: the second one is still running.
    await world.instance(U, uuid(1), {
      created: '2026-01-31T07:59:00Z',
      started: '2026-01-31T08:00:00Z',
      stopping: '2026-01-31T09:00:00Z',
      stopped: '2026-01-31T09:01:00Z',
    });
    await world.instance(U, uuid(2), { started: '2026-01-31T09:00:00Z' }, { user_id: ANN, user_name: 'Ann' });
    expect(await world.reconcile()).toEqual({ spans: 2, accounts: 0 });
    expect(await world.balance(U)).toBe(20);
    // What runs is listed at the instant it was accrued at, which the end of a range leaves out.
    world.itIs('2026-01-31T10:00:00.001Z');
    const listed = await world.list(U);
    expect(listed.creditsUsed).toBe(20);
    expect(listed.usageEntries.map(({ credits, draft }) => ({ credits, draft }))).toEqual([
      { credits: 10, draft: true },
      { credits: 10, draft: false },
    ]);
    world.itIs('2026-01-31T10:00:00.000Z');
    expect(await world.reconcile()).toEqual({ spans: 0, accounts: 0 });

    world.itIs('2026-01-31T10:30:00.000Z');
    expect(await world.reconcile()).toEqual({ spans: 0, accounts: 1 });
    expect(await world.balance(U)).toBe(25);
    await world.instance(U, uuid(2), {
      stopping: '2026-01-31T10:12:00Z',
      stopped: '2026-01-31T10:13:00Z',
    });
    await world.reconcile();
    expect(await world.balance(U)).toBe(22);
    await world.note(U, 2);
    expect(await world.balance(U)).toBe(20);

    world.itIs('2026-02-28T10:00:00.001Z');
    expect(await world.costCenter(U)).toMatchObject({
      billingCycleStart: { seconds: String(Date.UTC(2026, 1, 28, 10) / 1000) },
      nextBillingTime: { seconds: String(Date.UTC(2026, 2, 31, 10) / 1000) },
    });
    expect(await world.balance(U)).toBe(0);
  });
});
