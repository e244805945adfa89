import { Controller, Get, Param, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { ListChargeParameters } from './list-charge.commands';
import { ListChargeService } from './list-charge.service';
import { fromRestReadListCharges, ListCharges, toRestListCharges } from './list-charge.wire';
import { MeterPath } from './usage-query.commands';

@Controller('api/v1/meters/:key/charges')
export class ListChargeController {
  constructor(private readonly charges: ListChargeService) {}

  /** What one account's usage of the meter costs by the list. */
  @Get()
  @RequireScope('usage:read')
  @ApiDoor({
    name: 'readListCharges',
    tag: 'prices',
    summary: 'Rates usage by the list price',
    description:
      'What usage of one meter costs an account that has no plan, period by period, unrounded. Charges of adjoining stretches add up.',
    path: MeterPath,
    query: ListChargeParameters,
    answers: { 200: ListCharges },
    errors: ['not-found', 'failed-precondition'],
  })
  async read(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    return toRestListCharges(await this.charges.read(fromRestReadListCharges(path, query), caller));
  }
}
