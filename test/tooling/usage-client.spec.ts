import * as grpc from '@grpc/grpc-js';
import { connect, teamReport } from '../../clients/typescript/usage-example';
import type {
  GetBalanceRequest,
  GetBalanceResponse,
  GetCostCenterRequest,
  GetCostCenterResponse,
  ListUsageRequest,
  ListUsageResponse,
  Usage,
} from '../../src/generated/usage/v1/usage';
import { itInGo, runGo } from '../support/go-client';
import { CONTRACTS, TEAM } from '../support/usage-contract';

type Handle<Q, A> = (call: grpc.ServerUnaryCall<Q, A>, reply: grpc.sendUnaryData<A>) => void;

const USED: Usage = {
  id: '11111111-1111-1111-1111-111111111111',
  attributionId: TEAM,
  description: 'a workspace',
  credits: 3.5,
  effectiveTime: { seconds: '1662026520', nanos: 0 },
  kind: 'KIND_WORKSPACE_INSTANCE',
  workspaceInstanceId: '22222222-2222-2222-2222-222222222222',
  draft: true,
  metadata: '{}',
};

/** Against a server that only knows the contract: what matters here is what the wire makes of both sides' types. */
describe('the generated client of usage.v1', () => {
  const server = new grpc.Server();
  const keys: grpc.MetadataValue[][] = [];
  const lists: ListUsageRequest[] = [];
  let address: string;

  const getCostCenter: Handle<GetCostCenterRequest, GetCostCenterResponse> = (
    { request, metadata },
    reply,
  ) => {
    keys.push(metadata.get('x-api-key'));
    const { attributionId } = request;
    const times = { nextBillingTime: { seconds: '1669852800', nanos: 0 }, billingCycleStart: null };
    const costCenter = { attributionId, spendingLimit: 500, ...times };
    reply(null, { costCenter: { ...costCenter, billingStrategy: 'BILLING_STRATEGY_OTHER' } });
  };
  const getBalance: Handle<GetBalanceRequest, GetBalanceResponse> = (_call, reply) =>
    reply(null, { credits: 9.83 });
  /** Two pages of one entry. */
  const listUsage: Handle<ListUsageRequest, ListUsageResponse> = ({ request }, reply) => {
    lists.push(request);
    const { perPage, page } = request.pagination!;
    reply(null, {
      usageEntries: [{ ...USED, draft: page === '1' }],
      pagination: { perPage, page, totalPages: '2', total: '2' },
      creditsUsed: 7,
      ledgerInterval: { seconds: '900', nanos: 0 },
    });
  };

  beforeAll(async () => {
    const service = CONTRACTS['usage.v1.UsageService'] as grpc.ServiceDefinition;
    server.addService(service, { getCostCenter, getBalance, listUsage });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    address = `127.0.0.1:${port}`;
  });
  afterAll(() => server.forceShutdown());

  it('reads what a team may spend, owes and used, page after page', async () => {
    const client = connect(address, 'th_key');
    const time = { from: new Date('2022-09-01T00:00:00Z'), to: new Date('2022-10-01T00:00:00.25Z') };
    const { costCenter, ...rest } = await teamReport(client.usage, TEAM, time);
    client.close();
    expect(costCenter).toEqual({
      attributionId: TEAM,
      spendingLimit: 500,
      billingStrategy: 'BILLING_STRATEGY_OTHER',
      nextBillingTime: new Date('2022-12-01T00:00:00Z'),
      billingCycleStart: undefined,
    });
    const entry = { ...USED, effectiveTime: new Date('2022-09-01T10:02:00Z') };
    expect(rest).toEqual({
      balance: 9.83,
      creditsUsed: 7,
      entries: [entry, { ...entry, draft: false }],
    });
    expect(keys.pop()).toEqual(['th_key']);
    expect(lists.splice(0)).toEqual(
      ['1', '2'].map((page) => ({
        attributionId: TEAM,
        userId: '',
        from: { seconds: '1661990400', nanos: 0 },
        to: { seconds: '1664582400', nanos: 250_000_000 },
        order: 'ORDERING_ASCENDING',
        pagination: { perPage: '1000', page },
      })),
    );
  });

  it('sends no metadata where it has no key', async () => {
    const client = connect(address);
    await client.usage.getCostCenter({ attributionId: TEAM });
    client.close();
    expect(keys.pop()).toEqual([]);
  });

  itInGo('reads the same in Go', async () => {
    const env = { TALLYHOUSE_ADDRESS: address, TALLYHOUSE_KEY: 'th_key' };
    expect((await runGo('usage-example', [TEAM], env)).trim().split('\n')).toEqual([
      'limit 500, balance 9.83, paid by BILLING_STRATEGY_OTHER',
      'used 7 in 2 entries',
      '2022-09-01T10:02:00Z 3.5 a workspace',
      '2022-09-01T10:02:00Z 3.5 a workspace',
    ]);
    expect(keys.pop()).toEqual(['th_key']);
  });
});
