import { AccountService } from '../../src/cost-centers/account.service';
import { StripeCustomerService } from '../../src/cost-centers/stripe-customer.service';
import { parseAccountKey } from '../../src/core/account-key';
import { creditRates } from '../../src/core/credits';
import { DirectGitpodTarget } from '../../src/importers/gitpod-direct';
import { GitpodFolder } from '../../src/importers/gitpod-folder';
import { importGitpod } from '../../src/importers/gitpod-import';
import { GitpodJournal } from '../../src/importers/gitpod-journal';
import { gitpodReportLines } from '../../src/importers/gitpod-report';
import { Checks } from '../../src/platform/checks';
import { Clock } from '../../src/platform/clock';
import { Database } from '../../src/platform/transaction';
import { digestOf } from '../support/digest';
import { GitpodWorld, team, uuid } from '../support/gitpod-world';
import { withClient } from '../support/postgres';
import { RATES, writeGitpod } from './gitpod-fixture';
import { csv, ended, ExportFolder, instanceRow } from './gitpod-tables';

const NOON = '2026-01-10T12:00:00.000Z';

let world: GitpodWorld;
let folder: ExportFolder;

beforeEach(async () => {
  world = await GitpodWorld.at(NOON, { creditsPerMinute: RATES });
  folder = new ExportFolder();
  writeGitpod(folder);
});
afterEach(async () => {
  folder.remove();
  await world.close();
});

async function move(options: { apply?: boolean; match?: boolean } = {}): Promise<GitpodJournal> {
  const { apply = true, match = false } = options;
  const journal = new GitpodJournal(null, !apply);
  await importGitpod({
    folder: GitpodFolder.open(folder.path),
    target: apply ? new DirectGitpodTarget(world.usage.app.app) : null,
    rates: creditRates(RATES),
    latest: world.get(Clock).now().getTime(),
    matchBalances: match,
    ...{ journal, onProgress: () => undefined },
  });
  return journal;
}

const otherAllowance = (organisation: number): string =>
  `${team(organisation)} has no cost centre, or it, the person or the address another allowance`;

const DIFFERING = {
  ...{ account: team(3), original: '15.00', ours: '3.00', difference: '-12.00', opening: 'none' },
  ...{ other_price: 1, without_instance: 1, without_row: 0 },
};

/** kind, debit, credit, amount and source of what was posted for an organisation, by the source. */
async function transfers(account: string): Promise<string[]> {
  return withClient(world.usage.app.databaseUrl, async (client) => {
    const { rows } = await client.query<{ text: string }>(
      `select concat_ws(' ', t.kind, t.debit, t.credit, trim_scale(t.amount), t.source) as text
       from transfer t join account a on a.id = t.account_id where a.key = $1 and t.kind <> 'charge' order by t.source`,
      [account],
    );
    return rows.map(({ text }) => text);
  });
}

