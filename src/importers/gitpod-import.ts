import type { AccountKey } from '../core/account-key';
import { quantity, ZERO } from '../core/quantity';
import type {
  HistoryOutcome,
  ImportedTransfer,
  ImportedVersion,
} from '../cost-centers/history-import.service';
import { type AccountBalance, GitpodBalances } from './gitpod-balances';
import { readCostCenter } from './gitpod-cost-center';
import type { GitpodTable } from './gitpod-folder';
import { importGitpodInstances } from './gitpod-instances';
import type { OpeningOutcome } from './gitpod-journal';
import type { GitpodParts } from './gitpod-parts';
import { allowanceOf, readMembers, readTable } from './gitpod-people';
import { stripeCustomerOf } from './gitpod-stripe';
import { readUsageRow, transferOf, type UsageRow } from './gitpod-usage';

type Histories = ReadonlyMap<AccountKey, ImportedVersion[]>;

/** Rows of the ledger that go into one transaction. */
const TRANSFERS_AT_ONCE = 500;

/**
 * Takes the tables of the original over. What is here already stays, so that a run that was interrupted is simply run again.
 * Cost centres come last: one whose cycle is over is reset at once, and may only be when its balance is whole.
 */
export async function importGitpod(parts: GitpodParts): Promise<void> {
  const { target, journal } = parts;
  const histories = await readHistories(parts);
  await importMembers(parts);
  const balances = new GitpodBalances(parts.rates, (difference) => journal.differ(difference));
  await importLedger(parts, { histories, balances });
  await importGitpodInstances(parts, balances);
  await target?.reconcile();
  for (const balance of balances.accounts()) await settle(parts, balance);
  await importHistories(parts, histories);
  await importAllowances(parts);
  await importStripeCustomers(parts);
}

/** The history of every cost centre, oldest first. */
async function readHistories(parts: GitpodParts): Promise<Histories> {
  const histories = new Map<AccountKey, ImportedVersion[]>();
  for await (const { value } of readTable(parts, 'd_b_cost_center', readCostCenter)) {
    const { account, version } = value;
    histories.set(account, [...(histories.get(account) ?? []), version]);
  }
  for (const history of histories.values()) {
    history.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }
  return histories;
}

async function importAllowances(parts: GitpodParts): Promise<void> {
  const table = 'd_b_free_credits';
  for await (const { line, value } of readTable(parts, table, allowanceOf)) {
    const outcome = (await parts.target?.allowance(value)) ?? 'imported';
    if (outcome !== 'conflict') parts.journal.count(table, word(parts, outcome));
    else {
      const reason = `${value.account} has no cost centre, or it, the person or the address another allowance`;
      parts.journal.note({ table, line, id: value.userId, outcome, reason });
    }
  }
}

async function importMembers(parts: GitpodParts): Promise<void> {
  const members = await readMembers(parts);
  for (const [account, belonging] of members) {
    await parts.target?.members(account, belonging);
    parts.journal.count('d_b_team_membership', 'organisations');
  }
}

interface LedgerParts {
  readonly histories: Histories;
  readonly balances: GitpodBalances;
}

/** Rows of instances only tell what an instance cost there; all others are posted, account by account. */
async function importLedger(parts: GitpodParts, { histories, balances }: LedgerParts): Promise<void> {
  const table = 'd_b_usage';
  const others = new Map<AccountKey, UsageRow[]>();
  for await (const { line, value: row } of readTable(parts, table, readUsageRow)) {
    if (!balances.addRow(row)) {
      parts.journal.note({
        table,
        line,
        id: row.id,
        outcome: 'refused',
        reason: 'its instance has a row already',
      });
    } else if (row.kind === 'workspaceinstance') parts.journal.count(table, 'of instances, compared');
    else others.set(row.account, [...(others.get(row.account) ?? []), row]);
  }
  for (const [account, rows] of others) {
    for (let at = 0; at < rows.length; at += TRANSFERS_AT_ONCE) {
      const part = rows.slice(at, at + TRANSFERS_AT_ONCE);
      await post(parts, { account, rows: part, history: histories.get(account) ?? [] });
    }
  }
}

async function post(
  parts: GitpodParts,
  { account, rows, history }: { account: AccountKey; rows: UsageRow[]; history: ImportedVersion[] },
): Promise<void> {
  const transfers: ImportedTransfer[] = rows.map((row) => transferOf(row, history));
  const outcomes = await parts.target?.transfers(account, transfers);
  rows.forEach(({ id }, i) => {
    const outcome = outcomes?.[i] ?? 'imported';
    if (outcome !== 'conflict') return parts.journal.count('d_b_usage', word(parts, outcome));
    const reason = 'was posted with another amount, which stands';
    parts.journal.note({ table: 'd_b_usage', id, outcome, reason });
  });
}

/** Compares a balance, makes it equal when that is wanted, and looks whether it stands as it should. */
async function settle(parts: GitpodParts, balance: AccountBalance): Promise<void> {
  const { target, journal, matchBalances } = parts;
  const { account, original, ours, final } = balance;
  const difference = quantity(original - ours);
  const isWanted = matchBalances && difference !== ZERO;
  const wanted = { amount: difference, from: final };
  const outcome = isWanted ? ((await target?.opening(account, wanted)) ?? 'imported') : null;
  const due = outcome === null ? final : quantity(final + difference);
  const posted = (await target?.posted(account)) ?? due;
  const standing = posted === due ? null : posted;
  journal.balance({ ...balance, opening: openingOf(outcome), standing });
}

function openingOf(outcome: HistoryOutcome | null): OpeningOutcome {
  return outcome === null ? 'none' : outcome === 'conflict' ? 'conflict' : 'made equal';
}

async function importHistories(parts: GitpodParts, histories: Histories): Promise<void> {
  const table = 'd_b_cost_center';
  for (const [account, history] of histories) {
    const outcome = (await parts.target?.costCenter(account, history)) ?? 'imported';
    if (outcome !== 'conflict') parts.journal.count(table, `cost centres ${word(parts, outcome)}`);
    else {
      const reason = 'has a cost centre of its own here, which stays';
      parts.journal.note({ table, id: account, outcome, reason });
    }
  }
}

async function importStripeCustomers(parts: GitpodParts): Promise<void> {
  const table: GitpodTable = 'd_b_stripe_customer';
  for await (const { line, value } of readTable(parts, table, stripeCustomerOf)) {
    if (value === null) {
      parts.journal.count(table, 'deleted');
      continue;
    }
    const outcome = (await parts.target?.stripeCustomer(value.account, value.customer)) ?? 'imported';
    if (outcome !== 'conflict') parts.journal.count(table, word(parts, outcome));
    else
      parts.journal.note({ table, line, id: value.account, outcome, reason: 'is kept for another account' });
  }
}

const WORDS = { imported: ['imported', 'would import'], stands: ['standing', 'standing'] } as const;

function word({ target }: GitpodParts, outcome: 'imported' | 'stands'): string {
  return WORDS[outcome][target === null ? 1 : 0];
}
