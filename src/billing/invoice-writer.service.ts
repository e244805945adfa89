import { Injectable } from '@nestjs/common';
import { amountOfMoney, moneyOfAmount } from '../core/asset';
import { invoiceSource, postingsOfInvoice } from '../core/invoice-postings';
import { formatMoney, money } from '../core/money';
import { quantity } from '../core/quantity';
import { GrantService } from '../ledger/grant.service';
import { LedgerService } from '../ledger/ledger.service';
import { Audit, type AuditWrite } from '../platform/audit/audit.service';
import type { Principal } from '../platform/auth/principal';
import { BillingEvents } from '../platform/billing-events/billing-events.service';
import { keyedId } from '../platform/keyed-id';
import type { Sql } from '../platform/transaction';
import { finalInvoice, type InvoicePlan } from './invoice-plan';
import { InvoiceRepository } from './invoice.repository';
import type { FinalInvoice } from './stored-invoice';

/** A plan and the draft it makes final. */
export interface PlannedInvoice {
  readonly id: string;
  readonly plan: InvoicePlan;
  /** Now, for the account. */
  readonly at: Date;
}

/** Writes final invoices with everything that follows from them, for many accounts of one bucket at once. */
@Injectable()
export class InvoiceWriter {
  constructor(
    private readonly invoices: InvoiceRepository,
    private readonly ledger: LedgerService,
    private readonly grants: GrantService,
    private readonly events: BillingEvents,
    private readonly audit: Audit,
  ) {}

  /** The caller holds the accounts' locks; each account is named once. */
  async write(
    sql: Sql,
    bucket: number,
    { planned, actor }: { planned: readonly PlannedInvoice[]; actor: Principal | string },
  ): Promise<FinalInvoice[]> {
    if (planned.length === 0) return [];
    await this.ledger.postAll(
      sql,
      bucket,
      planned.map(({ id, plan, at }) => ({
        account: plan.facts.claim.account,
        postings: postingsOfInvoice({ id, at, currency: plan.currency, totals: plan.totals }),
      })),
    );
    const granted = await this.#drawGrants(sql, bucket, planned);
    await this.#carryOver(sql, planned);
    const invoices = planned.map(({ id, plan, at }) =>
      finalInvoice(plan, { id, at, granted: granted.get(id) ?? 0n }),
    );
    await this.invoices.finalise(sql, bucket, invoices);
    await this.#tell(sql, planned, { invoices, actor });
    return invoices;
  }

  /** Grants pay after tax (pricing rule 9); what each invoice was given, in minor units. */
  async #drawGrants(
    sql: Sql,
    bucket: number,
    planned: readonly PlannedInvoice[],
  ): Promise<Map<string, bigint>> {
    const granted = new Map<string, bigint>();
    const payable = planned.filter(({ plan }) => plan.totals.total > 0n);
    const ids = payable.map(({ plan }) => plan.facts.claim.account.id);
    const holders = await this.grants.holders(sql, bucket, ids);
    for (const { id, plan, at } of payable) {
      const { account } = plan.facts.claim;
      if (!holders.has(account.id)) continue;
      const { currency, totals } = plan;
      const amount = amountOfMoney(money(totals.total, currency));
      const parts = await this.grants.draw(sql, account, {
        asset: currency,
        amount,
        source: invoiceSource(id),
        at,
      });
      const sum = quantity(parts.reduce((total, part) => total + part.amount, 0n));
      granted.set(id, moneyOfAmount(sum, currency).minor);
    }
    return granted;
  }

  /** What an invoice gives back beyond what it bills pays for later ones (pricing rule 9c). */
  async #carryOver(sql: Sql, planned: readonly PlannedInvoice[]): Promise<void> {
    for (const { id, plan, at } of planned) {
      const { currency, totals, facts } = plan;
      if (totals.total >= 0n) continue;
      await this.grants.issue(sql, facts.claim.account, {
        ...{ id: keyedId('carried', id), asset: currency, kind: 'carried', at, priority: 0, expiresAt: null },
        amount: amountOfMoney(money(-totals.total, currency)),
        description: 'Given back by an invoice',
      });
    }
  }

  async #tell(
    sql: Sql,
    planned: readonly PlannedInvoice[],
    { invoices, actor }: { invoices: readonly FinalInvoice[]; actor: Principal | string },
  ): Promise<void> {
    const told = invoices.map((invoice, i) => ({
      invoice,
      account: planned[i]!.plan.facts.claim.account,
      data: dataOf(invoice, planned[i]!.plan),
    }));
    await this.events.emitAll(
      sql,
      told.flatMap(({ invoice, account, data }) => {
        const types = invoice.status === 'paid' ? ['finalised', 'paid'] : ['finalised'];
        return types.map((type) => ({
          ...{ account, type: `invoice.${type}`, key: `invoice:${invoice.id}:${type}`, data },
        }));
      }),
    );
    await this.audit.writeAll(
      sql,
      told.map(({ invoice, account, data }): AuditWrite => ({
        ...{ account, actor, action: 'invoice.finalised', subject: `invoice:${invoice.id}`, after: data },
      })),
    );
  }
}

function dataOf(invoice: FinalInvoice, { facts: { claim } }: InvoicePlan): Record<string, unknown> {
  const { id, currency, total, granted, carried, status } = invoice;
  const text = (minor: bigint): string => formatMoney(money(minor, currency));
  return {
    ...{ invoice: id, account: claim.account.key, kind: claim.kind, status, currency },
    period_start: new Date(claim.period.from).toISOString(),
    period_end: new Date(claim.period.to).toISOString(),
    ...{ total: text(total), amount_due: text(total + carried - granted) },
  };
}
