import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { discountsToJson, parseDiscounts, parseTaxes, taxesToJson } from '../core/agreement-shape';
import { formatQuantity, parseQuantity } from '../core/quantity';
import type { Agreement, TermsVersion } from '../core/terms';
import type { Sql } from '../platform/transaction';

const READ_TERMS = `
  select account_id, version, valid_from, plan_version_id, trial_ends_at, overrides::text as overrides, taxes, discounts, invoice_at
  from terms where bucket = $1 and account_id = any($2::bigint[]) order by account_id, version`;

const READ_TERMS_OF_MANY = `
  select t.account_id, t.version, t.valid_from, t.plan_version_id, t.trial_ends_at, t.overrides::text as overrides, t.taxes,
    t.discounts, t.invoice_at
  from unnest($1::smallint[], $2::bigint[]) a(bucket, id)
  join terms t on t.bucket = a.bucket and t.account_id = a.id
  order by t.account_id, t.version`;

/** The calendar goes on from version to version. Whoever appends holds the account's lock. */
const APPEND_TERMS = `
  insert into terms (bucket, account_id, version, valid_from, anchor, interval_unit, interval_count, time_zone,
    plan_version_id, trial_ends_at, overrides, taxes, discounts, invoice_at)
  select bucket, account_id, version + 1, $3, anchor, interval_unit, interval_count, time_zone, $4, $5, $6, $7, $8, $9
  from terms where bucket = $1 and account_id = $2 order by version desc limit 1
  returning version`;

interface TermsRow {
  account_id: string;
  version: number;
  valid_from: Date;
  plan_version_id: number | null;
  trial_ends_at: Date | null;
  overrides: string | null;
  taxes: unknown;
  discounts: unknown;
  invoice_at: string | null;
}

/** The versions of what accounts agreed to. */
@Injectable()
export class TermsRepository {
  /** Of accounts of one bucket, by their ids, each oldest first. */
  async read(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<Map<number, TermsVersion[]>> {
    return byAccount(accountIds, await sql.query<TermsRow>(READ_TERMS, [bucket, accountIds]));
  }

  /** Of any accounts, by their ids, each oldest first. */
  async readMany(sql: Sql, accounts: readonly AccountRef[]): Promise<Map<number, TermsVersion[]>> {
    const ids = accounts.map(({ id }) => id);
    const values = [accounts.map(({ bucket }) => bucket), ids];
    return byAccount(ids, await sql.query<TermsRow>(READ_TERMS_OF_MANY, values));
  }

  /** Answers the number of the new version. */
  async append(sql: Sql, account: AccountRef, terms: Agreement & { validFrom: number }): Promise<number> {
    const { validFrom, planVersionId, trialEndsAt, overrides, taxes, discounts, invoiceAt } = terms;
    const [row] = await sql.query<{ version: number }>(APPEND_TERMS, [
      account.bucket,
      account.id,
      new Date(validFrom),
      planVersionId,
      trialEndsAt === null ? null : new Date(trialEndsAt),
      overrides,
      JSON.stringify(taxesToJson(taxes)),
      JSON.stringify(discountsToJson(discounts)),
      invoiceAt === null ? null : formatQuantity(invoiceAt),
    ]);
    return row!.version;
  }
}

function byAccount(ids: readonly number[], rows: readonly TermsRow[]): Map<number, TermsVersion[]> {
  const versions = new Map<number, TermsVersion[]>(ids.map((id) => [id, []]));
  for (const row of rows) versions.get(Number(row.account_id))!.push(termsOf(row));
  return versions;
}

/** Most accounts have neither, and a batch reads many. */
const isEmpty = (json: unknown): boolean => Array.isArray(json) && json.length === 0;

function termsOf(row: TermsRow): TermsVersion {
  return {
    version: row.version,
    validFrom: row.valid_from.getTime(),
    planVersionId: row.plan_version_id,
    trialEndsAt: row.trial_ends_at?.getTime() ?? null,
    overrides: row.overrides,
    taxes: isEmpty(row.taxes) ? [] : parseTaxes(row.taxes),
    discounts: isEmpty(row.discounts) ? [] : parseDiscounts(row.discounts),
    invoiceAt: row.invoice_at === null ? null : parseQuantity(row.invoice_at),
  };
}
