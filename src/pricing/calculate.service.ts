import { Injectable } from '@nestjs/common';
import { calculate, type Calculation, type CalculationRequest } from '../core/calculate';
import { boundaries } from '../core/period';
import type { ListBoundaries } from './price.commands';

/** What can be answered without looking anything up and without writing anything: core behind a door. */
@Injectable()
export class CalculateService {
  /** What new usage costs on top of what was rated earlier in the same period. */
  calculate(request: CalculationRequest): Calculation {
    return calculate(request);
  }

  /** The boundaries of periods between two instants, both included. */
  boundaries({ calendar, from, to }: ListBoundaries): Date[] {
    return boundaries(calendar, from, to);
  }
}
