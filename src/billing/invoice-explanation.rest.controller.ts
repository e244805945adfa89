import { Controller, Get, Param } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { InvoiceExplanationService } from './invoice-explanation.service';
import { ExplanationAnswer, InvoiceExportAnswer, toRestExplanation } from './invoice-explanation.wire';
import { InvoicePath } from './invoice.commands';
import { fromRestInvoiceId } from './invoice.wire';

@Controller('api/v1/invoices/:id')
export class InvoiceExplanationController {
  constructor(private readonly explanations: InvoiceExplanationService) {}

  /** Every line down to its price, its usage and its events. */
  @Get('explain')
  @RequireScope('billing:read')
  @ApiDoor({
    name: 'explainInvoice',
    tag: 'billing',
    summary: 'Explains every line: price, usage, events, and what was billed before',
    path: InvoicePath,
    answers: { 200: ExplanationAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async explain(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestExplanation(await this.explanations.explain(caller, fromRestInvoiceId(path)));
  }

  /** The invoice with all that it was computed from. */
  @Get('export')
  @RequireScope('billing:read')
  @ApiDoor({
    name: 'exportInvoice',
    tag: 'billing',
    summary: 'Exports an invoice with all that it was computed from',
    path: InvoicePath,
    answers: { 200: InvoiceExportAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async export(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return this.explanations.export(caller, fromRestInvoiceId(path));
  }
}
