import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { AccountKeyPath } from '../cost-centers/account-path';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { InvoicePath, ListInvoices, PayInvoiceBody, VoidInvoiceBody } from './invoice.commands';
import { InvoiceService } from './invoice.service';
import {
  InvoiceAnswer,
  InvoicePageAnswer,
  fromRestInvoiceId,
  fromRestListInvoices,
  fromRestPayInvoice,
  fromRestVoidInvoice,
  toRestInvoice,
  toRestInvoicePage,
} from './invoice.wire';

@Controller('api/v1')
export class InvoiceController {
  constructor(private readonly invoices: InvoiceService) {}

  @Get('accounts/:key/invoices')
  @RequireScope('billing:read')
  @ApiDoor({
    name: 'listInvoices',
    tag: 'billing',
    summary: 'Lists the invoices of an account, newest first',
    path: AccountKeyPath,
    query: ListInvoices,
    answers: { 200: InvoicePageAnswer },
    errors: ['not-found'],
  })
  async list(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const page = fromRestListInvoices(path, query);
    const asked = { ...page, limit: page.limit + 1 };
    return toRestInvoicePage(await this.invoices.list(caller, page.account, asked), page);
  }

  @Get('invoices/:id')
  @RequireScope('billing:read')
  @ApiDoor({
    name: 'getInvoice',
    tag: 'billing',
    summary: 'Reads an invoice with its lines',
    path: InvoicePath,
    answers: { 200: InvoiceAnswer },
    errors: ['not-found'],
  })
  async get(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestInvoice(await this.invoices.read(caller, fromRestInvoiceId(path)));
  }

  /** Makes a draft final before its grace is over. */
  @Post('invoices/:id/finalise')
  @HttpCode(200)
  @RequireScope('billing:write')
  @ApiDoor({
    name: 'finaliseInvoice',
    tag: 'billing',
    summary: 'Makes a draft final now',
    path: InvoicePath,
    answers: { 200: InvoiceAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async finalise(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestInvoice(await this.invoices.finalise(caller, fromRestInvoiceId(path)));
  }

  /** Takes a final invoice back. */
  @Post('invoices/:id/void')
  @HttpCode(200)
  @RequireScope('billing:write')
  @ApiDoor({
    name: 'voidInvoice',
    tag: 'billing',
    summary: 'Takes a final invoice back; the next one bills its usage',
    path: InvoicePath,
    body: VoidInvoiceBody.meta({ example: { reason: 'wrong address' } }),
    answers: { 200: InvoiceAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async void(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const reason = fromRestVoidInvoice(body);
    return toRestInvoice(await this.invoices.void(caller, fromRestInvoiceId(path), reason));
  }

  /** Gives up what is open. */
  @Post('invoices/:id/write-off')
  @HttpCode(200)
  @RequireScope('billing:write')
  @ApiDoor({
    name: 'writeOffInvoice',
    tag: 'billing',
    summary: 'Marks what is open of an invoice as uncollectible',
    path: InvoicePath,
    body: VoidInvoiceBody.meta({ example: { reason: 'insolvent' } }),
    answers: { 200: InvoiceAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async writeOff(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const reason = fromRestVoidInvoice(body);
    return toRestInvoice(await this.invoices.writeOff(caller, fromRestInvoiceId(path), reason));
  }

  /** Notes money that came in elsewhere. */
  @Post('invoices/:id/payments')
  @HttpCode(200)
  @RequireScope('billing:write')
  @ApiDoor({
    name: 'payInvoice',
    tag: 'billing',
    summary: 'Notes a payment that came in elsewhere',
    description:
      'The same reference again is one payment. What is paid beyond what is open becomes a prepaid grant.',
    path: InvoicePath,
    body: PayInvoiceBody.meta({ example: { reference: 'transfer-2025-02-17' } }),
    answers: { 200: InvoiceAnswer },
    errors: ['not-found', 'failed-precondition', 'conflict'],
  })
  async pay(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const wanted = fromRestPayInvoice(body);
    return toRestInvoice(await this.invoices.pay(caller, fromRestInvoiceId(path), wanted));
  }
}
