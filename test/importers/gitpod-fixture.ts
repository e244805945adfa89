import { team, uuid } from '../support/gitpod-world';
import { csv, ended, type ExportFolder, instanceRow, ndjson, type Row } from './gitpod-tables';

/** The rates the fixture was priced by. */
export const RATES = new Map([
  ['default', '0.1666666667'],
  ['large', '0.5'],
]);

const day = (time: string): string => `2026-01-10T${time}.000Z`;

function usageRow(n: number, organisation: number, creditCents: number, row: Row): Row {
  return {
    ...{ id: uuid(5_000 + n), attributionId: team(organisation), creditCents, description: '', draft: 0 },
    ...{ kind: 'workspaceinstance', workspaceInstanceId: null, effectiveTime: day('09:00:00'), metadata: '' },
    ...row,
  };
}

const of = (n: number, row: Row = {}): Row => ({ workspaceInstanceId: uuid(n), ...row });

/**
 * Four organisations. 1: BA-4, a draft of 983 and a final row of 17 make 10 credits. 2: BA-3, 4.50 used and 5 invoiced make
 * -0.50. 3: a reset, a credit note, an instance that was priced by another rate and one that is no more. 4: began to pay.
 */
const USAGE: readonly Row[] = [
  usageRow(1, 1, 983, of(1, { draft: 1, effectiveTime: day('08:59:00') })),
  usageRow(2, 1, 17, of(2)),
  usageRow(3, 2, 450, of(3)),
  usageRow(4, 2, -500, { kind: 'invoice', description: 'Invoice in_1 finalized in Stripe' }),
  usageRow(5, 3, 2_000, of(4)),
  usageRow(6, 3, 200, of(999)),
  usageRow(7, 3, -400, {
    ...{ kind: 'invoice', description: 'Credits', effectiveTime: '2026-01-01T12:00:00.005Z' },
  }),
  usageRow(8, 3, -300, {
    ...{ kind: 'creditnote', description: 'Sorry', metadata: JSON.stringify({ userId: uuid(103) }) },
  }),
  usageRow(9, 4, 15_337, of(5)),
  usageRow(10, 4, -15_337, {
    ...{ kind: 'invoice', description: 'Credits', effectiveTime: '2026-01-10T10:00:00.000Z' },
  }),
];

const INSTANCES: readonly Row[] = [
  instanceRow(1, { workspaceClass: 'odd' }),
  instanceRow(2, { ...ended(day('08:01:00')) }),
  instanceRow(3, { usageAttributionId: team(2), workspaceClass: 'large', ...ended(day('08:09:00')) }),
  instanceRow(4, { usageAttributionId: team(3), ...ended(day('09:00:00')) }),
  // 306 minutes and 44 seconds at half a credit.
  instanceRow(5, {
    ...{ usageAttributionId: team(4).toUpperCase().replace('TEAM', 'team'), workspaceClass: 'large' },
    ...{ creationTime: day('02:59:00'), startedTime: day('03:00:00') },
    ...ended(day('08:06:44')),
  }),
];

const COST_CENTERS: readonly Row[] = [
  costCenter(
    1,
    '2026-01-05T10:00:00.000Z',
    ['other', 500],
    ['2026-01-05T10:00:00.000Z', '2026-02-05T10:00:00.000Z'],
  ),
  costCenter(
    3,
    '2026-01-01T12:00:00.001Z',
    ['other', 4],
    ['2026-01-01T12:00:00.000Z', '2026-02-01T12:00:00.000Z'],
  ),
  costCenter(
    3,
    '2025-12-01T12:00:00.000Z',
    ['other', 4],
    ['2025-12-01T12:00:00.000Z', '2026-01-01T12:00:00.000Z'],
  ),
  costCenter(
    4,
    '2026-01-02T00:00:00.000Z',
    ['other', 0],
    ['2026-01-02T00:00:00.000Z', '2026-02-02T00:00:00.000Z'],
  ),
  costCenter(4, '2026-01-10T10:00:00.020Z', ['stripe', 1_000], ['2026-01-10T10:00:00.020Z', '']),
];

function costCenter(
  organisation: number,
  creationTime: string,
  [billingStrategy, spendingLimit]: [string, number],
  [billingCycleStart, nextBillingTime]: [string, string],
): Row {
  const id = team(organisation);
  return { id, creationTime, spendingLimit, billingStrategy, billingCycleStart, nextBillingTime };
}

/** Writes the tables, each in one of the two formats. */
export function writeGitpod(folder: ExportFolder): void {
  folder.write('d_b_usage.csv', csv(USAGE));
  folder.write('d_b_workspace_instance.csv', csv(INSTANCES));
  folder.write('d_b_cost_center.ndjson', ndjson(COST_CENTERS));
  folder.write(
    'd_b_workspace.csv',
    csv([{ id: 'ws2', ownerId: uuid(101), contextURL: 'https://example.org/a', type: 'prebuild' }]),
  );
  folder.write('d_b_user.csv', csv([{ id: uuid(101), name: 'Ann', avatarUrl: '' }]));
  folder.write(
    'd_b_team_membership.csv',
    csv([
      { teamId: uuid(1), userId: uuid(101), role: 'owner', creationTime: '2026-01-01T00:00:00.000Z' },
      { teamId: uuid(1), userId: uuid(102), role: 'member', creationTime: '2026-01-02T00:00:00.000Z' },
    ]),
  );
  folder.write(
    'd_b_identity.csv',
    csv([
      { userId: uuid(101), primaryEmail: '' },
      { userId: uuid(101), primaryEmail: 'ann@example.org' },
    ]),
  );
  folder.write(
    'd_b_free_credits.csv',
    csv([{ userId: uuid(101), email: 'ann@example.org', organizationId: uuid(1) }]),
  );
  folder.write(
    'd_b_stripe_customer.csv',
    csv([
      stripeCustomer('cus_old', '2026-01-09T00:00:00.000Z', ''),
      stripeCustomer('cus_new', '2026-01-10T00:00:00.000Z', '1'),
    ]),
  );
}

function stripeCustomer(stripeCustomerId: string, creationTime: string, invalidBillingAddress: string): Row {
  const attributionId = team(4);
  return {
    stripeCustomerId,
    attributionId,
    creationTime,
    currency: 'EUR',
    invalidBillingAddress,
    deleted: 0,
  };
}
