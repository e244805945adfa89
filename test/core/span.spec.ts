import fc from 'fast-check';
import {
  formatQuantity,
  ONE,
  parseQuantity,
  quantity,
  quantityOfRatio,
  type Quantity,
} from '../../src/core/quantity';
import { ratio } from '../../src/core/ratio';
import { clip, fold, integral, peak, type LevelChange, type Span } from '../../src/core/span';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** `10:30` as milliseconds of the day. */
function clock(text: string): number {
  const [hours, minutes] = text.split(':');
  return Number(hours) * HOUR + Number(minutes) * MINUTE;
}

function change(time: string, level: string, eventId = time): LevelChange {
  return { at: clock(time), eventId, level: parseQuantity(level) };
}

function span(from: string, to: string | null, level: string): Span {
  return { from: clock(from), to: to === null ? null : clock(to), level: parseQuantity(level) };
}

/** Level · milliseconds of hour `hour`, as plain text. */
const levelMs = (spans: readonly Span[], hour: number, hours = 1) =>
  formatQuantity(integral(spans, hour * HOUR, (hour + hours) * HOUR));

/** The same divided once, as GB-hours. */
const gbHours = (usage: Quantity) => formatQuantity(quantityOfRatio(ratio(usage, ONE * BigInt(HOUR))));

describe('folding changes into spans', () => {
  it.each<[string, LevelChange[], Span[]]>([
    ['a start and a stop', [change('10:10', '4'), change('10:40', '0')], [span('10:10', '10:40', '4')]],
    ['a missing stop stays open', [change('10:10', '4')], [span('10:10', null, '4')]],
    ['a stop without a start is nothing', [change('10:30', '0')], []],
    ['no change is nothing', [], []],
    [
      'a new level closes the old one',
      [change('09:00', '1'), change('11:30', '3')],
      [span('09:00', '11:30', '1'), span('11:30', null, '3')],
    ],
    [
      'a start of what runs closes and reopens',
      [change('09:00', '1'), change('10:00', '1')],
      [span('09:00', '10:00', '1'), span('10:00', null, '1')],
    ],
    [
      'arrival has no say',
      [change('12:00', '0'), change('11:00', '2'), change('10:00', '1')],
      [span('10:00', '11:00', '1'), span('11:00', '12:00', '2')],
    ],
    [
      'at one instant the highest event id holds',
      [change('10:00', '7', 'b'), change('11:00', '0', 'c'), change('10:00', '5', 'a')],
      [span('10:00', '11:00', '7')],
    ],
    [
      'event ids compare by code unit, capitals first',
      [change('10:00', '7', 'a'), change('10:00', '5', 'B')],
      [span('10:00', null, '7')],
    ],
  ])('%s', (_, changes, spans) => {
    expect(fold(changes)).toEqual(spans);
  });

  it('cuts at `until`, where nothing lies beyond', () => {
    const changes = [change('10:00', '1'), change('11:00', '2'), change('13:00', '3')];
    const until = clock('12:00');
    expect(fold(changes, { until })).toEqual([span('10:00', '11:00', '1'), span('11:00', '12:00', '2')]);
    expect(fold(changes, { until: clock('10:00') })).toEqual([]);
  });

  it('leaves its input as it was', () => {
    const changes = [change('12:00', '0'), change('10:00', '1')];
    fold(changes);
    expect(changes.map(({ at }) => at)).toEqual([clock('12:00'), clock('10:00')]);
  });
});

describe('hours of a deployment and a volume', () => {
  const w09 = [change('00:00', '1'), change('01:00', '0')];
  const w10 = [change('00:00', '4'), change('00:30', '0')];
  const w11 = [change('10:00', '4', 'a'), change('10:00', '0', 'b')];
  const w12 = [change('10:10', '4'), change('10:40', '0')];
  const w20 = [change('10:10', '4'), change('12:40', '0')];
  const w21 = [change('09:00', '1'), change('11:30', '3')];

  it.each<[string, LevelChange[], number, [ms: string, gbHours: string]]>([
    ['W-09 one GB from 00:00 to 01:00', w09, 0, ['3600000', '1']],
    ['W-10 two replicas of 2 GB for 30 minutes', w10, 0, ['7200000', '2']],
    ['W-11 start and end are one instant', w11, 10, ['0', '0']],
    ['W-12 four GB from 10:10 to 10:40', w12, 10, ['7200000', '2']],
    ['W-14 a volume of 10 GB from 10:05', [change('10:05', '10')], 10, ['33000000', '9.166666666666667']],
    ['W-15 stopped, never started', [change('10:30', '0')], 10, ['0', '0']],
    ['W-20 hour 10', w20, 10, ['12000000', '3.333333333333333']],
    ['W-20 hour 11', w20, 11, ['14400000', '4']],
    ['W-20 hour 12', w20, 12, ['9600000', '2.666666666666667']],
    ['W-20 hour 13', w20, 13, ['0', '0']],
    ['W-21 hour 10', w21, 10, ['3600000', '1']],
    ['W-21 hour 11', w21, 11, ['7200000', '2']],
    ['W-23 hour 10', [change('10:55', '10')], 10, ['3000000', '0.833333333333333']],
    ['W-23 hour 11', [change('10:55', '10')], 11, ['36000000', '10']],
  ])('%s', (_, changes, hour, expected) => {
    const spans = fold(changes);
    const usage = integral(spans, hour * HOUR, (hour + 1) * HOUR);
    expect([levelMs(spans, hour), gbHours(usage)]).toEqual(expected);
  });

  it('W-20 the three hours are exactly 10 GB-hours, although neither outer one is a decimal', () => {
    const spans = fold([change('10:10', '4'), change('12:40', '0')]);
    expect(levelMs(spans, 10, 3)).toBe('36000000');
    expect(gbHours(integral(spans, 10 * HOUR, 13 * HOUR))).toBe('10');
  });

  it('W-22 half a GB for all of January is 372 GB-hours', () => {
    const spans = fold([change('00:00', '0.5')]);
    expect(levelMs(spans, 0, 744)).toBe('1339200000');
    expect(gbHours(integral(spans, 0, 744 * HOUR))).toBe('372');
  });
});

