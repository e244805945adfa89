import { Injectable } from '@nestjs/common';
import { counter } from '../platform/metrics';

/** Where somebody asked. */
export type DecisionDoor = 'rest' | 'grpc';

/** What he was told; `open` and `closed` are the policies of meters while Postgres cannot be reached. */
export type DecisionOutcome =
  | 'allowed'
  | 'denied'
  | 'recorded'
  | 'duplicate'
  | 'refused'
  | 'reserved'
  | 'committed'
  | 'released'
  | 'open'
  | 'closed';

/** What operators watch of limits. */
@Injectable()
export class LimitMetrics {
  readonly #decisions = counter(
    { name: 'tallyhouse_limit_decisions_total', help: 'Answers about limits, by door and outcome' },
    ['door', 'outcome'],
  );

  decided(door: DecisionDoor, outcome: DecisionOutcome): void {
    this.#decisions.inc({ door, outcome });
  }
}
