import { Injectable } from '@nestjs/common';

/** The only reader of the machine's clock: everything else gets its instants from here or as arguments. */
@Injectable()
export class Clock {
  /** The present instant in UTC, to the millisecond. */
  now(): Date {
    return new Date();
  }
}
