import * as billing from '../../clients/typescript/generated/usage/v1/billing';
import * as usage from '../../clients/typescript/generated/usage/v1/usage';
import { TEAM, usageRpc } from '../support/usage-contract';

const TEAM_HEX = Buffer.from(TEAM).toString('hex');
const BILLING = 'BillingService';
const USAGE = 'UsageService';

interface Codec {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

interface Vector {
  readonly id: string;
  readonly message: string;
  readonly rpc: readonly ['UsageService' | 'BillingService', string, 'request' | 'response'];
  readonly bytes: string;
  /** As the server has it. */
  readonly server: object;
  /** As the generated TypeScript client has it. */
  readonly client: object;
  /** What the client writes, where its order of fields is its own. */
  readonly clientBytes?: string;
}

const second = (seconds: string, nanos = 0): object => ({ seconds, nanos });
const date = (seconds: number, millis = 0): Date => new Date(seconds * 1000 + millis);

const COST_CENTER = { attributionId: TEAM, spendingLimit: 500, billingStrategy: 'BILLING_STRATEGY_OTHER' };
const STRIPE_CENTER = {
  attributionId: TEAM,
  spendingLimit: 8000,
  billingStrategy: 'BILLING_STRATEGY_STRIPE',
};
const USER = '00000000-0000-0000-0000-000000000001';
const LIST = { attributionId: TEAM, userId: USER, order: 'ORDERING_ASCENDING' };
const USER_HEX = `3224${Buffer.from(USER).toString('hex')}`;
const LIST_REST = '12060880f2f895061a060880af9c970620012a0408321002';
const ENTRY = {
  id: '11111111-1111-1111-1111-111111111111',
  attributionId: TEAM,
  description: '',
  credits: 0.17,
  kind: 'KIND_WORKSPACE_INSTANCE',
  workspaceInstanceId: '22222222-2222-2222-2222-222222222222',
  draft: true,
  metadata: '{}',
};
const LISTED = {
  pagination: { perPage: '50', totalPages: '3', total: '101', page: '2' },
  creditsUsed: 7,
  ledgerInterval: { seconds: '900', nanos: 0 },
};

/** The bytes were made by protoc from Gitpod's own two files. Both sides' words for a message stand beside them. */
const VECTORS: readonly Vector[] = [
  {
    id: 'WI-1',
    message: 'GetBalanceRequest',
    rpc: [USAGE, 'GetBalance', 'request'],
    bytes: `0a29${TEAM_HEX}`,
    server: { attributionId: TEAM },
    client: { attributionId: TEAM },
  },
  {
    id: 'WI-2',
    message: 'GetBalanceResponse',
    rpc: [USAGE, 'GetBalance', 'response'],
    bytes: '21295c8fc2f5a82340',
    server: { credits: 9.83 },
    client: { credits: 9.83 },
  },
  {
    id: 'WI-3',
    message: 'GetBalanceResponse',
    rpc: [USAGE, 'GetBalance', 'response'],
    bytes: '',
    server: { credits: 0 },
    client: { credits: 0 },
  },
  {
    id: 'WI-4',
    message: 'GetCostCenterResponse',
    rpc: [USAGE, 'GetCostCenter', 'response'],
    bytes: `0a450a29${TEAM_HEX}10f403180122060880dd9f9c062a0b0880c3819b0610c0a9d33a`,
    server: {
      costCenter: {
        ...COST_CENTER,
        nextBillingTime: second('1669852800'),
        billingCycleStart: second('1667260800', 123_000_000),
      },
    },
    client: {
      costCenter: {
        ...COST_CENTER,
        nextBillingTime: date(1669852800),
        billingCycleStart: date(1667260800, 123),
      },
    },
  },
  {
    id: 'WI-5',
    message: 'SetCostCenterRequest',
    rpc: [USAGE, 'SetCostCenter', 'request'],
    bytes: `0a2e0a29${TEAM_HEX}10c03e`,
    server: { costCenter: { ...STRIPE_CENTER, nextBillingTime: null, billingCycleStart: null } },
    client: { costCenter: { ...STRIPE_CENTER, nextBillingTime: undefined, billingCycleStart: undefined } },
  },
  {
    id: 'WI-6',
    message: 'ListUsageRequest',
    rpc: [USAGE, 'ListUsage', 'request'],
    bytes: `0a29${TEAM_HEX}${LIST_REST}${USER_HEX}`,
    server: {
      ...LIST,
      from: second('1656633600'),
      to: second('1659312000'),
      pagination: { perPage: '50', page: '2' },
    },
    client: {
      ...LIST,
      from: date(1656633600),
      to: date(1659312000),
      pagination: { perPage: '50', page: '2' },
    },
    clientBytes: `0a29${TEAM_HEX}${USER_HEX}${LIST_REST}`,
  },
  {
    id: 'WI-7',
    message: 'ListUsageResponse',
    rpc: [USAGE, 'ListUsage', 'response'],
    bytes: `0a8e010a2431313131313131312d313131312d313131312d313131312d3131313131313131313131311229${TEAM_HEX}21c3f5285c8fc2c53f2a06089886c298063a2432323232323232322d323232322d323232322d323232322d32323232323232323232323240014a027b7d12081032180320652802190000000000001c402203088407`,
    server: { usageEntries: [{ ...ENTRY, effectiveTime: second('1662026520') }], ...LISTED },
    client: { usageEntries: [{ ...ENTRY, effectiveTime: date(1662026520) }], ...LISTED },
  },
  {
    id: 'WI-8',
    message: 'ReconcileUsageRequest',
    rpc: [USAGE, 'ReconcileUsage', 'request'],
    bytes: '0a0608809bb7930612060890b7b79306',
    server: { from: second('1651363200'), to: second('1651366800') },
    client: { from: date(1651363200), to: date(1651366800) },
  },
  {
    id: 'WI-9',
    message: 'AddUsageCreditNoteRequest',
    rpc: [USAGE, 'AddUsageCreditNote', 'request'],
    bytes: `0a29${TEAM_HEX}10d4fdffffffffffffff011a09536f6d657468696e67`,
    server: { attributionId: TEAM, credits: -300, description: 'Something', userId: '' },
    client: { attributionId: TEAM, credits: -300, description: 'Something', userId: '' },
  },
  {
    id: 'WI-10',
    message: 'GetStripeCustomerRequest',
    rpc: [BILLING, 'GetStripeCustomer', 'request'],
    bytes: '12126375735f4e63615550705559376746417337',
    server: { stripeCustomerId: 'cus_NcaUPpUY7gFAs7' },
    client: { stripeCustomerId: 'cus_NcaUPpUY7gFAs7', attributionId: undefined },
  },
  {
    id: 'WI-11',
    message: 'CreateStripeSubscriptionRequest',
    rpc: [BILLING, 'CreateStripeSubscription', 'request'],
    bytes: `0a29${TEAM_HEX}18e807220670695f313233`,
    server: { attributionId: TEAM, usageLimit: '1000', paymentIntentId: 'pi_123' },
    client: { attributionId: TEAM, usageLimit: '1000', paymentIntentId: 'pi_123' },
  },
  {
    id: 'WI-12',
    message: 'GetPriceInformationResponse',
    rpc: [BILLING, 'GetPriceInformation', 'response'],
    bytes: '12184e6f20696e666f726d6174696f6e20617661696c61626c65',
    server: { humanReadableDescription: 'No information available' },
    client: { humanReadableDescription: 'No information available' },
  },
  {
    id: 'WI-13',
    message: 'CreateStripeSubscriptionResponse',
    rpc: [BILLING, 'CreateStripeSubscription', 'response'],
    bytes: '0a090a077375625f313233',
    server: { subscription: { id: 'sub_123' } },
    client: { subscription: { id: 'sub_123' } },
  },
  {
    id: 'WI-14',
    message: 'CreateHoldPaymentIntentResponse',
    rpc: [BILLING, 'CreateHoldPaymentIntent', 'response'],
    bytes: '0a0470695f311203735f31',
    server: { paymentIntentId: 'pi_1', paymentIntentClientSecret: 's_1' },
    client: { paymentIntentId: 'pi_1', paymentIntentClientSecret: 's_1' },
  },
];

/** What the server does with one message. */
function onServer([service, rpc, side]: Vector['rpc']) {
  const method = usageRpc(service, rpc);
  return side === 'request'
    ? { write: method.requestSerialize, read: method.requestDeserialize }
    : { write: method.responseSerialize, read: method.responseDeserialize };
}

function onClient(message: string): Codec {
  return (message in usage ? usage : billing)[message as never];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each(VECTORS)('$id $message', ({ rpc, message, bytes, server, client, clientBytes = bytes }) => {
  it('is written by the server as protoc would', () => {
    expect(hex(onServer(rpc).write(server as never))).toBe(bytes);
  });

  it.each([
    ['as protoc writes it', bytes],
    ['as the TypeScript client writes it', clientBytes],
  ])('is read by the server %s', (_who, wire) => {
    expect(onServer(rpc).read(Buffer.from(wire, 'hex'))).toEqual(server);
  });

  it('is read and written by the TypeScript client', () => {
    expect(hex(onClient(message).encode(client).finish())).toBe(clientBytes);
    expect(onClient(message).decode(Buffer.from(bytes, 'hex'))).toEqual(client);
  });
});

describe('a message of usage.v1', () => {
  const listUsage = onServer([USAGE, 'ListUsage', 'request']);
  const FIELDS = ['0a0161', '12060880f2f89506', '1a060880af9c9706', '2001', '2a0408321002', '320162'];

  it('may have its fields in any order', () => {
    const expected = listUsage.read(Buffer.from(FIELDS.join(''), 'hex'));
    expect(expected).toMatchObject({ attributionId: 'a', userId: 'b', order: 'ORDERING_ASCENDING' });
    for (let first = 0; first < FIELDS.length; first++) {
      const turned = [...FIELDS.slice(first), ...FIELDS.slice(0, first)];
      for (const order of [turned, [...turned].reverse()])
        expect(listUsage.read(Buffer.from(order.join(''), 'hex'))).toEqual(expected);
    }
  });

  it('has the zero of every field that was left out', () => {
    expect(listUsage.read(Buffer.alloc(0))).toEqual({
      attributionId: '',
      userId: '',
      from: null,
      to: null,
      order: 'ORDERING_DESCENDING',
      pagination: null,
    });
    const center = { attributionId: '', spendingLimit: 0, billingStrategy: 'BILLING_STRATEGY_STRIPE' };
    expect(onServer([USAGE, 'SetCostCenter', 'request']).read(Buffer.from('0a00', 'hex'))).toEqual({
      costCenter: { ...center, nextBillingTime: null, billingCycleStart: null },
    });
  });

  it.each<[string, Vector['rpc'], string, object]>([
    ['an order', [USAGE, 'ListUsage', 'request'], '2007', { order: 7 }],
    ['a strategy', [USAGE, 'SetCostCenter', 'request'], '0a021802', { costCenter: { billingStrategy: 2 } }],
    ['a kind', [USAGE, 'ListUsage', 'response'], '0a023009', { usageEntries: [{ kind: 9 }] }],
  ])(
    'of a newer version may have %s that nobody here knows: its number is kept',
    (_what, rpc, wire, read) => {
      const message = onServer(rpc).read(Buffer.from(wire, 'hex'));
      expect(message).toMatchObject(read);
      expect(hex(onServer(rpc).write(message as never))).toContain(wire.slice(-4));
    },
  );

  it('of a newer version may have fields that nobody here knows, and says so to the client without failing', () => {
    const { read } = onServer([USAGE, 'GetBalance', 'request']);
    expect(read(Buffer.from('0a0161ba0603787878', 'hex'))).toEqual({ attributionId: 'a' });
    const listed = usage.ListUsageResponse.decode(Buffer.from('0a023009', 'hex'));
    expect(listed.usageEntries).toHaveLength(1);
  });

  it('with the longest page there is stays far below what a client takes by default', () => {
    const metadata = JSON.stringify({ note: 'x'.repeat(1_500) });
    const entry = { ...ENTRY, description: 'x'.repeat(255), metadata, effectiveTime: second('1662026520') };
    const page = { ...LISTED, usageEntries: Array(1_000).fill(entry) };
    const { length } = onServer([USAGE, 'ListUsage', 'response']).write(page);
    expect(length).toBeLessThan(4 * 1024 * 1024);
  });
});
