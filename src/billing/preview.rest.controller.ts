import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { PreviewBody } from './invoice.commands';
import { fromRestPreview } from './invoice.wire';
import { PreviewService } from './preview.service';
import { PreviewAnswer, toRestPreview } from './preview.wire';

@Controller('api/v1/preview')
export class PreviewController {
  constructor(private readonly previews: PreviewService) {}

  /** What would be billed; writes nothing, so it answers 200. */
  @Post()
  @HttpCode(200)
  @RequireScope('billing:read')
  @ApiDoor({
    name: 'previewInvoice',
    tag: 'billing',
    summary: 'Computes what an invoice of the running period would say',
    description:
      'The computation of the invoice itself, without writing anything: of the period so far, of a change of plan, or as if more were used.',
    body: PreviewBody.meta({ example: { account: 'org:acme', usage: { api_requests: '1000' } } }),
    answers: { 200: PreviewAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async preview(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    return toRestPreview(await this.previews.preview(caller, fromRestPreview(body)));
  }
}
