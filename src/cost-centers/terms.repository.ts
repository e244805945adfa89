import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { discountsToJson, parseDiscounts, parseTaxes, taxesToJson } from '../core/agreement-shape';
import { formatQuantity, parseQuantity } from '../core/quantity';
import type { Agreement, TermsVersion } from '../core/terms';
import type { Sql } from '../platform/transaction';

const READ_TERMS = `
  select account_id, version, valid_from, plan_version_id, trial_ends_at, overrides::text as overrides, taxes, discounts, invoice_at
  from terms where bucket = $1 and account_id = any($2::bigint[]) order by account_id, version`;

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
    const rows = await sql.query<TermsRow>(READ_TERMS, [bucket, accountIds]);
    const byAccount = new Map<number, TermsVersion[]>(accountIds.map((id) => [id, []]));
    for (const row of rows) byAccount.get(Number(row.account_id))!.push(termsOf(row));
    return byAccount;
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
