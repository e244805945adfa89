import { Controller, Get, Header, Param, type StreamableFile } from '@nestjs/common';
import { z } from 'zod';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { InvoicePath } from './invoice.commands';
import { InvoiceDocuments } from './invoice-document.service';
import { toRestInvoiceHtml, toRestInvoicePdf } from './invoice-document.wire';
import { INVOICE_PAGE_POLICY } from './invoice-html';
import { fromRestInvoiceId } from './invoice.wire';

/** Invoices for people, as a page and as a file. */
@Controller('api/v1/invoices/:id')
export class InvoiceDocumentController {
  constructor(private readonly documents: InvoiceDocuments) {}

  @Get('html')
  @RequireScope('billing:read')
  @Header('content-security-policy', INVOICE_PAGE_POLICY)
  @Header('x-content-type-options', 'nosniff')
  @Header('cache-control', 'private, no-cache')
  @ApiDoor({
    name: 'getInvoiceHtml',
    tag: 'billing',
    summary: 'Shows an invoice as a page to read and print',
    description: 'The page loads nothing and runs nothing. A draft is marked as one.',
    path: InvoicePath,
    answers: { 200: z.string() },
    answerType: 'text/html',
    errors: ['not-found'],
  })
  async html(@CurrentPrincipal() caller: Principal, @Param() path: unknown): Promise<StreamableFile> {
    return toRestInvoiceHtml(await this.documents.read(caller, fromRestInvoiceId(path)));
  }

  @Get('pdf')
  @RequireScope('billing:read')
  @Header('x-content-type-options', 'nosniff')
  @Header('cache-control', 'private, no-cache')
  @ApiDoor({
    name: 'getInvoicePdf',
    tag: 'billing',
    summary: 'Gives an invoice as a PDF',
    description: 'The same invoice is the same file, byte for byte. A draft is marked as one.',
    path: InvoicePath,
    answers: { 200: z.string().meta({ format: 'binary' }) },
    answerType: 'application/pdf',
    errors: ['not-found'],
  })
  async pdf(@CurrentPrincipal() caller: Principal, @Param() path: unknown): Promise<StreamableFile> {
    const document = await this.documents.read(caller, fromRestInvoiceId(path));
    return toRestInvoicePdf(document, await this.documents.pdf(document));
  }
}
