import { Injectable } from '@nestjs/common';
import { amountOfMoney, parseAmount } from '../core/asset';
import type { AccountKey } from '../core/account-key';
import { DomainError, invalid } from '../core/errors';
import { invoiceSource } from '../core/invoice-postings';
import type { InvoiceStatus } from '../core/invoice';
import { formatMoney, money, parseMoney } from '../core/money';
import { quantity } from '../core/quantity';
import { payment, uncollectible } from '../core/posting';
import { reversalOf } from '../core/transfer';
import { AccountService } from '../cost-centers/account.service';
import { GrantService } from '../ledger/grant.service';
import { LedgerService } from '../ledger/ledger.service';
import type { Position } from '../ledger/newest-first';
import { AccountClock } from '../platform/account-clock';
import { Audit } from '../platform/audit/audit.service';
import { mayUseAccount, requireAccount, type Principal } from '../platform/auth/principal';
import { BillingEvents } from '../platform/billing-events/billing-events.service';
import { keyedId } from '../platform/keyed-id';
import { Database, type Sql } from '../platform/transaction';
import { LateUsage } from '../usage/late-usage.service';
import type { PayInvoice } from './invoice.commands';
import { DraftRepository } from './draft.repository';
import { InvoiceRepository } from './invoice.repository';
import { InvoiceRun } from './invoice-run.service';
import { openOf, type StoredInvoice, type StoredInvoiceLine } from './stored-invoice';

/** An invoice with its lines. */
export interface InvoiceWithLines {
  readonly invoice: StoredInvoice;
  readonly lines: readonly StoredInvoiceLine[];
}

