import { Body, Controller, Get, Headers, Param, Post } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import { ApiDoor } from '../platform/doors/open-api-door';
import { CreditNoteService } from './credit-note.service';
import {
  CreditNoteAnswer,
  CreditNotesAnswer,
  fromRestGiveCreditNote,
  toRestCreditNote,
} from './credit-note.wire';
import { CreditNoteBody, InvoicePath } from './invoice.commands';
import { fromRestInvoiceId } from './invoice.wire';

@Controller('api/v1/invoices/:id/credit-notes')
export class CreditNoteController {
  constructor(private readonly notes: CreditNoteService) {}

  @Get()
  @RequireScope('billing:read')
  @ApiDoor({
    name: 'listCreditNotes',
    tag: 'billing',
    summary: 'Lists the credit notes of an invoice, oldest first',
    path: InvoicePath,
    answers: { 200: CreditNotesAnswer },
    errors: ['not-found'],
  })
  async list(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    const { invoice, notes } = await this.notes.list(caller, fromRestInvoiceId(path));
    return { items: notes.map((note) => toRestCreditNote(note, invoice)) };
  }

  /** Takes an amount off a final invoice. */
  @Post()
  @RequireScope('billing:write')
  @ApiDoor({
    name: 'giveCreditNote',
    tag: 'billing',
    summary: 'Takes an amount off a final invoice',
    description:
      'First off what is unpaid; what had been paid is to be given back. With an `Idempotency-Key`, sending the request again takes nothing again.',
    path: InvoicePath,
    headers: IdempotencyHeaders,
    body: CreditNoteBody.meta({ example: { net_amount: '1.00', reason: 'an hour of outage' } }),
    answers: { 201: CreditNoteAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async give(
    @CurrentPrincipal() caller: Principal,
    @Param() path: unknown,
    @Body() body: unknown,
    @Headers() headers: unknown,
  ) {
    const wanted = fromRestGiveCreditNote(body, headers);
    const { invoice, note } = await this.notes.give(caller, fromRestInvoiceId(path), wanted);
    return toRestCreditNote(note, invoice);
  }
}
