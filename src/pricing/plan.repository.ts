import { Injectable } from '@nestjs/common';
import type { Plan, PlanOffer, PlanSource } from '../core/plan';
import { parsePlanWording, planLabelsToJson, wholeWordingToJson } from '../core/plan-shape';
import { Database, type Sql } from '../platform/transaction';
import type { OfferedPlan, StoredPlanVersion } from './stored-plan';

interface VersionRow {
  id: number;
  plan_key: string;
  version: number;
  currency: string;
  interval_unit: string;
  interval_count: number;
  trial_days: number;
  base_fee: unknown;
  prices: unknown;
  allowances: unknown;
  entitlements: unknown;
  created_at: Date;
}

interface PlanRow extends VersionRow {
  name: string;
  description: string;
  features: string[];
  attributes: Record<string, string>;
  source: PlanSource;
  position: number;
  is_active: boolean;
}

/** Where a page of the list begins: behind this plan. */
export interface PlanPosition {
  readonly position: number;
  readonly key: string;
}

const VERSION_COLUMNS = `id, plan_key, version, currency, interval_unit, interval_count, trial_days, base_fee, prices,
  allowances, entitlements, created_at`;

/** A plan and its first version are made in one transaction, so nobody sees one without the other. */
const OFFERED = `
  select p.name, p.description, p.features, p.attributes, p.source, p.position, p.is_active, v.*
  from plan p
  cross join lateral (
    select ${VERSION_COLUMNS} from plan_version where plan_key = p.key order by version desc limit 1) v`;

const FIND_PLAN = `${OFFERED} where p.key = $1`;

const LIST_PLANS = `${OFFERED} where (p.position, p.key) > ($1::int, $2::text) order by p.position, p.key limit $3`;

const LIST_ACTIVE_PLANS_OF = `${OFFERED} where p.source = $1 and p.is_active order by p.position, p.key`;

const FIND_VERSION = `select ${VERSION_COLUMNS} from plan_version where id = $1`;

const LIST_VERSIONS = `
  select ${VERSION_COLUMNS} from plan_version where plan_key = $1 and version < $2 order by version desc limit $3`;

const KEYS_OF = 'select key from plan where key = any ($1::text[])';

/** Whoever comes second waits for the first and then finds his row; `returning` tells which of the two he was. */
const MAKE_PLAN_ONCE = `
  insert into plan (key, name, description, features, attributes, source, position)
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (key) do nothing
  returning key`;

/** Versions of one plan are appended one after the other. */
const LOCK_PLAN = 'select key from plan where key = $1 for update';

const APPEND_VERSION = `
  insert into plan_version (plan_key, version, currency, interval_unit, interval_count, trial_days, base_fee, prices, allowances,
    entitlements)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;

const RELABEL_PLAN = `
  update plan set name = $2, description = $3, features = $4, attributes = $5, source = $6, position = $7, is_active = true
  where key = $1`;

const RETIRE_PLAN = 'update plan set is_active = false where key = $1 and is_active';

@Injectable()
export class PlanRepository {
  constructor(private readonly database: Database) {}

  async find(key: string, sql: Sql = this.database): Promise<OfferedPlan | null> {
    return (await sql.query<PlanRow>(FIND_PLAN, [key])).map(offeredPlanOf)[0] ?? null;
  }

  /** By position, then by key; retired ones among them. */
  async list(after: PlanPosition | null, limit: number): Promise<OfferedPlan[]> {
    const { position, key } = after ?? { position: -1, key: '' };
    return (await this.database.query<PlanRow>(LIST_PLANS, [position, key, limit])).map(offeredPlanOf);
  }

  async listActiveOf(source: PlanSource): Promise<OfferedPlan[]> {
    return (await this.database.query<PlanRow>(LIST_ACTIVE_PLANS_OF, [source])).map(offeredPlanOf);
  }

  async findVersion(id: number): Promise<StoredPlanVersion | null> {
    return (await this.database.query<VersionRow>(FIND_VERSION, [id])).map(versionOf)[0] ?? null;
  }

  /** Versions below `before`, the newest first. */
  async versions(key: string, page: { before: number; limit: number }): Promise<StoredPlanVersion[]> {
    const values = [key, page.before, page.limit];
    return (await this.database.query<VersionRow>(LIST_VERSIONS, values)).map(versionOf);
  }

  /** Those of the keys that are taken. */
  async taken(keys: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set((await this.database.query<{ key: string }>(KEYS_OF, [keys])).map(({ key }) => key));
  }

  /** Makes the plan, without a version yet, unless its key is taken; answers whether it did. */
  async make(plan: Plan, tx: Sql): Promise<boolean> {
    return (await tx.query(MAKE_PLAN_ONCE, labelValues(plan))).length > 0;
  }

  /** From here to the end of the transaction nobody else changes the plan or appends to it. */
  async lock(key: string, tx: Sql): Promise<void> {
    await tx.query(LOCK_PLAN, [key]);
  }

  async append(offer: PlanOffer, version: number, tx: Sql): Promise<void> {
    const { base_fee: baseFee, prices, allowances, entitlements } = wholeWordingToJson(offer);
    await tx.query(APPEND_VERSION, [
      ...[offer.key, version, offer.currency, offer.interval, offer.count, offer.trialDays],
      baseFee === null ? null : JSON.stringify(baseFee),
      ...[prices, allowances, entitlements].map((member) => JSON.stringify(member)),
    ]);
  }

  /** Changes the words of a plan and offers it again if it was retired. */
  async relabel(plan: Plan, tx: Sql): Promise<void> {
    await tx.query(RELABEL_PLAN, labelValues(plan));
  }

  async retire(key: string, tx: Sql): Promise<void> {
    await tx.query(RETIRE_PLAN, [key]);
  }
}

function labelValues(plan: Plan): unknown[] {
  const { key, name, description, features, attributes, source, position } = planLabelsToJson(plan);
  return [key, name, description, JSON.stringify(features), JSON.stringify(attributes), source, position];
}

function offeredPlanOf(row: PlanRow): OfferedPlan {
  const {
    plan_key: key,
    name,
    description,
    features,
    attributes,
    source,
    position,
    is_active: isActive,
  } = row;
  const plan: Plan = { key, name, description, features, attributes, source, position };
  return { plan, isActive, latest: versionOf(row) };
}

function versionOf(row: VersionRow): StoredPlanVersion {
  const wording = parsePlanWording({
    currency: row.currency,
    interval: row.interval_unit,
    interval_count: row.interval_count,
    trial_days: row.trial_days,
    base_fee: row.base_fee,
    prices: row.prices,
    allowances: row.allowances,
    entitlements: row.entitlements,
  });
  return { ...wording, id: row.id, plan: row.plan_key, version: row.version, createdAt: row.created_at };
}