describe('clipping', () => {
  const held = span('10:00', '12:00', '4');

  it.each<[string, string, Span | null]>([
    ['09:00', '13:00', held],
    ['11:00', '13:00', span('11:00', '12:00', '4')],
    ['09:00', '11:00', span('10:00', '11:00', '4')],
    ['12:00', '13:00', null],
    ['09:00', '10:00', null],
  ])('to [%s, %s)', (from, to, expected) => {
    expect(clip(held, clock(from), clock(to))).toEqual(expected);
  });

  it('closes an open span', () => {
    expect(clip(span('10:00', null, '4'), clock('09:00'), clock('13:00'))).toEqual(
      span('10:00', '13:00', '4'),
    );
  });
});

describe('the peak over several resources', () => {
  const peakOf = (...resources: Span[][]) => formatQuantity(peak(resources, clock('10:00'), clock('12:00')));

  it.each<[string, string, string]>([
    ['nothing ran', peakOf(), '0'],
    ['both at once', peakOf([span('10:00', '11:00', '2')], [span('10:30', null, '3')]), '5'],
    ['one stops as the other starts', peakOf([span('10:00', '11:00', '2')], [span('11:00', null, '3')]), '3'],
    ['outside the window', peakOf([span('09:00', '10:00', '9')], [span('12:00', null, '9')]), '0'],
    ['open since before', peakOf([span('08:00', null, '0.5')]), '0.5'],
    [
      'a resized volume is one resource',
      peakOf([span('08:00', '11:00', '10'), span('11:00', null, '20')]),
      '20',
    ],
  ])('%s', (_, actual, expected) => {
    expect(actual).toBe(expected);
  });
});

const anyChanges = fc.uniqueArray(
  fc.record<LevelChange>({
    at: fc.integer({ min: 0, max: 40 }),
    eventId: fc.string({ minLength: 1, maxLength: 3 }),
    level: fc.bigInt({ min: 0n, max: 10n ** 24n }).map(quantity),
  }),
  { selector: ({ eventId }) => eventId, maxLength: 12 },
);
const anyInstant = fc.integer({ min: -5, max: 50 });

/** What the resource stands at, read straight from the changes. */
function levelAt(changes: readonly LevelChange[], at: number): bigint {
  const past = changes.filter((each) => each.at <= at);
  past.sort((a, b) => a.at - b.at || (a.eventId < b.eventId ? -1 : 1));
  return past.at(-1)?.level ?? 0n;
}

describe('laws', () => {
  it('spans of a resource do not overlap, and the arrival order changes nothing', () => {
    fc.assert(
      fc.property(anyChanges, fc.nat(), (changes, turn) => {
        const spans = fold(changes);
        spans.forEach((each, i) => {
          expect(each.to === null || each.from < each.to).toBe(true);
          if (i > 0) expect(spans[i - 1]!.to).not.toBeNull();
          if (i > 0) expect(spans[i - 1]!.to).toBeLessThanOrEqual(each.from);
        });
        const middle = turn % (changes.length + 1);
        expect(fold([...changes.slice(middle), ...changes.slice(0, middle)].reverse())).toEqual(spans);
      }),
    );
  });

  it('the integral is the sum of the levels of each millisecond, the peak the highest of them', () => {
    fc.assert(
      fc.property(anyChanges, anyChanges, anyInstant, (one, other, from) => {
        const to = from + 20;
        const instants = Array.from({ length: to - from }, (_, i) => from + i);
        const sums = instants.map((at) => levelAt(one, at) + levelAt(other, at));
        const resources = [fold(one), fold(other)];
        expect(integral(resources.flat(), from, to)).toBe(sums.reduce((sum, level) => sum + level, 0n));
        expect(peak(resources, from, to)).toBe(
          sums.reduce((high, level) => (level > high ? level : high), 0n),
        );
      }),
    );
  });

  it('clipping and cutting anywhere preserves the integral', () => {
    fc.assert(
      fc.property(anyChanges, anyInstant, (changes, at) => {
        const spans = fold(changes);
        expect(integral(spans, -5, at) + integral(spans, at, 50)).toBe(integral(spans, -5, 50));
        const clipped = spans.flatMap((each) =>
          [clip(each, -5, at), clip(each, at, 50)].filter((part) => part !== null),
        );
        expect(integral(clipped, -5, 50)).toBe(integral(spans, -5, 50));
      }),
    );
  });

  it('folding until an instant is folding everything and clipping it', () => {
    fc.assert(
      fc.property(anyChanges, anyInstant, (changes, until) => {
        const clipped = fold(changes).map((each) => clip(each, -5, until));
        expect(fold(changes, { until })).toEqual(clipped.filter((each) => each !== null));
      }),
    );
  });
});
