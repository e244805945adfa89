import { DEFAULT_CALENDAR } from '../../src/core/account';
import { periodAt } from '../../src/core/period';

describe('an account nobody said anything about', () => {
  it.each([
    ['2024-02-29T23:59:59.999Z', '2024-02-01', '2024-03-01'],
    ['2024-03-01T00:00:00.000Z', '2024-03-01', '2024-04-01'],
    ['2023-12-31T12:00:00.000Z', '2023-12-01', '2024-01-01'],
    ['1970-01-01T00:00:00.000Z', '1970-01-01', '1970-02-01'],
  ])('at %s is in the calendar month from %s to %s, UTC', (at, from, to) => {
    expect(periodAt(DEFAULT_CALENDAR, new Date(at))).toMatchObject({
      from: new Date(from),
      to: new Date(to),
    });
  });
});
