import { Injectable } from '@nestjs/common';
import { amountOfMoney } from '../core/asset';
import { DomainError, invalid } from '../core/errors';
import { invoiceSource } from '../core/invoice-postings';
import { formatMoney, money, parseMoney } from '../core/money';
import { creditNote } from '../core/posting';
import { taxOfCreditNote } from '../core/tax';
import type { Posting } from '../core/transfer';
import { LedgerService } from '../ledger/ledger.service';
import { AccountClock } from '../platform/account-clock';
import { Audit } from '../platform/audit/audit.service';
import type { Principal } from '../platform/auth/principal';
import { BillingEvents } from '../platform/billing-events/billing-events.service';
import { Ids } from '../platform/ids';
import { keyedId } from '../platform/keyed-id';
import { Database, type Sql } from '../platform/transaction';
import { type CreditNote, CreditNoteRepository } from './credit-note.repository';
import type { CreditInvoice } from './invoice.commands';
import { InvoiceRepository } from './invoice.repository';
import { InvoiceService } from './invoice.service';
import { openOf, type StoredInvoice } from './stored-invoice';

/** Takes amounts off final invoices: first off what is unpaid, the rest is given back. The invoice itself stays as it is. */
@Injectable()
export class CreditNoteService {
  constructor(
    private readonly notes: CreditNoteRepository,
    private readonly invoices: InvoiceService,
    private readonly stored: InvoiceRepository,
    private readonly ledger: LedgerService,
    private readonly events: BillingEvents,
    private readonly audit: Audit,
    private readonly ids: Ids,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  /** Of an invoice, oldest first. Throws `not-found`. */
  async list(caller: Principal, invoiceId: string): Promise<{ invoice: StoredInvoice; notes: CreditNote[] }> {
    const invoice = await this.invoices.get(caller, invoiceId);
    return { invoice, notes: await this.notes.ofInvoice(invoice) };
  }

  /**
   * Gives a note. Its tax is in proportion, and the last one takes what is left, so that all notes together take the tax of
   * the invoice (pricing rule 17). An idempotency key is the invoice's: the same again answers the note it once gave. Throws
   * `failed-precondition` unless the invoice is final, `invalid-argument` for more than is left of it.
   */
  async give(
    caller: Principal,
    invoiceId: string,
    { idempotencyKey, ...wanted }: CreditInvoice & { idempotencyKey: string | null },
  ): Promise<{ invoice: StoredInvoice; note: CreditNote }> {
    const found = await this.invoices.get(caller, invoiceId);
    const id =
      idempotencyKey === null ? this.ids.uuidv7() : keyedId('credit-note', invoiceId, idempotencyKey);
    return this.database.transaction(async (tx) => {
      await this.ledger.lockAccount(tx, found.account);
      const invoice = await this.stored.reread(tx, found);
      const before = await this.notes.ofInvoice(invoice, tx);
      const known = before.find((note) => note.id === id);
      if (known) return { invoice, note: known };
      const note = computeNote(invoice, before, { ...wanted, id });
      await this.#write(tx, invoice, { note, caller });
      const notes = await this.notes.ofInvoice(invoice, tx);
      const written = notes.find((each) => each.id === id)!;
      return { invoice: await this.stored.reread(tx, invoice), note: written };
    });
  }

  async #write(
    tx: Sql,
    invoice: StoredInvoice,
    { note, caller }: { note: Omit<CreditNote, 'createdAt'>; caller: Principal },
  ): Promise<void> {
    const { account, currency } = invoice;
    const at = this.clock.now(account);
    await this.ledger.post(tx, account, postingsOf(invoice, note, at));
    await this.notes.insert(tx, invoice, note);
    const isSettled = openOf(invoice) === note.unpaid;
    const status = invoice.status === 'finalised' && isSettled ? 'paid' : invoice.status;
    await this.stored.update(tx, invoice, { status, credited: note.unpaid, at });
    const text = (minor: bigint): string => formatMoney(money(minor, currency!));
    const data = {
      ...{ credit_note: note.id, invoice: invoice.id, account: account.key, currency },
      ...{ net: text(note.net), tax: text(note.tax), given_back: text(note.paid) },
    };
    await this.events.emit(tx, account, { type: 'invoice.credited', key: `credit-note:${note.id}`, data });
    const entry = { action: 'invoice.credited', subject: `invoice:${invoice.id}`, after: data };
    await this.audit.write(tx, { account, actor: caller, ...entry, reason: note.reason });
  }
}

function computeNote(
  invoice: StoredInvoice,
  before: readonly CreditNote[],
  wanted: CreditInvoice & { id: string },
): Omit<CreditNote, 'createdAt'> {
  if (invoice.status !== 'finalised' && invoice.status !== 'paid') {
    throw new DomainError('failed-precondition', 'Only a final invoice is credited');
  }
  const net = invoice.total - invoice.tax;
  const credited = {
    net: before.reduce((sum, note) => sum + note.net, 0n),
    tax: before.reduce((sum, note) => sum + note.tax, 0n),
  };
  const left = net - credited.net;
  const amount =
    wanted.net_amount === undefined
      ? left
      : parseMoney(wanted.net_amount, invoice.currency!, 'net_amount').minor;
  if (amount <= 0n || amount > left) {
    throw invalid(
      'net_amount',
      `must be above zero and at most ${formatMoney(money(left, invoice.currency!))}, what is left`,
    );
  }
  const tax = taxOfCreditNote({ net, tax: invoice.tax }, credited, amount);
  const [open, total] = [openOf(invoice), amount + tax];
  const unpaid = open < total ? open : total;
  const { id, reason } = wanted;
  return { id, invoiceId: invoice.id, net: amount, tax, unpaid, paid: total - unpaid, reason };
}

/** The unpaid part lowers the settlement, the paid part says what was refunded; the tax goes with the first of them. */
function postingsOf(
  { id: invoiceId, currency }: StoredInvoice,
  note: Omit<CreditNote, 'createdAt'>,
  at: Date,
): Posting[] {
  const amountOf = (minor: bigint) => amountOfMoney(money(minor, currency!));
  const fact = { asset: currency!, source: `${invoiceSource(invoiceId)}/credit-note:${note.id}`, at };
  const unpaidTax = note.tax < note.unpaid ? note.tax : note.unpaid;
  const parts = [
    { lowers: 'unpaid' as const, net: note.unpaid - unpaidTax, tax: unpaidTax },
    { lowers: 'paid' as const, net: note.paid - (note.tax - unpaidTax), tax: note.tax - unpaidTax },
  ];
  return parts.flatMap(({ lowers, net, tax }) =>
    creditNote({ ...fact, net: amountOf(net), tax: amountOf(tax) }, lowers),
  );
}
