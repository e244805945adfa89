import { connect, teamReport } from '../../clients/typescript/usage-example';
import { type TestApp, startTestApp } from '../support/app';
import { itInGo, runGo } from '../support/go-client';
import { Rest } from '../support/rest';

const TEAM = 'team:6f1c1c5e-2f0f-4d0b-8f6e-2f6b1c0d9e11';

/** The generated clients against the running service. */
describe('the examples of usage.v1', () => {
  let app: TestApp;
  let key: string;

  beforeAll(async () => {
    app = await startTestApp();
    const body = { name: 'example', role: 'reader', accounts: ['*'] };
    key = (await new Rest(app.rest, app.adminKey).post<{ key: string }>('/api/v1/api-keys', body)).body.key;
  });
  afterAll(() => app.close());

  it('tell of a team that nobody has heard of, with a key that may only read', async () => {
    const client = connect(app.grpc, key);
    const now = new Date();
    const report = await teamReport(client.usage, TEAM, {
      from: new Date(now.getTime() - 3_600_000),
      to: now,
    });
    client.close();
    expect(report).toMatchObject({ balance: 0, creditsUsed: 0, entries: [] });
    expect(report.costCenter).toMatchObject({
      attributionId: TEAM,
      billingStrategy: 'BILLING_STRATEGY_OTHER',
    });
    expect(report.costCenter.nextBillingTime!.getTime()).toBeGreaterThan(now.getTime());
  });

  itInGo('tell the same in Go', async () => {
    const env = { TALLYHOUSE_ADDRESS: app.grpc, TALLYHOUSE_KEY: key };
    const printed = (await runGo('usage-example', [TEAM], env)).trim().split('\n');
    expect(printed).toEqual([
      expect.stringMatching(/^limit \d+, balance 0, paid by BILLING_STRATEGY_OTHER$/),
      'used 0 in 0 entries',
    ]);
  });
});
