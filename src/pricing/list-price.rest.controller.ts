import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { PutListPriceBody } from './list-price.commands';
import {
  fromRestPutListPrice,
  ListPriceAnswer,
  ListPricesAnswer,
  toRestListPrice,
  toRestListPrices,
} from './list-price.wire';
import { ListPriceService } from './list-price.service';
import { MeterPath } from './meter.commands';
import { fromRestMeterKey } from './meter.wire';

@Controller('api/v1/meters/:key/list-price')
export class ListPriceController {
  constructor(private readonly prices: ListPriceService) {}

  /** Every version of what the meter's usage costs without a plan. */
  @Get()
  @RequireScope('prices:read')
  @ApiDoor({
    name: 'getListPrices',
    tag: 'prices',
    summary: 'Reads every version of what a meter’s usage costs without a plan',
    path: MeterPath,
    answers: { 200: ListPricesAnswer },
    errors: ['not-found'],
  })
  async get(@Param() path: unknown) {
    return toRestListPrices(await this.prices.of(fromRestMeterKey(path)));
  }

  /** Appends a version. */
  @Put()
  @RequireScope('prices:write')
  @ApiDoor({
    name: 'putListPrice',
    tag: 'prices',
    summary: 'Adds a version; older ones stay as they are',
    description:
      'Of a model that is rated from usage alone: per_unit, graduated, volume or package. Without `valid_from` the first price of a currency holds since ever, a later one from now on.',
    path: MeterPath,
    body: PutListPriceBody.meta({
      example: { currency: 'USD', price: { model: 'per_unit', unit_amount: '0.002' } },
    }),
    answers: { 200: ListPriceAnswer },
    errors: ['not-found', 'conflict', 'failed-precondition'],
  })
  async put(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    return toRestListPrice(await this.prices.put(caller, fromRestPutListPrice(path, body)));
  }
}
