import { createHmac } from 'node:crypto';
import { budgetAlertSignature } from '../../src/billing/budget-alert-signature';
import { OutboxWorker } from '../../src/platform/outbox/outbox-worker.service';
import { withClient } from '../support/postgres';
import { Receiver } from '../support/receiver';
import { BudgetWorld, newProject } from './budget-world';

const NOW = '2026-04-17T12:00:00Z';
const SECRET = 'Zu8-secret-of-budget-alerts';

it('W-79: signs as the original does', () => {
  expect(budgetAlertSignature('shh-secret', { at: 1_700_000_000, body: '{"a":1}' })).toBe(
    't=1700000000,v1=5aa000428682c6f09cb80bf46f3993e0ed652e27146ada94efcaabb4e4827284',
  );
});

describe('with a receiver', () => {
  let world: BudgetWorld;
  let receiver: Receiver;

  beforeAll(async () => {
    receiver = await Receiver.start();
    world = await BudgetWorld.at(NOW, { budgetAlertUrl: receiver.url('/alerts'), budgetAlertSecret: SECRET });
  });
  afterAll(async () => {
    await receiver?.stop();
    await world?.close();
  });
  beforeEach(() => {
    receiver.received.length = 0;
    receiver.answers.length = 0;
  });

  const run = () => world.usage.app.app.get(OutboxWorker, { strict: false }).runDue();
  const makeDue = () =>
    withClient(world.usage.app.databaseUrl, (client) =>
      client.query(`update outbox set due_at = now() where state = 'due'`),
    );
  const reached = async () => {
    const project = newProject();
    const { id } = await world.budget(project);
    await world.spend(project, 5_100, '2026-04-02T00:00:00Z');
    await world.evaluate();
    return { project, id };
  };

  it('tells it of an alert, in the original’s words and signed', async () => {
    const { project, id } = await reached();
    expect(await run()).toMatchObject({ done: 1 });
    const [call] = receiver.received;
    const [alert] = await world.alerts(project);
    expect(JSON.parse(call!.body)).toEqual({
      ...{ alert_id: alert!.id, project_id: project, budget_id: id, period: 'monthly' },
      ...{ period_start: '2026-04-01T00:00:00.000Z', period_end: '2026-05-01T00:00:00.000Z' },
      ...{ threshold_crossed: 50, actual_cents: 5_100, budget_cents: 10_000, currency: 'USD' },
    });
    const at = Date.parse(NOW) / 1_000;
    const v1 = createHmac('sha256', SECRET).update(`${at}.${call!.body}`).digest('hex');
    expect(call).toMatchObject({
      ...{ path: '/alerts' },
      headers: { 'x-madfam-signature': `t=${at},v1=${v1}`, 'content-type': 'application/json' },
    });
    expect(alert).toMatchObject({ dispatched_at: '2026-04-17T12:00:00.000Z', dispatch_attempts: 1 });
    await world.evaluate();
    await run();
    expect(receiver.received).toHaveLength(1);
  });

  it('W-73: tells it again until it has it, under the same id and in the same words', async () => {
    const { project, id } = await reached();
    receiver.answers.push(500, 302, 404);
    for (const [attempts, error] of [
      [1, 'the receiver answered 500'],
      [2, 'the receiver answered 302'],
      [3, 'the receiver answered 404'],
    ] as const) {
      expect(await run()).toMatchObject({ postponed: 1 });
      const pending = { dispatched_at: null, dispatch_attempts: attempts, last_error: error };
      expect(await world.alerts(project)).toMatchObject([pending]);
      await makeDue();
    }
    // Whatever becomes of the budget, the alert is told as it was.
    await world.remove(project, id);
    expect(await run()).toMatchObject({ done: 1 });
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    const [alert] = await world.alerts(project);
    expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({ alert_id: alert!.id });
    expect(alert).toMatchObject({
      dispatched_at: expect.any(String),
      dispatch_attempts: 4,
      last_error: null,
    });
  });

  it('says why nobody answers', async () => {
    const { project } = await reached();
    receiver.behave = (response) => response.destroy();
    expect(await run()).toMatchObject({ postponed: 1 });
    receiver.behave = null;
    expect((await world.alerts(project))[0]!.last_error).toMatch(/\w/);
    await makeDue();
    expect(await run()).toMatchObject({ done: 1 });
  });
});

describe('without a receiver', () => {
  it('alerts stay pending, and are told when there is one', async () => {
    const world = await BudgetWorld.at(NOW);
    const receiver = await Receiver.start();
    try {
      const project = newProject();
      await world.budget(project);
      await world.spend(project, 8_000, '2026-04-02T00:00:00Z');
      await world.evaluate();
      await world.usage.app.app.get(OutboxWorker, { strict: false }).runDue();
      const pending = { dispatched_at: null, dispatch_attempts: 0 };
      expect(await world.alerts(project)).toMatchObject([pending, pending]);
      const later = await BudgetWorld.at(NOW, {
        ...{ databaseUrl: world.usage.app.databaseUrl },
        ...{ budgetAlertUrl: receiver.url(), budgetAlertSecret: SECRET },
      });
      try {
        await later.evaluate();
        expect(await later.usage.app.app.get(OutboxWorker, { strict: false }).runDue()).toMatchObject({
          done: 2,
        });
      } finally {
        await later.close();
      }
      const told = receiver.received.map(({ body }) => (JSON.parse(body) as { alert_id: string }).alert_id);
      expect(told.sort()).toEqual((await world.alerts(project)).map(({ id }) => id).sort());
    } finally {
      await receiver.stop();
      await world.close();
    }
  });
});
