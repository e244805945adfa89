import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { AccountKey } from '../core/account-key';
import type { BudgetPeriod } from '../core/budget';
import { Database, type Sql } from '../platform/transaction';

/** What a project may cost in each period. */
export interface Budget {
  readonly id: string;
  readonly amountCents: bigint;
  readonly currency: string;
  readonly period: BudgetPeriod;
  /** In percent, ascending, each once. */
  readonly thresholds: readonly number[];
  readonly hardThrottle: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An account that has budgets; pages of them go on behind the last one. */
export interface BudgetedAccount {
  readonly bucket: number;
  readonly accountId: number;
  readonly key: AccountKey;
}

interface BudgetRow {
  id: string;
  amount_cents: string;
  currency: string;
  period: BudgetPeriod;
  alert_thresholds: number[];
  hard_throttle: boolean;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = 'id, amount_cents, currency, period, alert_thresholds, hard_throttle, created_at, updated_at';

const LIST_BUDGETS = `select ${COLUMNS} from budget where bucket = $1 and account_id = $2 order by id desc`;

/** In one order, so that two who lock the budgets of an account wait for each other and no more. */
const LOCK_BUDGETS = `
  select ${COLUMNS} from budget where bucket = $1 and account_id = $2 order by id for no key update`;

/** The unique key decides who of two makes the budget of a period. */
const INSERT_BUDGET_ONCE = `
  insert into budget (bucket, account_id, ${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  on conflict (bucket, account_id, period) do nothing
  returning id`;

const UPDATE_BUDGET = `
  update budget set amount_cents = $4, alert_thresholds = $5, hard_throttle = $6, updated_at = $7
  where bucket = $1 and account_id = $2 and id = $3`;

const DELETE_BUDGET = 'delete from budget where bucket = $1 and account_id = $2 and id = $3';

const LIST_BUDGETED_ACCOUNTS = `
  select b.bucket, b.account_id, a.key
  from (
    select distinct bucket, account_id from budget where (bucket, account_id) > ($1::smallint, $2::bigint)
    order by bucket, account_id limit $3) b
  join account a on a.id = b.account_id
  order by b.bucket, b.account_id`;

/** The rows of `budget`: a few for each project that has any. */
@Injectable()
export class BudgetRepository {
  constructor(private readonly database: Database) {}

  /** The newest first. */
  async list({ bucket, id }: AccountRef): Promise<Budget[]> {
    return (await this.database.query<BudgetRow>(LIST_BUDGETS, [bucket, id])).map(budgetOf);
  }

  /** All budgets of an account, nobody else changing or weighing them before the caller's transaction ends. */
  async lock(sql: Sql, { bucket, id }: AccountRef): Promise<Budget[]> {
    return (await sql.query<BudgetRow>(LOCK_BUDGETS, [bucket, id])).map(budgetOf);
  }

  /** Whether it was made; false = the account has one for this kind of period. */
  async insert(sql: Sql, { bucket, id }: AccountRef, budget: Budget): Promise<boolean> {
    const values = [budget.id, budget.amountCents, budget.currency, budget.period, budget.thresholds];
    const times = [budget.createdAt, budget.updatedAt];
    const made = await sql.query(INSERT_BUDGET_ONCE, [bucket, id, ...values, budget.hardThrottle, ...times]);
    return made.length > 0;
  }

  async update(sql: Sql, { bucket, id }: AccountRef, budget: Budget): Promise<void> {
    const values = [budget.amountCents, budget.thresholds, budget.hardThrottle, budget.updatedAt];
    await sql.query(UPDATE_BUDGET, [bucket, id, budget.id, ...values]);
  }

  async remove(sql: Sql, { bucket, id }: AccountRef, budgetId: string): Promise<void> {
    await sql.query(DELETE_BUDGET, [bucket, id, budgetId]);
  }

  /** A page of the accounts that have budgets, behind the last one of the page before. */
  async accounts(
    after: Pick<BudgetedAccount, 'bucket' | 'accountId'>,
    limit: number,
  ): Promise<BudgetedAccount[]> {
    const values = [after.bucket, after.accountId, limit];
    const rows = await this.database.query<{ bucket: number; account_id: string; key: AccountKey }>(
      LIST_BUDGETED_ACCOUNTS,
      values,
    );
    return rows.map(({ bucket, account_id, key }) => ({ bucket, accountId: parseInt(account_id, 10), key }));
  }
}

function budgetOf(row: BudgetRow): Budget {
  return {
    id: row.id,
    amountCents: BigInt(row.amount_cents),
    currency: row.currency,
    period: row.period,
    thresholds: row.alert_thresholds,
    hardThrottle: row.hard_throttle,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
