import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { ListMeters, MeterPath, PutMeter, PutMeterBody } from './meter.commands';
import { MeterService } from './meter.service';
import {
  fromRestListMeters,
  fromRestMeterKey,
  fromRestPutMeter,
  fromRestPutMeterAt,
  meterAfter,
  MeterAnswer,
  MeterPageAnswer,
  toRestMeter,
  toRestMeterPage,
} from './meter.wire';

const API_CALLS = { unit: 'calls', aggregation: 'sum', event_types: ['api.called'], dimensions: ['region'] };

@Controller('api/v1/meters')
export class MeterController {
  constructor(private readonly meters: MeterService) {}

  @Get()
  @RequireScope('meters:read')
  @ApiDoor({
    name: 'listMeters',
    tag: 'meters',
    summary: 'Lists meters',
    query: ListMeters,
    answers: { 200: MeterPageAnswer },
  })
  async list(@Query() query: unknown) {
    const command = fromRestListMeters(query);
    return toRestMeterPage(await this.meters.list(meterAfter(command), command.limit + 1), command.limit);
  }

  @Get(':key')
  @RequireScope('meters:read')
  @ApiDoor({
    name: 'getMeter',
    tag: 'meters',
    summary: 'Reads a meter',
    path: MeterPath,
    answers: { 200: MeterAnswer },
    errors: ['not-found'],
  })
  async get(@Param() path: unknown) {
    return toRestMeter(await this.meters.get(fromRestMeterKey(path)));
  }

  /** Makes a meter or relabels it; what it measures is fixed. */
  @Put(':key')
  @RequireScope('meters:write')
  @ApiDoor({
    name: 'putMeterAt',
    tag: 'meters',
    summary: 'Makes a meter or relabels it',
    description:
      'What a meter measures is fixed when it is made; its name, description, unit and `on_unavailable` may change, and what is left out becomes what it is by default.',
    path: MeterPath,
    body: PutMeterBody.meta({ example: API_CALLS }),
    answers: { 200: MeterAnswer },
    errors: ['failed-precondition'],
  })
  async putAt(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    return toRestMeter(await this.meters.put(caller, fromRestPutMeterAt(path, body)));
  }

  /** The same with the key in the body. */
  @Put()
  @RequireScope('meters:write')
  @ApiDoor({
    name: 'putMeter',
    tag: 'meters',
    summary: 'Makes or relabels the meter whose key is in the body',
    body: PutMeter.meta({ example: { key: 'api_calls', ...API_CALLS } }),
    answers: { 200: MeterAnswer },
    errors: ['failed-precondition'],
  })
  async put(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    return toRestMeter(await this.meters.put(caller, fromRestPutMeter(body)));
  }
}
