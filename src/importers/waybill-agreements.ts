import { type AccountKey, parseAccountKey } from '../core/account-key';
import { invalid } from '../core/errors';
import { parseInstant } from '../core/instant';
import { formatQuantity, parseQuantity } from '../core/quantity';
import { thresholdsOf } from '../core/budget';
import { patiently } from './patience';
import { refusalOf } from './row-refusal';
import type { AgreementKind, AgreementOutcome, WaybillJournal } from './waybill-journal';
import type { Table, TextRow, WaybillSource } from './waybill-source.repository';
import type { WantedBudget, WaybillTarget } from './waybill-target';

interface Outcome {
  readonly outcome: AgreementOutcome;
  readonly reason: string;
}

/** Something to be carried over; `target` null = only say what would be done. */
interface Carrying {
  readonly row: TextRow;
  readonly project: string;
  readonly account: AccountKey;
  readonly target: WaybillTarget | null;
  /** The original's clock. */
  readonly now: number;
}

const KINDS: readonly {
  kind: AgreementKind;
  table: Table;
  carry: (carrying: Carrying) => Promise<Outcome>;
}[] = [
  { kind: 'subscription', table: 'subscriptions', carry: carrySubscription },
  { kind: 'credit', table: 'credits', carry: carryCredit },
  { kind: 'budget', table: 'budgets', carry: carryBudget },
];

const STANDS: Outcome = { outcome: 'stands', reason: '' };
const nothing = (reason: string): Outcome => ({ outcome: 'nothing', reason });
const conflict = (reason: string): Outcome => ({ outcome: 'conflict', reason });

/** Carries over subscriptions, credits and budgets, each row for itself; what cannot be is in the journal with its reason. */
export async function importAgreements(
  source: WaybillSource,
  target: WaybillTarget | null,
  journal: WaybillJournal,
): Promise<void> {
  for (const { kind, table, carry } of KINDS) {
    for await (const row of source.rows(table)) {
      const project = textOf(row, 'project_id');
      const account = parseAccountKey(`project:${project}`);
      const carrying = { row, project, account, target, now: source.now };
      const outcome = await patiently(() => carry(carrying).catch(refusal));
      journal.judgeAgreement({ kind, project, id: textOf(row, 'id') }, outcome);
    }
  }
}

function refusal(error: unknown): Outcome {
  const { code, detail } = refusalOf(error);
  return { outcome: code === 'conflict' ? 'conflict' : 'refused', reason: detail };
}

const ENDED: ReadonlySet<string> = new Set(['canceled', 'cancelled']);
const RUNNING: ReadonlySet<string> = new Set(['active', 'past_due']);

/**
 * The plan begins with the running period, or later where the subscription does: what came before was the original's to
 * bill.
 */
async function carrySubscription({ row, account, target, now }: Carrying): Promise<Outcome> {
  const status = textOf(row, 'status').toLowerCase();
  const plan = textOf(row, 'plan_id');
  const endsAt = instantOf(row, 'cancel_at') ?? instantOf(row, 'cancelled_at');
  if (ENDED.has(status) || (endsAt !== null && endsAt <= now)) return nothing('has ended');
  if (!RUNNING.has(status)) throw invalid('status', `${status} is neither running nor ended`);
  const since = instantOf(row, 'current_period_start') ?? instantOf(row, 'created_at') ?? 0;
  if (target === null) return STANDS;
  await target.makeAccount(account);
  const standing = await target.standing(account);
  if (standing.isAny && standing.plan !== plan) {
    return conflict(`has ${standing.plan ?? 'no plan any more'} here and ${plan} there`);
  }
  if (!standing.isAny) {
    await target.subscribe(account, { plan, from: Math.max(standing.periodStart, since) });
  }
  if (endsAt !== null && standing.endsAt !== endsAt) await target.endPlan(account, endsAt);
  return STANDS;
}

const DESCRIPTION_MAX = 500;

/** What is left of it; the id of the credit is the key, so that it is given once. */
async function carryCredit({ row, account, target, now }: Carrying): Promise<Outcome> {
  const left =
    parseQuantity(textOf(row, 'amount'), 'amount') - parseQuantity(row['used_amount'] ?? '0', 'used_amount');
  if (left <= 0n) return nothing('is used up');
  const expiresAt = instantOf(row, 'expires_at');
  if (expiresAt !== null && expiresAt <= now) return nothing('has expired');
  if (target === null) return STANDS;
  await target.makeAccount(account);
  await target.give(account, `waybill:credit:${textOf(row, 'id')}`, {
    asset: 'USD',
    amount: formatQuantity(left),
    kind: 'promotional',
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    description: (row['description'] ?? '').replace(/[\p{Cc}\p{Cs}]+/gu, ' ').slice(0, DESCRIPTION_MAX),
  });
  return STANDS;
}

/** The unique key of project and period decides; a budget that was changed here stays as it is. */
async function carryBudget({ row, project, account, target }: Carrying): Promise<Outcome> {
  const wanted = budgetOf(row);
  if (target === null) return STANDS;
  const before = (await target.budgets(project)).find(({ period }) => period === wanted.period);
  if (before === undefined) {
    await target.makeAccount(account);
    await target.makeBudget(project, wanted);
    return STANDS;
  }
  const isSame =
    before.amount_cents === wanted.amount_cents &&
    before.hard_throttle === wanted.hard_throttle &&
    before.alert_thresholds.join() === thresholdsOf(wanted.alert_thresholds).join();
  return isSame ? STANDS : conflict(`another ${before.period} budget stands here`);
}

function budgetOf(row: TextRow): WantedBudget & { readonly alert_thresholds: readonly number[] } {
  return {
    amount_cents: parseInt(textOf(row, 'amount_cents'), 10),
    period: textOf(row, 'period'),
    currency: row['currency'] ?? null,
    alert_thresholds: JSON.parse(row['alert_thresholds'] ?? '[]') as number[],
    hard_throttle: row['hard_throttle'] !== 'false',
  };
}

/** Throws `invalid-argument` where the row has none. */
function textOf(row: TextRow, column: string): string {
  const text = row[column];
  if (text === null || text === undefined) throw invalid(column, 'is missing');
  return text;
}

function instantOf(row: TextRow, column: string): number | null {
  const text = row[column];
  return text === null || text === undefined ? null : parseInstant(text, column);
}
