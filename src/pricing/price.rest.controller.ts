import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { CalculateService } from './calculate.service';
import { CalculatePrice, ListBoundaries } from './price.commands';
import {
  BoundariesAnswer,
  CalculationAnswer,
  fromRestCalculatePrice,
  fromRestListBoundaries,
  toRestBoundaries,
  toRestCalculation,
} from './price.wire';

const FIVE_FREE = {
  currency: 'USD',
  price: {
    model: 'graduated',
    tiers: [
      { up_to: '5', unit_amount: '0' },
      { up_to: null, unit_amount: '1' },
    ],
  },
  usage: [{ quantity: '22' }],
};

@Controller('api/v1')
export class PriceController {
  constructor(private readonly calculations: CalculateService) {}

  /** What a price makes of usage; writes nothing, so it answers 200. */
  @Post('prices/calculate')
  @HttpCode(200)
  @RequireScope('prices:read')
  @ApiDoor({
    name: 'calculatePrice',
    tag: 'prices',
    summary: 'Works out what a price makes of usage',
    description: 'Writes nothing.',
    body: CalculatePrice.meta({ example: FIVE_FREE }),
    answers: { 200: CalculationAnswer },
  })
  calculate(@Body() body: unknown) {
    return toRestCalculation(this.calculations.calculate(fromRestCalculatePrice(body)));
  }

  /** The boundaries of a calendar between two instants. */
  @Get('calendar')
  @RequireScope('prices:read')
  @ApiDoor({
    name: 'listBoundaries',
    tag: 'prices',
    summary: 'Lists the boundaries of a calendar between two instants',
    query: ListBoundaries,
    answers: { 200: BoundariesAnswer },
  })
  calendar(@Query() query: unknown) {
    return toRestBoundaries(this.calculations.boundaries(fromRestListBoundaries(query)));
  }
}
