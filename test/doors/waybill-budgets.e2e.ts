import { type BudgetAnswer, BudgetWorld, newProject } from '../billing/budget-world';
import { Rest } from '../support/rest';

let world: BudgetWorld;

beforeAll(async () => {
  world = await BudgetWorld.at('2026-04-17T12:00:00Z');
});
afterAll(() => world.close());
afterEach(() => world.usage.itIs('2026-04-17T12:00:00Z'));

const budgetsOf = (project: string) => `/api/v1/projects/${project}/budgets`;
const list = async (project: string) =>
  (await world.admin.get<{ budgets: BudgetAnswer[] }>(budgetsOf(project))).body.budgets;

describe('POST budgets', () => {
  it('W-74: with what is left out as the original has it', async () => {
    const project = newProject();
    const { status, body } = await world.admin.post<BudgetAnswer>(budgetsOf(project), {
      ...{ amount_cents: 50_000, period: 'monthly' },
    });
    expect([status, body]).toEqual([
      201,
      {
        ...{ id: body.id, project_id: project, amount_cents: 50_000, currency: 'USD', period: 'monthly' },
        ...{ alert_thresholds: [50, 80, 100], hard_throttle: true },
        ...{ created_at: '2026-04-17T12:00:00.000Z', updated_at: '2026-04-17T12:00:00.000Z' },
      },
    ]);
    expect(await list(project)).toEqual([body]);
  });

  it.each<[string, object, number[]]>([
    ['W-65', {}, [50, 80, 100]],
    ['W-65', { alert_thresholds: [] }, [50, 80, 100]],
    ['W-66', { alert_thresholds: [100, 50, 100, 80] }, [50, 80, 100]],
    ['out of bounds', { alert_thresholds: [0, 500, 501] }, [500]],
  ])('%s: thresholds of %j', async (_vector, body, expected) => {
    expect((await world.budget(newProject(), body)).alert_thresholds).toEqual(expected);
  });

  it('W-75: one for each kind of period', async () => {
    const project = newProject();
    const monthly = await world.budget(project);
    const second = await world.admin.post(budgetsOf(project), { amount_cents: 1, period: 'monthly' });
    expect([second.status, second.body]).toEqual([409, { error: 'budget already exists for this period' }]);
    const others = [
      await world.budget(project, { period: 'weekly' }),
      await world.budget(project, { period: 'quarterly' }),
    ];
    expect((await list(project)).map(({ id }) => id)).toEqual([others[1]!.id, others[0]!.id, monthly.id]);
    expect(await list(newProject())).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['W-76', { amount_cents: 1, period: 'yearly' }],
    ['no period', { amount_cents: 1 }],
    ['no amount', { period: 'monthly' }],
    ['nothing to spend', { amount_cents: 0, period: 'monthly' }],
    ['less than nothing', { amount_cents: -1, period: 'monthly' }],
    ['half a cent', { amount_cents: 0.5, period: 'monthly' }],
    ['an amount as text', { amount_cents: '1', period: 'monthly' }],
    ['more than a number can say', { amount_cents: 1e16, period: 'monthly' }],
    ['a currency nobody is charged in', { amount_cents: 1, period: 'monthly', currency: 'EUR' }],
    ['half a percent', { amount_cents: 1, period: 'monthly', alert_thresholds: [0.5] }],
    ['a list', []],
  ])('%s: 400', async (_vector, body) => {
    const answer = await world.admin.post(budgetsOf(newProject()), body);
    expect([answer.status, answer.body]).toEqual([400, { error: expect.any(String) }]);
  });

  it('one of many at once', async () => {
    const project = newProject();
    const body = { amount_cents: 1, period: 'monthly' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => world.admin.post(budgetsOf(project), body)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
  });
});

describe('PATCH and DELETE', () => {
  it('changes what is given and nothing else', async () => {
    const project = newProject();
    const budget = await world.budget(project);
    world.usage.itIs('2026-04-18T00:00:00Z');
    const read = await world.change(project, budget.id, {});
    expect([read.status, read.body]).toEqual([200, budget]);
    const { body } = await world.change(project, budget.id, {
      amount_cents: 20_000,
      alert_thresholds: [90, 10],
    });
    const updated_at = '2026-04-18T00:00:00.000Z';
    const expected = { ...budget, amount_cents: 20_000, alert_thresholds: [10, 90], updated_at };
    expect([body, await list(project)]).toEqual([expected, [expected]]);
    const { body: soft } = await world.change(project, budget.id, { hard_throttle: false });
    expect(soft).toEqual({ ...expected, hard_throttle: false });
  });

  it.each<[string, object]>([
    ['nothing to spend', { amount_cents: 0 }],
    ['less than nothing', { amount_cents: -5 }],
    ['a word', { hard_throttle: 'yes' }],
  ])('%s: 400', async (_case, body) => {
    const project = newProject();
    const { id } = await world.budget(project);
    expect((await world.change(project, id, body)).status).toBe(400);
  });

  it('W-91, W-78: a budget that there is not, or is another project’s', async () => {
    const [mine, other] = [newProject(), newProject()];
    const { id } = await world.budget(mine);
    await world.budget(other);
    for (const [project, budget] of [
      [mine, newProject()],
      [other, id],
      [newProject(), id],
    ] as const) {
      const changed = await world.change(project, budget, { amount_cents: 1 });
      expect([changed.status, changed.body]).toEqual([404, { error: 'budget not found' }]);
      expect((await world.remove(project, budget)).status).toBe(404);
    }
    expect((await list(mine))[0]).toMatchObject({ id, amount_cents: 10_000 });
  });

  it('makes room for another', async () => {
    const project = newProject();
    const { id } = await world.budget(project);
    const removed = await world.remove(project, id);
    expect([removed.status, removed.body]).toEqual([204, '']);
    expect((await world.remove(project, id)).status).toBe(404);
    expect((await world.budget(project)).id).not.toBe(id);
  });

  it('every change of a budget is in the audit trail, once', async () => {
    const project = newProject();
    const { id } = await world.budget(project);
    await world.change(project, id, {});
    await world.change(project, id, { amount_cents: 20_000 });
    await world.change(project, id, { amount_cents: 20_000 });
    await world.remove(project, id);
    const { body } = await world.admin.get<{ items: object[] }>(`/api/v1/audit?account=project:${project}`);
    const [before, after] = [{ amount_cents: '10000' }, { amount_cents: '20000' }];
    expect(body.items).toMatchObject([
      { action: 'budget.deleted', subject: `budget:${id}`, before: after, after: null },
      { action: 'budget.changed', subject: `budget:${id}`, before, after },
      { action: 'budget.created', subject: `budget:${id}`, before: null, after: before },
    ]);
  });
});

describe('who may ask for what', () => {
  it.each([
    ['GET', 'bad-uuid/budgets'],
    ['POST', 'bad-uuid/budgets'],
    ['GET', 'bad-uuid/budgets/alerts'],
    ['GET', 'bad-uuid/throttles'],
    ['DELETE', 'bad-uuid/budgets/7c9e6679-7425-40de-944b-e07fc1f90ae7'],
  ])('%s %s: 400', async (method, path) => {
    const content = method === 'POST' ? { body: {}, contentType: 'application/json' } : undefined;
    const answer = await world.admin.send(method, `/api/v1/projects/${path}`, content);
    expect([answer.status, answer.body]).toEqual([400, { error: 'invalid project_id' }]);
  });

  it('a budget id that is none', async () => {
    const answer = await world.remove(newProject(), 'bad');
    expect([answer.status, answer.body]).toEqual([400, { error: 'invalid budget_id' }]);
  });

  it('TR-18: nobody without a key, nobody for another project, no writing for readers', async () => {
    const [mine, other] = [newProject(), newProject()];
    const { id } = await world.budget(other);
    const reader = await world.usage.caller('reader', [`project:${mine}`]);
    const admin = await world.usage.caller('admin', [`project:${mine}`]);
    const nobody = new Rest(world.usage.app.rest, null);
    const body = { amount_cents: 1, period: 'monthly' };
    expect((await nobody.get(budgetsOf(mine))).status).toBe(401);
    expect((await reader.get(budgetsOf(mine))).status).toBe(200);
    expect((await reader.post(budgetsOf(mine), body)).status).toBe(403);
    expect((await admin.post(budgetsOf(mine), body)).status).toBe(201);
    for (const path of ['budgets', 'budgets/alerts', 'throttles']) {
      expect((await admin.get(`/api/v1/projects/${other}/${path}`)).status).toBe(403);
    }
    expect((await admin.post(budgetsOf(other), { ...body, period: 'weekly' })).status).toBe(403);
    expect((await admin.send('DELETE', `${budgetsOf(other)}/${id}`)).status).toBe(403);
  });

  it('makes no account where accounts must be known', async () => {
    const strict = await BudgetWorld.at('2026-04-17T12:00:00Z', { requireKnownAccounts: true });
    try {
      const answer = await strict.admin.post(budgetsOf(newProject()), { amount_cents: 1, period: 'monthly' });
      expect([answer.status, answer.body]).toEqual([404, { error: 'project not found' }]);
    } finally {
      await strict.close();
    }
  });
});
