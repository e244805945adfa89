import { Controller, Get, Inject, Param } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { CONFIG, type Config } from '../platform/config';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AnswerErrorsAs } from '../platform/doors/route-config';
import { ProjectPath, projectOf } from '../usage/waybill-project';
import { InvoiceService } from './invoice.service';
import { toWaybillInvoices, WaybillInvoicesAnswer } from './waybill-invoice.wire';

/** Waybill's door to the invoices of a project, in its words; ours page through all of them. */
@Controller('api/v1/projects/:project_id/invoices')
export class WaybillInvoiceController {
  constructor(
    private readonly invoices: InvoiceService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'invoicePaymentTermMs'>,
  ) {}

  @Get()
  @RequireScope('billing:read')
  @AnswerErrorsAs('waybill', 'failed to list invoices')
  @ApiDoor({
    name: 'listWaybillInvoices',
    tag: 'waybill',
    summary: 'Lists the invoices of a project, newest first',
    description: 'The newest 100; `GET /api/v1/accounts/{key}/invoices` pages through all of them.',
    path: ProjectPath,
    answers: { 200: WaybillInvoicesAnswer },
  })
  async list(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    const { id, account } = projectOf(path, 'invalid project ID');
    const { invoicePaymentTermMs: termMs } = this.config;
    return toWaybillInvoices(id, { ...(await this.invoices.newestOf(caller, account)), termMs });
  }
}
