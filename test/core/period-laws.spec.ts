import fc from 'fast-check';
import {
  boundaries,
  boundary,
  instantOfWallClock,
  nextBoundary,
  periodAt,
  wallClock,
  type Calendar,
  type Interval,
} from '../../src/core/period';

const HOUR = 3_600_000;
const YEAR = 366 * 24 * HOUR;
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'America/Sao_Paulo',
  'America/St_Johns',
];

function calendar(anchor: string, interval: Interval, timeZone = 'UTC', count = 1): Calendar {
  return { anchor: new Date(anchor), interval, count, timeZone };
}

const anyCalendar = fc.record<Calendar>({
  anchor: fc.date({
    min: new Date('1975-01-01T00:00Z'),
    max: new Date('2040-01-01T00:00Z'),
    noInvalidDate: true,
  }),
  interval: fc.constantFrom<Interval>('hour', 'day', 'week', 'month', 'year'),
  count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
  timeZone: fc.constantFrom(...ZONES),
});
const anyInstant = fc.date({
  min: new Date('1972-01-01T00:00Z'),
  max: new Date('2060-01-01T00:00Z'),
  noInvalidDate: true,
});

/** Walks from period to period over the years given and fails at the first gap, overlap or lost boundary. */
function expectTiles(of: Calendar, years: number): void {
  const end = of.anchor.getTime() + years * YEAR;
  let period = periodAt(of, of.anchor);
  expect(period).toMatchObject({ from: of.anchor, index: 0 });
  while (period.to.getTime() < end) {
    const next = periodAt(of, period.to);
    if (next.from.getTime() !== period.to.getTime() || next.from >= next.to || next.index <= period.index) {
      throw new Error(
        `period ${period.index} of ${JSON.stringify(of)} is followed by ${JSON.stringify(next)}`,
      );
    }
    period = next;
  }
}

describe('laws', () => {
  it.each(ZONES)('periods of %s tile fifty years', (timeZone) => {
    for (const anchor of ['1975-01-31T02:30Z', '1980-02-29T13:30Z', '1999-12-30T18:15:00.001Z']) {
      expectTiles(calendar(anchor, 'month', timeZone), 50);
      expectTiles(calendar(anchor, 'year', timeZone), 50);
    }
    expectTiles(calendar('1975-03-30T01:30Z', 'week', timeZone), 50);
    expectTiles(calendar('1975-03-30T01:30Z', 'hour', timeZone, 1000), 50);
  });

  it.each(['Pacific/Apia', 'Australia/Lord_Howe'])('days of %s tile fifty years', (timeZone) => {
    expectTiles(calendar('1975-03-30T12:30Z', 'day', timeZone), 50);
  });

  it('the period of an instant contains it and meets its neighbours', () => {
    fc.assert(
      fc.property(anyCalendar, anyInstant, (of, at) => {
        const period = periodAt(of, at);
        fc.pre(period.from.getTime() >= 0);
        expect(period.from <= at && at < period.to).toBe(true);
        expect(periodAt(of, period.from)).toEqual(period);
        expect(periodAt(of, new Date(period.to.getTime() - 1))).toEqual(period);
        expect(periodAt(of, period.to).from).toEqual(period.to);
        expect(nextBoundary(of, at)).toEqual(period.to);
        expect(boundaries(of, period.from, period.to)).toEqual([period.from, period.to]);
      }),
      { numRuns: 500 },
    );
  });

  it('boundaries ascend, and boundary n begins the period it lies in', () => {
    fc.assert(
      fc.property(anyCalendar, fc.integer({ min: -40, max: 200 }), (of, n) => {
        fc.pre(of.anchor.getTime() + n * of.count * YEAR > YEAR);
        const [here, next] = [boundary(of, n), boundary(of, n + 1)];
        const skippedDay =
          of.timeZone === 'Pacific/Apia' && here.toISOString() < '2012' && next > new Date('2011-12-29');
        expect(skippedDay ? here <= next : here < next).toBe(true);
        expect(periodAt(of, here).from).toEqual(here);
        if (here < next) expect(periodAt(of, here).index).toBe(n);
      }),
      { numRuns: 500 },
    );
  });

  it('a month boundary shows the day and the time of the anchor on the local clock, as another library reads it', () => {
    const reading = (at: Date, timeZone: string) => {
      const style = {
        timeZone,
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        hourCycle: 'h23',
      } as const;
      const parts = new Intl.DateTimeFormat('en', style).formatToParts(at);
      const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
      return { day: part('day'), minutes: part('hour') * 60 + part('minute') };
    };
    const monthly = anyCalendar.map((of): Calendar => ({ ...of, interval: 'month' }));
    fc.assert(
      fc.property(monthly, fc.integer({ min: 0, max: 20 }), (of, n) => {
        const [anchor, here] = [reading(of.anchor, of.timeZone), reading(boundary(of, n), of.timeZone)];
        fc.pre(anchor.day <= 28);
        const moved = here.minutes - anchor.minutes + (here.day - anchor.day) * 1440;
        expect(moved === 0 || moved === 30 || moved === 60 || moved === 1440).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('a clock reading found again is at most one fold earlier, and a skipped one moves forward', () => {
    fc.assert(
      fc.property(anyInstant, fc.constantFrom(...ZONES), (at, zone) => {
        const instant = at.getTime();
        const again = instantOfWallClock(wallClock(instant, zone), zone);
        expect(instant - again === 0 || instant - again === HOUR || instant - again === HOUR / 2).toBe(true);
        expect(wallClock(instantOfWallClock(instant, zone), zone)).toBeGreaterThanOrEqual(instant);
      }),
      { numRuns: 500 },
    );
  });
});
