import { type TestApp, startTestApp } from '../support/app';
import { GitpodClient } from '../support/gitpod-client';
import { Rest } from '../support/rest';

const OK = 0;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;

/** BI-20, and its REST twins: no Stripe is configured. */
const RPCS: readonly [rpc: string, code: number, status: number, scope: string][] = [
  ['ReconcileInvoices', OK, 200, 'payments:write'],
  ['FinalizeInvoice', UNIMPLEMENTED, 501, 'payments:write'],
  ['CancelSubscription', OK, 200, 'payments:write'],
  ['GetStripeCustomer', UNIMPLEMENTED, 501, 'payments:read'],
  ['CreateStripeCustomer', UNIMPLEMENTED, 501, 'payments:write'],
  ['CreateHoldPaymentIntent', UNIMPLEMENTED, 501, 'payments:write'],
  ['CreateStripeSubscription', UNIMPLEMENTED, 501, 'payments:write'],
  ['UpdateCustomerSubscriptionsTaxState', UNIMPLEMENTED, 501, 'payments:write'],
  ['GetPriceInformation', UNIMPLEMENTED, 501, 'payments:read'],
  ['OnChargeDispute', UNIMPLEMENTED, 501, 'payments:write'],
];

describe('usage.v1.BillingService without Stripe', () => {
  let app: TestApp;
  let rest: Rest;
  let admin: GitpodClient;

  beforeAll(async () => {
    app = await startTestApp();
    rest = new Rest(app.rest, app.adminKey);
    admin = new GitpodClient(app.grpc, { key: app.adminKey });
  });
  afterAll(async () => {
    admin.close();
    await app.close();
  });

  async function keyWith(scope: string): Promise<string> {
    const body = { name: scope, scopes: [scope], accounts: ['*'] };
    return (await rest.post<{ key: string }>('/api/v1/api-keys', body)).body.key;
  }

  it.each(RPCS)('answers %s with %d over gRPC and %d over REST (BI-20)', async (rpc, code, status) => {
    const answered = await admin.call(['BillingService', rpc]);
    expect([answered.code, answered.answer]).toEqual([code, code === OK ? {} : null]);
    const twin = await rest.post(`/api/v1/usage.v1.BillingService/${rpc}`, {});
    expect([twin.status, twin.body]).toEqual([
      status,
      code === OK ? {} : expect.objectContaining({ code: 'unimplemented' }),
    ]);
  });

  it('asks for the scope of each rpc, and takes no other for it', async () => {
    const [read, write] = await Promise.all(['payments:read', 'payments:write'].map(keyWith));
    for (const [rpc, code, , scope] of RPCS) {
      for (const [key, has] of [
        [read!, 'payments:read'],
        [write!, 'payments:write'],
      ] as const) {
        const client = new GitpodClient(app.grpc, { key });
        const expected = has === scope ? code : PERMISSION_DENIED;
        expect([rpc, has, (await client.call(['BillingService', rpc])).code]).toEqual([rpc, has, expected]);
        client.close();
      }
    }
  });

  it('reads protobuf’s JSON: names in camel case, integers as numbers or text, nothing unknown', async () => {
    const subscribe = (body: unknown) =>
      rest.post<{ errors?: unknown }>('/api/v1/usage.v1.BillingService/CreateStripeSubscription', body);
    expect((await subscribe({ attributionId: 'team:a', usageLimit: '1000' })).status).toBe(501);
    expect((await subscribe({ attributionId: null, usageLimit: 1000 })).status).toBe(501);
    const refused = await subscribe({ attribution_id: 'team:a', usageLimit: '9223372036854775808' });
    expect([refused.status, refused.body.errors]).toEqual([
      400,
      expect.arrayContaining([
        { field: 'attribution_id', reason: 'is not a known field' },
        { field: 'usageLimit', reason: 'must be a 64-bit integer' },
      ]),
    ]);
  });
});
