import { Inject, Injectable } from '@nestjs/common';
import { AccountService } from '../cost-centers/account.service';
import type { Principal } from '../platform/auth/principal';
import { CONFIG, type Config } from '../platform/config';
import { type InvoiceDocument, invoiceDocument, type Seller } from './invoice-document';
import { invoicePdf } from './invoice-pdf';
import { InvoiceService } from './invoice.service';
import { PdfFonts } from './pdf-fonts';

/** Invoices as people read them. */
@Injectable()
export class InvoiceDocuments {
  readonly #seller: Seller;
  readonly #fonts: PdfFonts;

  /** Throws when INVOICE_FONT is no font, so that the start says it and not the first invoice. */
  constructor(
    private readonly invoices: InvoiceService,
    private readonly accounts: AccountService,
    @Inject(CONFIG) config: Config,
  ) {
    this.#seller = config.invoiceSeller;
    this.#fonts = PdfFonts.load(config.invoiceFont);
  }

  /** Throws `not-found` for an invoice that does not exist or is not the caller's. */
  async read(caller: Principal, id: string): Promise<InvoiceDocument> {
    const read = await this.invoices.read(caller, id);
    const { id: accountId } = read.invoice.account;
    const account = (await this.accounts.byIds([accountId])).get(accountId)!;
    return invoiceDocument(read, { account, seller: this.#seller });
  }

  pdf(document: InvoiceDocument): Promise<Buffer> {
    return invoicePdf(document, this.#fonts);
  }
}
