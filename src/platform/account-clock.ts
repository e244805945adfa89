import { Injectable } from '@nestjs/common';
import { Clock } from './clock';
import { TestClocks } from './test-clocks/test-clocks.service';

/** A moment at which due work is done, and for whom: the accounts of a test clock, or with null everybody else. */
export interface RunClock {
  readonly now: Date;
  readonly testClock: string | null;
}

/** What time it is for an account: everybody's time, unless it lives by a test clock (decision 20). */
@Injectable()
export class AccountClock {
  constructor(
    private readonly clock: Clock,
    private readonly testClocks: TestClocks,
  ) {}

  now({ id }: { readonly id: number }): Date {
    return this.testClocks.timeOf(id) ?? this.clock.now();
  }
}
