import { BudgetEvaluationService } from '../../src/billing/budget-evaluation.service';
import { Clock } from '../../src/platform/clock';
import { Jobs } from '../../src/platform/jobs/jobs.service';
import { startTestApp } from '../support/app';
import { BudgetWorld, newProject } from './budget-world';

const NOW = '2026-04-17T12:00:00Z';

let world: BudgetWorld;

beforeAll(async () => {
  world = await BudgetWorld.at(NOW);
});
afterAll(() => world.close());
afterEach(() => world.usage.itIs(NOW));

describe('a threshold', () => {
  it.each<[string, number, number[]]>([
    ['W-69', 4_900, []],
    ['W-70', 5_100, [50]],
    ['W-72', 7_990, [50]],
    ['all of them', 10_000, [50, 80, 100]],
  ])('%s: %d of 10000 cents', async (_vector, cents, thresholds) => {
    const project = newProject();
    await world.budget(project);
    await world.spend(project, cents, '2026-04-01T00:00:00Z');
    await world.evaluate();
    expect(await world.told(project)).toEqual(thresholds);
  });

  it('W-71: weighed twice it is told once, and each when its turn comes', async () => {
    const project = newProject();
    const { id } = await world.budget(project);
    await world.spend(project, 5_100, '2026-04-02T00:00:00Z');
    await world.evaluate();
    await world.evaluate();
    const [alert] = await world.alerts(project);
    expect(alert).toMatchObject({
      ...{ budget_id: id, threshold: 50, actual_cents: 5_100, budget_cents: 10_000 },
      ...{ period_start: '2026-04-01T00:00:00.000Z', period_end: '2026-05-01T00:00:00.000Z' },
      ...{ dispatched_at: null, dispatch_attempts: 0, last_error: null },
    });
    await world.spend(project, 3_000, '2026-04-03T00:00:00Z');
    await world.evaluate();
    expect(await world.told(project)).toEqual([50, 80]);
  });

  it('is told once by two processes at once', async () => {
    const project = newProject();
    await world.budget(project);
    await world.budget(project, { period: 'weekly' });
    await world.spend(project, 10_000, '2026-04-14T00:00:00Z');
    const other = await startTestApp({ databaseUrl: world.usage.app.databaseUrl });
    try {
      jest.spyOn(other.app.get(Clock), 'now').mockReturnValue(new Date(NOW));
      const theirs = other.app.get(BudgetEvaluationService, { strict: false });
      await Promise.all([world.evaluate(), theirs.evaluateAll(), world.evaluate(), theirs.evaluateAll()]);
    } finally {
      await other.close();
    }
    expect((await world.told(project)).sort((a, b) => a - b)).toEqual([50, 50, 80, 80, 100, 100]);
    expect(await world.throttles(project)).toHaveLength(1);
    const path = `/api/v1/billing-events?account=project:${project}`;
    const { body } = await world.admin.get<{ items: { type: string }[] }>(path);
    expect(body.items.map(({ type }) => type)).toEqual(Array(6).fill('budget.threshold_crossed'));
  });

  it('is told anew in the next period, and the last hours of a period are not forgotten', async () => {
    const project = newProject();
    await world.budget(project);
    await world.spend(project, 4_000, '2026-04-02T00:00:00Z');
    await world.evaluate();
    world.usage.itIs('2026-05-01T00:10:00Z');
    await world.spend(project, 2_000, '2026-04-30T23:59:59Z');
    await world.spend(project, 5_000, '2026-05-01T00:00:00Z');
    await world.evaluate();
    expect(
      (await world.alerts(project)).map(({ period_start, threshold }) => [period_start, threshold]).sort(),
    ).toEqual([
      ['2026-04-01T00:00:00.000Z', 50],
      ['2026-05-01T00:00:00.000Z', 50],
    ]);
  });

  it('a budget has nothing to say of a period before it was made', async () => {
    const project = newProject();
    await world.spend(project, 10_000, '2026-04-16T00:00:00Z');
    world.usage.itIs('2026-05-01T00:10:00Z');
    await world.budget(project);
    await world.evaluate();
    expect(await world.alerts(project)).toEqual([]);
  });

  it('tells readers of billing events what happened, amounts as text', async () => {
    const project = newProject();
    const { id } = await world.budget(project);
    await world.spend(project, 5_000, '2026-04-02T00:00:00Z');
    await world.evaluate();
    const path = `/api/v1/billing-events?account=project:${project}&type=budget.*`;
    const { body } = await world.admin.get<{ items: object[] }>(path);
    expect(body.items).toMatchObject([
      {
        type: 'budget.threshold_crossed',
        data: {
          ...{ budget_id: id, period: 'monthly', threshold: 50, currency: 'USD' },
          ...{ actual_cents: '5000', budget_cents: '10000', alert_id: (await world.alerts(project))[0]!.id },
        },
      },
    ]);
  });
});

