import { ClientError, Metadata, Status, createChannel, createClientFactory } from 'nice-grpc';
import {
  BillingServiceDefinition,
  type BillingServiceClient,
} from '../../clients/typescript/generated/usage/v1/billing';
import {
  CostCenter_BillingStrategy as Strategy,
  ListUsageRequest_Ordering as Ordering,
  UsageServiceDefinition,
  type ListUsageResponse,
  type UsageServiceClient,
} from '../../clients/typescript/generated/usage/v1/usage';
import { GitpodWorld, team, uuid } from '../support/gitpod-world';

const ORGANISATION = team(1);
const [ANN, BOB, CYD] = [uuid(101), uuid(102), uuid(103)];
const { BILLING_STRATEGY_OTHER: OTHER, BILLING_STRATEGY_STRIPE: STRIPE } = Strategy;

/** What Gitpod's server does with the answers: the words of its pages and its gates. */
class Server {
  constructor(
    private readonly usage: UsageServiceClient,
    private readonly billing: BillingServiceClient,
  ) {}

  async costCenter() {
    return (await this.usage.getCostCenter({ attributionId: ORGANISATION })).costCenter!;
  }

  async balance(): Promise<number> {
    return (await this.usage.getBalance({ attributionId: ORGANISATION })).credits;
  }

  /** Before a workspace starts: the billing mode, then the limit and whether they pay, side by side. */
  async mayStart(): Promise<{ isReached: boolean; isAlmost: boolean; isPaid: boolean }> {
    await this.costCenter();
    const [[limit, balance], paid] = await Promise.all([
      Promise.all([this.costCenter(), this.balance()]),
      this.costCenter(),
    ]);
    const { spendingLimit } = limit;
    return {
      isReached: balance >= spendingLimit,
      isAlmost: balance > 0.8 * spendingLimit,
      isPaid: paid.billingStrategy === STRIPE,
    };
  }

  /** A limit is set with the strategy that was read just before. */
  async setLimit(spendingLimit: number) {
    const { attributionId, billingStrategy } = await this.costCenter();
    return (await this.usage.setCostCenter({ costCenter: { attributionId, billingStrategy, spendingLimit } }))
      .costCenter!;
  }

  /** What follows a subscription: they pay from now on. */
  async subscribe(spendingLimit: number) {
    const costCenter = { attributionId: ORGANISATION, billingStrategy: STRIPE, spendingLimit };
    await this.usage.setCostCenter({ costCenter });
    return this.costCenter();
  }

  /** The page of usage: from the start of the month to the end of today, the newest first. */
  usagePage(from: string, to: string): Promise<ListUsageResponse> {
    return this.usage.listUsage({
      ...{ attributionId: ORGANISATION, from: new Date(from), to: new Date(to) },
      ...{ order: Ordering.ORDERING_DESCENDING, pagination: { perPage: '50', page: '1' } },
    });
  }

  /** One page after the other until there are no more of them. */
  async export(from: string, to: string, perPage: string): Promise<ListUsageResponse[]> {
    const pages: ListUsageResponse[] = [];
    for (let page = 1, of = 1; page <= of; page++) {
      const answer = await this.usage.listUsage({
        ...{ attributionId: ORGANISATION, from: new Date(from), to: new Date(to) },
        pagination: { perPage, page: String(page) },
      });
      of = Number(answer.pagination!.totalPages);
      pages.push(answer);
    }
    return pages;
  }

  /** Everything the billing page asks for, at once; what Stripe would know is not there. */
  async billingPage() {
    const ofStripe = (call: Promise<unknown>) => call.catch((error: ClientError) => error.code);
    const [portal, [balance, costCenter], limits, subscription, price] = await Promise.all([
      ofStripe(this.billing.getStripeCustomer({ attributionId: ORGANISATION })),
      Promise.all([this.balance(), this.costCenter()]),
      this.costCenter(),
      ofStripe(this.billing.getStripeCustomer({ attributionId: ORGANISATION })),
      ofStripe(this.billing.getPriceInformation({ attributionId: ORGANISATION })),
    ]);
    return { balance, costCenter, limits, ofStripe: [portal, subscription, price] };
  }

  /** The key is ours: whoever sends one may repeat himself. */
  async creditNote(credits: number, description: string, key?: string): Promise<void> {
    const note = { attributionId: ORGANISATION, credits, description, userId: ANN };
    await this.usage.addUsageCreditNote(note, key ? { metadata: Metadata({ 'idempotency-key': key }) } : {});
  }

  /** A failure as the client has it: its code. */
  async codeOf(call: (usage: UsageServiceClient) => Promise<unknown>): Promise<Status> {
    return call(this.usage).then(
      () => Status.OK,
      (error: ClientError) => error.code,
    );
  }
}