/** What people do with invoices. Every change takes the account's lock and reads the invoice again after it. */
@Injectable()
export class InvoiceService {
  constructor(
    private readonly invoices: InvoiceRepository,
    private readonly drafts: DraftRepository,
    private readonly run: InvoiceRun,
    private readonly accounts: AccountService,
    private readonly ledger: LedgerService,
    private readonly grants: GrantService,
    private readonly late: LateUsage,
    private readonly events: BillingEvents,
    private readonly audit: Audit,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  /** Throws `not-found` for an invoice that does not exist or is not the caller's. */
  async get(caller: Principal, id: string): Promise<StoredInvoice> {
    const invoice = await this.invoices.find(id);
    if (!invoice || !mayUseAccount(caller, invoice.account.key)) {
      throw new DomainError('not-found', 'There is no such invoice');
    }
    return invoice;
  }

  async read(caller: Principal, id: string): Promise<InvoiceWithLines> {
    const invoice = await this.get(caller, id);
    return { invoice, lines: await this.invoices.lines(invoice) };
  }

  /** Of an account, newest first. Throws `not-found` for an account that is not there or not the caller's. */
  async list(
    caller: Principal,
    key: AccountKey,
    page: { after: Position | null; limit: number; status: InvoiceStatus | null },
  ): Promise<StoredInvoice[]> {
    return this.invoices.list(await this.accounts.getFor(caller, key), page);
  }

  /** The newest hundred of an account, and what time it is for it; none of an account nothing is known of. Throws `forbidden`. */
  async newestOf(caller: Principal, key: AccountKey): Promise<{ invoices: StoredInvoice[]; now: Date }> {
    requireAccount(caller, key);
    const account = await this.accounts.find(key);
    if (account === null) return { invoices: [], now: new Date(0) };
    const page = { after: null, limit: NEWEST, status: null };
    return { invoices: await this.invoices.list(account, page), now: this.clock.now(account) };
  }

  /**
   * Makes a draft final now, whatever is left of its grace. Throws `failed-precondition` when it is final already, or older
   * drafts of the account are not. A draft that turns out to bill nothing is dropped: `not-found` from then on.
   */
  async finalise(caller: Principal, id: string): Promise<InvoiceWithLines> {
    const found = await this.get(caller, id);
    await this.#change(found, async (tx, invoice) => {
      requireStatus(invoice, ['draft'], 'made final');
      if (invoice.period.to > this.clock.now(invoice.account).getTime() && invoice.kind === 'period') {
        throw precondition('The period of the invoice is not over');
      }
      if (await this.drafts.hasOlder(tx, invoice)) {
        throw precondition('An older draft of the account is not final yet');
      }
      const drafts = [invoice];
      await this.run.finaliseDrafts(tx, invoice.account.bucket, { drafts, actor: caller });
    });
    await this.run.giveNumbers();
    return this.read(caller, id);
  }

  /**
   * Takes a final invoice back, and the grants that paid for it; what it billed is billed by the next one. Throws
   * `failed-precondition` for one that anything was paid of or credited.
   */
  async void(caller: Principal, id: string, reason: string): Promise<InvoiceWithLines> {
    const found = await this.get(caller, id);
    const lines = await this.invoices.lines(found);
    await this.#change(found, async (tx, invoice, at) => {
      requireStatus(invoice, ['finalised'], 'voided');
      if (invoice.paid > 0n || invoice.credited > 0n) {
        throw precondition('The invoice is paid or credited in part: give a credit note instead');
      }
      const { account } = invoice;
      const source = `${invoiceSource(id)}/void`;
      await this.grants.giveBack(tx, account, { asset: invoice.currency!, source: invoiceSource(id), at });
      const posted = await this.ledger.ofSource(account, invoiceSource(id), tx);
      const own = posted.filter(
        ({ kind }) => kind === 'charge' || kind === 'invoice' || kind === 'adjustment',
      );
      await this.ledger.post(
        tx,
        account,
        own.map((transfer) => reversalOf(transfer, { source, at })),
      );
      await this.late.mark(
        tx,
        lines.map(({ period }) => ({ bucket: account.bucket, accountId: account.id, from: period.from })),
      );
      await this.#moveTo(tx, invoice, { status: 'void', at, actor: caller, reason });
    });
    return this.read(caller, id);
  }

  /** Gives up what is open. Throws `failed-precondition` unless the invoice is final and unpaid. */
  async writeOff(caller: Principal, id: string, reason: string): Promise<InvoiceWithLines> {
    const found = await this.get(caller, id);
    await this.#change(found, async (tx, invoice, at) => {
      requireStatus(invoice, ['finalised'], 'written off');
      const open = openOf(invoice);
      const amount = amountOfMoney(money(open, invoice.currency!));
      const source = invoiceSource(id);
      await this.ledger.post(tx, invoice.account, [
        uncollectible({ asset: invoice.currency!, amount, source, at }),
      ]);
      await this.#moveTo(tx, invoice, {
        status: 'uncollectible',
        at,
        writtenOff: open,
        actor: caller,
        reason,
      });
    });
    return this.read(caller, id);
  }

  /**
   * Notes a payment. The same reference again is one payment; what is paid beyond what is open becomes a prepaid grant.
   * Throws `failed-precondition` unless the invoice is final, `invalid-argument` for an amount that is none, `conflict` when
   * the reference stands with another amount.
   */
  async pay(caller: Principal, id: string, wanted: PayInvoice): Promise<InvoiceWithLines> {
    const found = await this.get(caller, id);
    await this.#change(found, async (tx, invoice, now) => {
      requireStatus(invoice, ['finalised', 'paid'], 'paid');
      const source = `${invoiceSource(id)}/payment:${encodeURIComponent(wanted.reference)}`;
      if (await this.#isPaidBefore(tx, invoice, { source, wanted })) return;
      const open = openOf(invoice);
      const given = wanted.amount === undefined ? open : parseMoney(wanted.amount, invoice.currency!).minor;
      if (given <= 0n) throw invalid('amount', 'must be above zero');
      await this.#post(tx, invoice, { source, given, open, at: wanted.paidAt ?? now });
      const paid = given < open ? given : open;
      const status = paid === open ? 'paid' : 'finalised';
      await this.#moveTo(tx, invoice, { status, at: now, paid, actor: caller, reason: wanted.reference });
    });
    return this.read(caller, id);
  }

  async #isPaidBefore(
    tx: Sql,
    { account, currency }: StoredInvoice,
    { source, wanted }: { source: string; wanted: PayInvoice },
  ): Promise<boolean> {
    const sources = [source, `grant:${overpaidId(source)}`];
    const earlier = [];
    for (const each of sources) earlier.push(...(await this.ledger.ofSource(account, each, tx)));
    if (earlier.length === 0) return false;
    const given = quantity(earlier.reduce((sum, { amount }) => sum + amount, 0n));
    if (wanted.amount === undefined || given === parseAmount(wanted.amount, currency!)) return true;
    throw new DomainError('conflict', 'The reference stands for a payment of another amount');
  }

  async #post(
    tx: Sql,
    { account, currency }: StoredInvoice,
    { source, given, open, at }: { source: string; given: bigint; open: bigint; at: Date },
  ): Promise<void> {
    const amountOf = (minor: bigint) => amountOfMoney(money(minor, currency!));
    const settled = given < open ? given : open;
    if (settled > 0n) {
      await this.ledger.post(tx, account, [
        payment({ asset: currency!, amount: amountOf(settled), source, at }),
      ]);
    }
    if (given === settled) return;
    await this.grants.issue(tx, account, {
      ...{ id: overpaidId(source), asset: currency!, kind: 'prepaid', at, priority: 0, expiresAt: null },
      ...{ amount: amountOf(given - settled), description: 'Paid beyond what an invoice was open for' },
    });
  }

  async #change(
    { account, id }: StoredInvoice,
    work: (tx: Sql, invoice: StoredInvoice, now: Date) => Promise<void>,
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.ledger.lockAccount(tx, account);
      const invoice = await this.invoices.find(id, tx);
      if (!invoice) throw new DomainError('not-found', 'There is no such invoice');
      await work(tx, invoice, this.clock.now(account));
    });
  }

  async #moveTo(
    tx: Sql,
    invoice: StoredInvoice,
    change: {
      status: 'finalised' | 'paid' | 'void' | 'uncollectible';
      at: Date;
      paid?: bigint;
      writtenOff?: bigint;
      actor: Principal;
      reason: string;
    },
  ): Promise<void> {
    const { account, id } = invoice;
    const { status, actor, reason } = change;
    await this.invoices.update(tx, invoice, change);
    const open = openOf(await this.invoices.reread(tx, invoice));
    const told = {
      invoice: id,
      account: account.key,
      status,
      amount_due: formatMoney(money(open, invoice.currency!)),
    };
    if (status !== 'finalised') {
      await this.events.emit(tx, account, {
        type: `invoice.${EVENTS[status]}`,
        key: `invoice:${id}:${status}`,
        data: told,
      });
    }
    const before = {
      status: invoice.status,
      amount_due: formatMoney(money(openOf(invoice), invoice.currency!)),
    };
    const entry = {
      action: `invoice.${ACTIONS[status]}`,
      subject: `invoice:${id}`,
      before,
      after: told,
      reason,
    };
    await this.audit.write(tx, { account, actor, ...entry });
  }
}

const NEWEST = 100;

const overpaidId = (source: string): string => keyedId('overpaid', source);

const EVENTS = { paid: 'paid', void: 'voided', uncollectible: 'uncollectible' } as const;
const ACTIONS = { ...EVENTS, finalised: 'paid' } as const;

function requireStatus({ status }: StoredInvoice, allowed: readonly InvoiceStatus[], what: string): void {
  if (!allowed.includes(status)) throw precondition(`The invoice is ${WORDS[status]} and cannot be ${what}`);
}

const WORDS: Record<InvoiceStatus, string> = {
  draft: 'a draft',
  finalised: 'final',
  paid: 'paid',
  void: 'void',
  uncollectible: 'uncollectible',
};

function precondition(message: string): DomainError {
  return new DomainError('failed-precondition', message);
}
