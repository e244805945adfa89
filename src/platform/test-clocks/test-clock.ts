/** A clock that is moved by hand. */
export interface TestClock {
  readonly id: string;
  readonly name: string;
  readonly now: Date;
  readonly createdAt: Date;
}