describe('the server of Gitpod, with the generated client', () => {
  let world: GitpodWorld;
  let server: Server;
  let close: () => void;

  beforeAll(async () => {
    // It sends no metadata at all: the network says who it is.
    world = await GitpodWorld.at('2022-05-31T10:00:00.000Z', {
      grpcAuth: 'network',
      controllerScheduleMs: 900_000,
    });
    const channel = createChannel(world.usage.app.grpc);
    const factory = createClientFactory();
    server = new Server(
      factory.create(UsageServiceDefinition, channel),
      factory.create(BillingServiceDefinition, channel),
    );
    close = () => channel.close();
  });
  afterAll(async () => {
    close();
    await world.close();
  });
  afterEach(async () => expect(await world.wrongBooks()).toEqual([]));

  /** The ledger job every quarter of an hour, from one instant to another. */
  async function quartersUntil(from: string, to: string): Promise<number[]> {
    const balances: number[] = [];
    for (let at = Date.parse(from); at <= Date.parse(to); at += 900_000) {
      world.itIs(new Date(at).toISOString());
      await world.reconcile();
      balances.push(await server.balance());
    }
    return balances;
  }

  /** Runs a workspace for some hours, at ten credits an hour, told as it happens. */
  async function workspace(id: number, from: string, hours: number): Promise<void> {
    const to = new Date(Date.parse(from) + hours * 3_600_000).toISOString();
    world.itIs(to);
    await world.instance(
      ORGANISATION,
      uuid(id),
      { started: from, stopping: to, stopped: to },
      { user_id: BOB },
    );
  }

  it('makes an organisation: its owner brings the free allowance', async () => {
    // The organisation is made, and asked for, before anybody belongs to it.
    expect((await server.costCenter()).spendingLimit).toBe(0);
    await world.members(ORGANISATION, [
      { user_id: ANN, role: 'owner', joined_at: '2022-05-31T10:00:00Z', email: 'ann@example.org' },
      { user_id: BOB, joined_at: '2022-05-31T10:05:00Z' },
      { user_id: CYD, joined_at: '2022-05-31T10:06:00Z' },
    ]);
    expect(await server.costCenter()).toEqual({
      attributionId: ORGANISATION,
      spendingLimit: 500,
      billingStrategy: OTHER,
      billingCycleStart: new Date('2022-05-31T10:00:00Z'),
      nextBillingTime: new Date('2022-06-30T10:00:00Z'),
    });
  });

  it('starts ten workspaces at once: forty calls, one answer', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.mayStart()));
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify({ isReached: false, isAlmost: false, isPaid: false })]),
    );
  });

  it('sees usage grow while workspaces run, and stand when they have stopped', async () => {
    const [one, two] = [uuid(1), uuid(2)];
    world.itIs('2022-06-01T08:00:00Z');
    await world.instance(ORGANISATION, one, {
      created: '2022-06-01T07:59:00Z',
      started: '2022-06-01T08:00:00Z',
    });
    await world.instance(ORGANISATION, two, { started: '2022-06-01T08:00:00Z' });
    expect(await quartersUntil('2022-06-01T08:15:00Z', '2022-06-01T09:00:00Z')).toEqual([5, 10, 15, 20]);
    // One begins to stop after an hour, and takes its time; the other goes on.
    await world.instance(ORGANISATION, one, { stopping: '2022-06-01T09:00:00Z' });
    expect(await quartersUntil('2022-06-01T09:15:00Z', '2022-06-01T09:30:00Z')).toEqual([22.5, 25]);
    world.itIs('2022-06-01T09:30:01Z');
    const page = await server.usagePage('2022-06-01T00:00:00Z', '2022-06-01T23:59:59.999Z');
    expect(page.creditsUsed).toBe(25);
    expect(page.usageEntries.map((each) => [each.workspaceInstanceId, each.credits, each.draft])).toEqual([
      [two, 15, true],
      [one, 10, true],
    ]);
    expect(page.ledgerInterval).toEqual({ seconds: '900', nanos: 0 });
    await world.instance(ORGANISATION, one, { stopped: '2022-06-01T09:20:00Z' });
    await world.instance(ORGANISATION, two, {
      stopping: '2022-06-01T09:30:00Z',
      stopped: '2022-06-01T09:30:00Z',
    });
    await world.reconcile();
    const later = await server.usagePage('2022-06-01T00:00:00Z', '2022-06-01T23:59:59.999Z');
    expect(later.usageEntries.map(({ draft }) => draft)).toEqual([false, false]);
    expect(JSON.parse(later.usageEntries[1]!.metadata)).toMatchObject({
      creationTime: '2022-06-01T07:59:00.000Z',
      endTime: '2022-06-01T09:00:00.000Z',
      stoppedTime: '2022-06-01T09:20:00.000Z',
    });
    expect(await server.balance()).toBe(25);
  });

  it('warns beyond four fifths of the limit, and stops at it', async () => {
    await workspace(3, '2022-06-02T00:00:00Z', 37.5);
    await world.reconcile();
    expect(await server.balance()).toBe(400);
    expect(await server.mayStart()).toMatchObject({ isAlmost: false, isReached: false });
    await workspace(4, '2022-06-04T00:00:00Z', 0.1);
    await world.reconcile();
    expect(await server.mayStart()).toMatchObject({ isAlmost: true, isReached: false });
    await workspace(5, '2022-06-05T00:00:00Z', 9.9);
    await world.reconcile();
    expect(await server.mayStart()).toMatchObject({ isAlmost: true, isReached: true });
  });

  it('shows the billing page, where Stripe is not there', async () => {
    const { balance, costCenter, limits, ofStripe } = await server.billingPage();
    expect([balance, costCenter.spendingLimit, limits.spendingLimit]).toEqual([500, 500, 500]);
    expect(ofStripe).toEqual([Status.UNIMPLEMENTED, Status.UNIMPLEMENTED, Status.UNIMPLEMENTED]);
  });

  it('subscribes: a thousand credits for each member, the debt settled, a cycle of its own', async () => {
    world.itIs('2022-06-06T12:00:00.000Z');
    expect(await server.subscribe(3_000)).toMatchObject({
      ...{ spendingLimit: 3_000, billingStrategy: STRIPE },
      billingCycleStart: new Date('2022-06-06T12:00:00Z'),
      nextBillingTime: new Date('2022-07-06T12:00:00Z'),
    });
    expect(await server.balance()).toBe(0);
    expect(await server.mayStart()).toEqual({ isReached: false, isAlmost: false, isPaid: true });
  });

  it('changes the limit in two tabs: the last word counts, nothing else moves', async () => {
    const answers = await Promise.all([server.setLimit(4_000), server.setLimit(5_000)]);
    expect(answers.map(({ spendingLimit }) => spendingLimit)).toEqual([4_000, 5_000]);
    const { spendingLimit, ...rest } = await server.costCenter();
    expect([4_000, 5_000]).toContain(spendingLimit);
    expect(rest).toMatchObject({
      billingStrategy: STRIPE,
      nextBillingTime: new Date('2022-07-06T12:00:00Z'),
    });
  });

  it('exports what was used, page by page', async () => {
    for (let i = 0; i < 42; i++) {
      const from = new Date(Date.parse('2022-06-07T00:00:00Z') + i * 360_000).toISOString();
      await workspace(10 + i, from, 0.1);
    }
    await world.reconcile();
    const pages = await server.export('2022-06-07T00:00:00Z', '2022-07-01T00:00:00Z', '10');
    expect(pages.map(({ usageEntries }) => usageEntries.length)).toEqual([10, 10, 10, 10, 2]);
    for (const { creditsUsed, pagination } of pages)
      expect([creditsUsed, pagination!.total]).toEqual([42, '42']);
    const ids = pages.flatMap(({ usageEntries }) => usageEntries.map(({ id }) => id));
    expect(new Set(ids).size).toBe(42);
    const times = pages.flatMap(({ usageEntries }) =>
      usageEntries.map((each) => each.effectiveTime!.getTime()),
    );
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it('an admin looks, gives a credit note, and sets a limit', async () => {
    await server.creditNote(2, 'For the outage');
    await server.creditNote(10, 'For the other outage', 'outage-2');
    await server.creditNote(10, 'For the other outage', 'outage-2');
    expect(await server.balance()).toBe(30);
    expect((await server.setLimit(6_000)).spendingLimit).toBe(6_000);
    expect(await server.balance()).toBe(30);
  });

  it('ends the subscription: the free limit is back, and what is owed counts against it', async () => {
    world.itIs('2022-06-20T12:00:00.000Z');
    const { attributionId } = await server.costCenter();
    const costCenter = { attributionId, billingStrategy: OTHER, spendingLimit: 6_000 };
    expect(await server.codeOf((usage) => usage.setCostCenter({ costCenter }))).toBe(Status.OK);
    expect(await server.costCenter()).toMatchObject({
      ...{ spendingLimit: 500, billingStrategy: OTHER },
      nextBillingTime: new Date('2022-07-20T12:00:00Z'),
    });
    expect(await server.balance()).toBe(30);
  });

  it('begins the next month: the job and whoever asks renew the allowance, once', async () => {
    world.itIs('2022-07-20T12:00:00.001Z');
    const [, ...asked] = await Promise.all([
      world.reset(),
      ...Array.from({ length: 8 }, () => server.costCenter()),
    ]);
    for (const { nextBillingTime } of asked)
      expect(nextBillingTime).toEqual(new Date('2022-08-20T12:00:00Z'));
    expect(await server.balance()).toBe(0);
    const kinds = (await world.ledger(ORGANISATION)).filter((line) => !line.startsWith('charge'));
    expect(kinds).toEqual([
      'debt_settled 500.00',
      'usage_credit_note 2.00',
      'usage_credit_note 10.00',
      'allowance_reset 30.00',
    ]);
  });

  it('hears what it does wrong in codes it knows', async () => {
    const codes = await Promise.all([
      server.codeOf((usage) => usage.getBalance({ attributionId: 'team:123' })),
      server.codeOf((usage) => usage.getCostCenter({})),
      server.codeOf((usage) => usage.setCostCenter({})),
      server.codeOf((usage) => usage.listUsage({ attributionId: ORGANISATION, userId: 'bob' })),
      server.codeOf((usage) => usage.addUsageCreditNote({ attributionId: ORGANISATION, credits: 1 })),
    ]);
    expect(codes).toEqual(Array(5).fill(Status.INVALID_ARGUMENT));
  });
});
