import type { ClientUnaryCall } from '@grpc/grpc-js';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeldLock } from '../faults/held-lock';
import { type TestApp, startTestApp } from '../support/app';
import { GitpodClient } from '../support/gitpod-client';
import { withClient } from '../support/postgres';
import { TEAM } from '../support/usage-contract';

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const SET = ['UsageService', 'SetCostCenter'] as const;
const GET = ['UsageService', 'GetCostCenter'] as const;

interface Answer {
  readonly costCenter: { readonly spendingLimit: number };
}

/** A change whose caller has been told that it failed must not happen when its row is free at last. */
describe('a change of a cost centre that has to wait for somebody else', () => {
  const request = {
    costCenter: { attributionId: TEAM, spendingLimit: 77, billingStrategy: 'BILLING_STRATEGY_OTHER' },
  };
  let app: TestApp;
  let client: GitpodClient;
  let limit: number;

  beforeAll(async () => {
    app = await startTestApp();
    client = new GitpodClient(app.grpc, { key: app.adminKey });
    limit = (await client.call<Answer>(GET, { attributionId: TEAM })).answer!.costCenter.spendingLimit;
  });
  afterAll(async () => {
    client.close();
    await app.close();
  });

  /** How many connections wait for a lock. */
  const waiting = (): Promise<number> =>
    withClient(app.databaseUrl, async (sql) => {
      const text = `select count(*)::int as n from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`;
      return (await sql.query<{ n: number }>(text)).rows[0]!.n;
    });

  /** Holds the table while `work` runs, and lets go only after nobody waits for it any more. */
  async function whileHeld(work: () => Promise<void>): Promise<void> {
    const held = await HeldLock.take(app.databaseUrl, 'lock table cost_center in exclusive mode');
    await work();
    for (let tries = 0; (await waiting()) > 0; tries++) {
      if (tries > 100) throw new Error('somebody still waits');
      await sleep(20);
    }
    await held.release();
  }

  async function expectUnchanged(): Promise<void> {
    const { answer } = await client.call<Answer>(GET, { attributionId: TEAM });
    expect(answer!.costCenter.spendingLimit).toBe(limit);
  }

  it('is not made when its deadline passes', async () => {
    await whileHeld(async () => {
      expect((await client.call(SET, request, { deadlineMs: 400 })).code).toBe(DEADLINE_EXCEEDED);
    });
    await expectUnchanged();
  });

  it('is not made when its caller leaves', async () => {
    await whileHeld(async () => {
      let made!: ClientUnaryCall;
      const answered = client.call(SET, request, { onCall: (call) => (made = call) });
      while ((await waiting()) === 0) await sleep(20);
      made.cancel();
      expect((await answered).code).toBe(CANCELLED);
    });
    await expectUnchanged();
  });

  it('is made for whoever waits', async () => {
    const held = await HeldLock.take(app.databaseUrl, 'lock table cost_center in exclusive mode');
    const answered = client.call<Answer>(SET, request, { deadlineMs: 10_000 });
    while ((await waiting()) === 0) await sleep(20);
    await held.release();
    expect((await answered).answer!.costCenter.spendingLimit).toBe(77);
  });
});
