import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { Database, type Sql } from '../platform/transaction';

/** What of a project is slowed down, and why. */
export interface Throttle {
  readonly id: string;
  /** Which environments: those that are not production. */
  readonly envScope: string;
  readonly reason: string;
  readonly budgetId: string;
  /** When the period of the budget began that was spent. */
  readonly periodStart: Date;
  readonly activatedAt: Date;
}

/** Why a throttle ended. */
export type Cleared = 'new_period' | 'budget_raised' | 'budget_changed' | 'budget_deleted' | 'spend_below';

/** The only scope there is: production is never slowed down. */
export const NON_PRODUCTION = 'non-production';

interface ThrottleRow {
  id: string;
  env_scope: string;
  reason: string;
  budget_id: string;
  period_start: Date;
  activated_at: Date;
}

const COLUMNS = 'id, env_scope, reason, budget_id, period_start, activated_at';

const LIST_ACTIVE = `
  select ${COLUMNS} from throttle where bucket = $1 and account_id = $2 and cleared_at is null order by id desc`;

const LOCK_ACTIVE = `
  select ${COLUMNS} from throttle where bucket = $1 and account_id = $2 and env_scope = $3 and cleared_at is null
  for no key update`;

const ACTIVATE_ONCE = `
  insert into throttle (bucket, account_id, ${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (bucket, account_id, env_scope) where cleared_at is null do nothing`;

const CLEAR_ACTIVE = `
  update throttle set cleared_at = $4, cleared_by = $5
  where bucket = $1 and account_id = $2 and id = $3 and cleared_at is null`;

/** The rows of `throttle`. */
@Injectable()
export class ThrottleRepository {
  constructor(private readonly database: Database) {}

  /** Those in force, the newest first. */
  async active({ bucket, id }: AccountRef): Promise<Throttle[]> {
    return (await this.database.query<ThrottleRow>(LIST_ACTIVE, [bucket, id])).map(throttleOf);
  }

  /** The one in force, nobody else ending it before the caller's transaction does. */
  async lockActive(sql: Sql, { bucket, id }: AccountRef): Promise<Throttle | null> {
    const rows = await sql.query<ThrottleRow>(LOCK_ACTIVE, [bucket, id, NON_PRODUCTION]);
    return rows.map(throttleOf)[0] ?? null;
  }

  /** Puts it in force unless one is. */
  async activate(sql: Sql, { bucket, id }: AccountRef, throttle: Throttle): Promise<void> {
    const { envScope, reason, budgetId, periodStart, activatedAt } = throttle;
    const values = [throttle.id, envScope, reason, budgetId, periodStart, activatedAt];
    await sql.query(ACTIVATE_ONCE, [bucket, id, ...values]);
  }

  async clear(
    sql: Sql,
    { bucket, id }: AccountRef,
    cleared: { readonly throttle: string; readonly at: Date; readonly by: Cleared },
  ): Promise<void> {
    await sql.query(CLEAR_ACTIVE, [bucket, id, cleared.throttle, cleared.at, cleared.by]);
  }
}

function throttleOf(row: ThrottleRow): Throttle {
  return {
    id: row.id,
    envScope: row.env_scope,
    reason: row.reason,
    budgetId: row.budget_id,
    periodStart: row.period_start,
    activatedAt: row.activated_at,
  };
}
