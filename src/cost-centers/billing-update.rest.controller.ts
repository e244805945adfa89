import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AnswerErrorsAs } from '../platform/doors/route-config';
import { BillingUpdateBody } from './billing-update.commands';
import { BillingUpdate } from './billing-update.service';
import { BillingUpdated, fromBillingUpdate, toBillingUpdated } from './billing-update.wire';

/** Scorpius's door to plan and limits. */
@Controller('billing')
export class BillingUpdateController {
  constructor(private readonly billing: BillingUpdate) {}

  @Post('update')
  @HttpCode(200)
  @RequireScope('limits:write')
  @AnswerErrorsAs('scorpius')
  @ApiDoor({
    name: 'scorpiusBillingUpdate',
    tag: 'scorpius',
    summary: 'Gives an organisation a plan and limits of its own, in Scorpius’s words',
    description:
      'All of it or nothing, for this organisation alone. Usage of the period stays. A token needs the role `admin` or `billing_admin`.',
    body: BillingUpdateBody.meta({
      example: { org_id: 'acme', plan: 'professional', limits: { scans: 2000, wallet_checks: -1 } },
    }),
    answers: { 200: BillingUpdated },
    errors: ['not-found', 'conflict', 'failed-precondition'],
  })
  async update(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    await this.billing.update(caller, fromBillingUpdate(body));
    return toBillingUpdated();
  }
}