describe('the tables of the original', () => {
  it('are only looked at first: what would be done, and every balance that differs', async () => {
    const before = await digestOf(world.usage.app.databaseUrl);
    const journal = await move({ apply: false });
    expect(await digestOf(world.usage.app.databaseUrl)).toEqual(before);
    expect(journal.summary()).toMatchObject({
      tables: {
        d_b_usage: { rows: 10, 'of instances, compared': 6, 'would import': 4 },
        d_b_cost_center: { rows: 5, 'cost centres would import': 3 },
        d_b_free_credits: { rows: 1, 'would import': 1 },
        d_b_team_membership: { rows: 2, organisations: 1 },
        d_b_stripe_customer: { rows: 2, 'would import': 2 },
      },
      instances: { events: { recorded: 18, standing: 0, taken_back: 0 } },
      balances: { accounts: 4, equal: 3, made_equal: 0, differing: [DIFFERING] },
    });
    expect(gitpodReportLines(journal).slice(-2)).toEqual([
      '4 balances compared, 1 differ (CREDIT: original, here, difference)',
      `  ${team(3)}: 15.00, 3.00, -12.00; 1 at another price; 1 without their instance`,
    ]);
  });

  it('BA-3, BA-4: come out with their balances, instances, members and cycles', async () => {
    const journal = await move();
    expect(journal.summary().balances).toEqual({
      accounts: 4,
      equal: 3,
      made_equal: 0,
      differing: [DIFFERING],
    });
    // What ran in the original runs on here: four hours at ten credits, and the 0.17 that was final.
    expect(await world.balance(team(1))).toBe(40.17);
    expect(await world.balance(team(2))).toBe(-0.5);
    expect(await world.balance(team(3))).toBe(3);
    expect(await world.balance(team(4))).toBe(0);
    const { usageEntries, creditsUsed } = await world.list(team(1), { userId: uuid(101) });
    expect([creditsUsed, usageEntries.length]).toEqual([0.17, 1]);
    expect(JSON.parse(usageEntries[0]!.metadata)).toMatchObject({
      ...{ workspaceType: 'prebuild', contextURL: 'https://example.org/a' },
      ...{ userId: uuid(101), userName: 'Ann' },
    });
    expect(await transfers(team(2))).toEqual([`invoice settlement receivable 5 gitpod:${uuid(5_004)}`]);
    expect(await transfers(team(3))).toEqual([
      `allowance_reset allowance receivable 4 gitpod:${uuid(5_007)}`,
      `usage_credit_note adjustments receivable 3 usage-credit-note:${uuid(5_008)}`,
    ]);
    expect(await transfers(team(4))).toEqual([
      `debt_settled allowance receivable 153.37 gitpod:${uuid(5_010)}`,
    ]);
    const members = await world.admin.get(`/api/v1/accounts/${team(1)}/members`);
    expect(members.body).toMatchObject({
      members: [
        { user_id: uuid(101), role: 'owner', has_email: true },
        { user_id: uuid(102), role: 'member', has_email: false },
      ],
    });
    for await (const { name, examples } of world.get(Checks).run(world.get(Database))) {
      expect([name, examples]).toEqual([name, []]);
    }
  });

  it('leave cycles where they were, and go on from there', async () => {
    await move();
    const seconds = (time: string): string => String(Date.parse(time) / 1_000);
    expect(await world.costCenter(team(1))).toMatchObject({
      ...{ spendingLimit: 500, billingStrategy: 'BILLING_STRATEGY_OTHER' },
      billingCycleStart: { seconds: seconds('2026-01-05T10:00:00Z') },
      nextBillingTime: { seconds: seconds('2026-02-05T10:00:00Z') },
    });
    expect(await world.costCenter(team(4))).toMatchObject({
      ...{ spendingLimit: 1_000, billingStrategy: 'BILLING_STRATEGY_STRIPE' },
    });
    world.itIs('2026-03-06T00:00:00.000Z');
    expect(await world.costCenter(team(1))).toMatchObject({
      billingCycleStart: { seconds: seconds('2026-03-05T10:00:00Z') },
      nextBillingTime: { seconds: seconds('2026-04-05T10:00:00Z') },
    });
    // A cycle that is over is renewed on the whole balance: three of a limit of four are forgiven.
    await world.costCenter(team(3));
    expect(await world.balance(team(3))).toBe(0);
    // Who ends paying has the limit of his newest version that did not pay.
    expect((await world.setCostCenter(team(4), 7, 'OTHER')).spendingLimit).toBe(0);
    const history = await world.admin.get<{ items: { cause: string; billing_cycle_start: string }[] }>(
      `/api/v1/accounts/${team(3)}/cost-center/versions`,
    );
    expect(history.body.items.map(({ cause }) => cause)).toEqual(['reset', 'imported', 'imported']);
  });

  it('keep who had the free allowance, and no address', async () => {
    await move();
    await world.members(team(9), [{ user_id: uuid(101), email: 'Ann@example.org' }]);
    expect((await world.costCenter(team(9))).spendingLimit).toBe(0);
    const rows = Object.values(await digestOf(world.usage.app.databaseUrl)).flat();
    expect(rows.filter((row) => row.toLowerCase().includes('ann@example.org'))).toEqual([]);
    expect(rows.filter((row) => row.includes('cus_'))).toEqual([]);
    const account = await world.get(AccountService).get(parseAccountKey(team(4)));
    expect(await world.get(StripeCustomerService).newestOf(account)).toEqual({
      ...{ id: 'cus_new', currency: 'EUR', invalidBillingAddress: true },
      createdAt: new Date('2026-01-10T00:00:00.000Z'),
    });
  });

  it('make balances exactly equal when that is wanted, once', async () => {
    const journal = await move({ match: true });
    expect(journal.summary().balances).toEqual({ accounts: 4, equal: 3, made_equal: 1, differing: [] });
    expect(await world.balance(team(3))).toBe(15);
    expect(await transfers(team(3))).toContain('adjustment receivable adjustments 12 gitpod:opening');
    // Instances that are not in the export any more stand here, and nothing is made equal over them.
    folder.write('d_b_workspace_instance.csv', csv([instanceRow(4, { usageAttributionId: team(3) })]));
    const later = await move({ match: true });
    expect(later.summary().balances.differing).toMatchObject([
      { account: team(1), opening: 'conflict', posted_here: '0.17' },
      { account: team(2), opening: 'conflict', without_instance: 1 },
      { account: team(4), opening: 'conflict', without_instance: 1 },
    ]);
    expect(await world.balance(team(2))).toBe(-0.5);
  });

  it('twice is once', async () => {
    await move({ match: true });
    const before = await digestOf(world.usage.app.databaseUrl);
    const again = await move({ match: true });
    expect(await digestOf(world.usage.app.databaseUrl)).toEqual(before);
    expect(again.summary()).toMatchObject({
      tables: {
        d_b_usage: { standing: 4 },
        d_b_cost_center: { 'cost centres standing': 3 },
        d_b_free_credits: { standing: 1 },
        d_b_stripe_customer: { standing: 2 },
      },
      instances: { events: { recorded: 0, standing: 18, taken_back: 0 } },
    });
  });

  it('may be exported anew while the original goes on', async () => {
    await move();
    folder.write(
      'd_b_workspace_instance.csv',
      csv([instanceRow(1, { workspaceClass: 'odd', ...ended('2026-01-10T09:00:00.000Z') })]),
    );
    await move();
    expect(await world.balance(team(1))).toBe(10.17);
  });

  it('are told line by line where something is wrong, and the rest goes on', async () => {
    folder.write(
      'd_b_usage.csv',
      csv([
        { id: uuid(1), attributionId: 'team:1', creditCents: 1, effectiveTime: NOON, kind: 'invoice' },
        { id: uuid(2), attributionId: team(1), creditCents: 0.5, effectiveTime: NOON, kind: 'invoice' },
        { id: uuid(3), attributionId: team(1), creditCents: 1, effectiveTime: '', kind: 'invoice' },
        { id: uuid(4), attributionId: team(1), creditCents: 1, effectiveTime: NOON, kind: 'gift' },
        { id: uuid(5), attributionId: team(1), creditCents: 100, effectiveTime: NOON, kind: 'invoice' },
      ]),
    );
    folder.write(
      'd_b_free_credits.csv',
      csv([
        { userId: uuid(103), email: '', organizationId: uuid(3) },
        { userId: uuid(103), email: '', organizationId: uuid(4) },
        { userId: uuid(102), email: '', organizationId: uuid(8) },
      ]),
    );
    await world.costCenter(team(1));
    const journal = await move();
    expect(
      journal.notes().shown.map(({ line, table, outcome, reason }) => [line, table, outcome, reason]),
    ).toEqual([
      [2, 'd_b_usage', 'refused', 'attributionId: must be team:<uuid> or user:<uuid>'],
      [3, 'd_b_usage', 'refused', 'creditCents: must be a whole number'],
      [4, 'd_b_usage', 'refused', 'effectiveTime: is missing'],
      [5, 'd_b_usage', 'refused', 'kind: is none of workspaceinstance, invoice, creditnote'],
      [undefined, 'd_b_cost_center', 'conflict', 'has a cost centre of its own here, which stays'],
      [3, 'd_b_free_credits', 'conflict', otherAllowance(4)],
      [4, 'd_b_free_credits', 'conflict', otherAllowance(8)],
    ]);
    expect(await transfers(team(1))).toEqual([`adjustment receivable adjustments 1 gitpod:${uuid(5)}`]);
  });
});
