import { parseAccountKey } from '../../src/core/account-key';
import { AccountService } from '../../src/cost-centers/account.service';
import { PaymentProfileService } from '../../src/cost-centers/payment-profile.service';
import { StripeCustomerService } from '../../src/cost-centers/stripe-customer.service';
import { Database } from '../../src/platform/transaction';
import { startTestApp, type TestApp } from '../support/app';
import { Rest } from '../support/rest';

const FAILED = new Date('2026-03-05T10:00:00Z');
const AGAIN = new Date('2026-03-08T10:00:00Z');
const PAID = new Date('2026-03-09T10:00:00Z');

let app: TestApp;
let admin: Rest;
let accounts: AccountService;
let profiles: PaymentProfileService;
let names = 0;

beforeAll(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
  accounts = app.app.get(AccountService, { strict: false });
  profiles = app.app.get(PaymentProfileService, { strict: false });
});
afterAll(() => app.close());

/** An organisation nobody has seen before. */
async function newOrganisation() {
  const key = parseAccountKey(`org:payer-${++names}`);
  await accounts.learn([key]);
  return accounts.get(key);
}

type Organisation = Awaited<ReturnType<typeof newOrganisation>>;

const say = (account: Organisation, overdue: boolean, at: Date): Promise<boolean> =>
  app.app
    .get(Database)
    .transaction((tx) => profiles.setOverdue(tx, account, overdue, { actor: 'job:dunning', at }));

const trail = async ({ key }: Organisation) =>
  (await admin.get<{ items: object[] }>(`/api/v1/audit?account=${key}`)).body.items;

describe('a payment profile', () => {
  it('of an account nobody said anything about is empty', async () => {
    const account = await newOrganisation();
    expect(await profiles.read(account)).toEqual({
      overdue: false,
      overdueSince: null,
      stripeCustomerId: null,
    });
  });

  it('S-46: an organisation never seen before is overdue once it is marked', async () => {
    const account = await newOrganisation();
    expect(await say(account, true, FAILED)).toBe(true);
    expect(await profiles.read(account)).toMatchObject({ overdue: true, overdueSince: FAILED });
    const { body } = await admin.get(`/api/v1/accounts/${account.key}`);
    expect(body).toMatchObject({ key: account.key, payment_overdue: true });
  });

  it('the same again writes nothing, and the first instant stays', async () => {
    const account = await newOrganisation();
    expect(await say(account, false, FAILED)).toBe(false);
    await say(account, true, FAILED);
    expect(await say(account, true, AGAIN)).toBe(false);
    expect(await profiles.read(account)).toMatchObject({ overdueSince: FAILED });
    expect(await trail(account)).toHaveLength(1);
  });

  it('is told in the audit trail with what it was before', async () => {
    const account = await newOrganisation();
    await say(account, true, FAILED);
    await say(account, false, PAID);
    expect(await profiles.read(account)).toMatchObject({ overdue: false, overdueSince: null });
    const [none, since] = [null, FAILED.toISOString()].map((at) => ({
      payment_overdue: at !== null,
      payment_overdue_since: at,
    }));
    const said = {
      action: 'payment-profile.changed',
      actor: 'job:dunning',
      subject: `account:${account.key}`,
    };
    expect(await trail(account)).toMatchObject([
      { ...said, before: since, after: none },
      { ...said, before: none, after: since },
    ]);
  });

  it('is written by one of two who say the same at once', async () => {
    const account = await newOrganisation();
    const changed = await Promise.all([say(account, true, FAILED), say(account, true, AGAIN)]);
    expect(changed.sort()).toEqual([false, true]);
    expect(await trail(account)).toHaveLength(1);
  });

  it('is undone with the transaction that says it', async () => {
    const account = await newOrganisation();
    const broken = app.app.get(Database).transaction(async (tx) => {
      await profiles.setOverdue(tx, account, true, { actor: 'job:dunning', at: FAILED });
      throw new Error('on second thoughts');
    });
    await expect(broken).rejects.toThrow('on second thoughts');
    expect(await profiles.read(account)).toMatchObject({ overdue: false });
    expect(await trail(account)).toEqual([]);
  });

  it('names the newest customer of Stripe', async () => {
    const account = await newOrganisation();
    const customers = app.app.get(StripeCustomerService, { strict: false });
    const [older, newer] = [
      { id: 'cus_older', createdAt: FAILED },
      { id: 'cus_newer', createdAt: PAID },
    ].map((customer) => ({ ...customer, currency: 'USD', invalidBillingAddress: null }));
    await customers.keep('job:dunning', account.key, newer!);
    await customers.keep('job:dunning', account.key, older!);
    expect(await profiles.read(account)).toMatchObject({ stripeCustomerId: 'cus_newer' });
  });
});