describe('a throttle', () => {
  const spent = async (body: object = {}) => {
    const project = newProject();
    const budget = await world.budget(project, body);
    await world.spend(project, 10_000, '2026-04-16T00:00:00Z');
    await world.evaluate();
    return { project, id: budget.id };
  };

  it('begins when all is spent, once', async () => {
    const { project, id } = await spent();
    await world.evaluate();
    expect(await world.throttles(project)).toMatchObject([
      { budget_id: id, reason: 'budget_exceeded', env_scope: 'non-production' },
    ]);
  });

  it.each([
    ['where nobody asked for it', { hard_throttle: false }],
    ['where no threshold says that it is spent', { alert_thresholds: [50, 80] }],
  ])('does not begin %s', async (_case, body) => {
    const { project } = await spent(body);
    expect(await world.throttles(project)).toEqual([]);
  });

  it('ends when the next period begins', async () => {
    const { project } = await spent();
    world.usage.itIs('2026-05-01T00:00:00Z');
    await world.evaluate();
    expect([await world.throttles(project), await world.cleared(project)]).toEqual([[], ['new_period']]);
  });

  it('stays when the next period is spent already', async () => {
    const { project } = await spent();
    world.usage.itIs('2026-05-01T00:10:00Z');
    await world.spend(project, 10_000, '2026-05-01T00:00:00Z');
    await world.evaluate();
    expect([(await world.throttles(project)).length, await world.cleared(project)]).toEqual([
      1,
      ['new_period'],
    ]);
  });

  it.each<[string, object, string[]]>([
    ['the budget is raised', { amount_cents: 10_001 }, ['budget_raised']],
    ['it asks for none any more', { hard_throttle: false }, ['budget_changed']],
    ['its thresholds lie higher', { alert_thresholds: [101] }, ['budget_changed']],
    ['nothing that matters changes', { alert_thresholds: [10, 100] }, []],
    ['the budget is lowered', { amount_cents: 1 }, []],
  ])('when %s', async (_case, change, cleared) => {
    const { project, id } = await spent();
    expect((await world.change(project, id, change)).status).toBe(200);
    expect(await world.cleared(project)).toEqual(cleared);
    await world.evaluate();
    expect(await world.throttles(project)).toHaveLength(cleared.length === 0 ? 1 : 0);
  });

  it('ends when the budget is deleted', async () => {
    const { project, id } = await spent();
    expect((await world.remove(project, id)).status).toBe(204);
    expect([await world.throttles(project), await world.cleared(project)]).toEqual([[], ['budget_deleted']]);
    expect(await world.told(project)).toEqual([50, 80, 100]);
  });

  it('ends when spending falls below, as when an event is voided', async () => {
    const project = newProject();
    await world.budget(project);
    await world.usage.record(`project:${project}`, [
      { type: 'bandwidth.usage', at: '2026-04-16T00:00:00Z', quantity: '1000', id: `much-${project}` },
    ]);
    await world.evaluate();
    expect(await world.throttles(project)).toHaveLength(1);
    await world.usage.void(`project:${project}`, `much-${project}`);
    await world.evaluate();
    expect([await world.throttles(project), await world.cleared(project)]).toEqual([[], ['spend_below']]);
  });

  it('is handed over to another budget that is spent', async () => {
    const { project, id } = await spent();
    const weekly = await world.budget(project, { period: 'weekly', amount_cents: 5_000 });
    await world.change(project, id, { amount_cents: 50_000 });
    expect(await world.throttles(project)).toMatchObject([{ budget_id: weekly.id }]);
    expect(await world.cleared(project)).toEqual(['budget_raised']);
  });
});

describe('the job', () => {
  it('is one that can be run by hand', async () => {
    const project = newProject();
    await world.budget(project);
    await world.spend(project, 5_000, '2026-04-02T00:00:00Z');
    expect((await world.admin.post('/api/v1/jobs/budget-alerts/run', {})).status).toBe(200);
    expect(await world.told(project)).toEqual([50]);
    const listed = (await world.usage.app.app.get(Jobs).list()).find(({ name }) => name === 'budget-alerts');
    expect(listed).toMatchObject({ when: 'every 15 min' });
  });

  it('goes through all accounts, and one that fails costs the others nothing', async () => {
    const some = Array.from({ length: 7 }, newProject);
    for (const project of some) {
      await world.budget(project);
      await world.spend(project, 5_000, '2026-04-02T00:00:00Z');
    }
    const service = world.usage.app.app.get(BudgetEvaluationService, { strict: false });
    const evaluate = service.evaluate.bind(service);
    const failing = jest.spyOn(service, 'evaluate').mockImplementation(async (account) => {
      if (account.key === `project:${some[3]}`) throw new Error('no');
      return evaluate(account);
    });
    await expect(world.evaluate()).rejects.toThrow(/^the budgets of 1 of \d+ accounts could not be weighed$/);
    failing.mockRestore();
    const told = await Promise.all(some.map((project) => world.told(project)));
    expect(told.map(({ length }) => length)).toEqual([1, 1, 1, 0, 1, 1, 1]);
    await world.evaluate();
    expect(await world.told(some[3]!)).toEqual([50]);
  });
});
