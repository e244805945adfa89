import fc from 'fast-check';
import { NO_AGREEMENT, segmentsOf, termsAfter, termsAt, type TermsVersion } from '../../src/core/terms';

const DAY = 86_400_000;
const terms = (version: number, day: number, planVersionId: number | null, trialDays = 0): TermsVersion => ({
  ...NO_AGREEMENT,
  version,
  validFrom: day * DAY,
  planVersionId,
  trialEndsAt: trialDays === 0 ? null : (day + trialDays) * DAY,
});
const period = { from: 0, to: 30 * DAY };
/** Such as `0-10 plan 1`. */
const told = (versions: readonly TermsVersion[]): string[] =>
  segmentsOf(period, versions).map(
    ({ from, to, planVersionId, isTrial }) =>
      `${from / DAY}-${to / DAY} ${planVersionId === null ? 'none' : `plan ${planVersionId}`}${isTrial ? ' trial' : ''}`,
  );

describe('the segments of a period', () => {
  it.each<[string, TermsVersion[], string[]]>([
    ['nobody agreed to anything', [], ['0-30 none']],
    ['a plan since ever', [terms(1, -100, 1)], ['0-30 plan 1']],
    ['a subscription on day 10', [terms(1, -100, null), terms(2, 10, 1)], ['0-10 none', '10-30 plan 1']],
    ['a change on day 10', [terms(1, -1, 1), terms(2, 10, 2)], ['0-10 plan 1', '10-30 plan 2']],
    ['a change to the same plan', [terms(1, -1, 1), terms(2, 10, 1)], ['0-30 plan 1']],
    ['a change at the very beginning', [terms(1, -1, 1), terms(2, 0, 2)], ['0-30 plan 2']],
    [
      'a change at the very end belongs to the next period',
      [terms(1, -1, 1), terms(2, 30, 2)],
      ['0-30 plan 1'],
    ],
    [
      'twice on one day, the later agreement counts',
      [terms(1, -1, 1), terms(2, 10, 2), terms(3, 10, 3)],
      ['0-10 plan 1', '10-30 plan 3'],
    ],
    ['a planned end', [terms(1, -1, 1), terms(2, 20, null)], ['0-20 plan 1', '20-30 none']],
    ['a planned end taken back', [terms(1, -1, 1), terms(2, 20, null), terms(3, 10, 1)], ['0-30 plan 1']],
    ['a trial that ends on day 14', [terms(1, 0, 1, 14)], ['0-14 plan 1 trial', '14-30 plan 1']],
    ['a trial that goes on after the period', [terms(1, 0, 1, 60)], ['0-30 plan 1 trial']],
    [
      'a change of plan ends the trial of the old one',
      [terms(1, 0, 1, 14), terms(2, 7, 2)],
      ['0-7 plan 1 trial', '7-30 plan 2'],
    ],
  ])('%s', (_name, versions, expected) => {
    expect(told(versions)).toEqual(expected);
  });

  it('tile the period, and each says what is in force throughout', () => {
    const version = fc.record({
      validFrom: fc.integer({ min: -50, max: 50 }),
      planVersionId: fc.option(fc.integer({ min: 1, max: 3 })),
      trialEndsAt: fc.option(fc.integer({ min: -50, max: 50 })),
    });
    fc.assert(
      fc.property(fc.array(version, { maxLength: 6 }), (drawn) => {
        const versions = drawn.map((each, i) => ({ ...NO_AGREEMENT, ...each, version: i + 1 }));
        const segments = segmentsOf({ from: 0, to: 30 }, versions);
        expect([segments[0]!.from, segments.at(-1)!.to]).toEqual([0, 30]);
        segments.forEach((segment, i) => expect(segment.from).toBe(i === 0 ? 0 : segments[i - 1]!.to));
        for (let at = 0; at < 30; at++) {
          const segment = segments.find(({ from, to }) => at >= from && at < to)!;
          const inForce = termsAt(versions, at);
          expect(segment.planVersionId).toBe(inForce?.planVersionId ?? null);
          expect(segment.isTrial).toBe(inForce?.trialEndsAt != null && at < inForce.trialEndsAt);
        }
      }),
    );
  });
});

describe('what takes over next', () => {
  it.each<[string, TermsVersion[], number | null]>([
    ['nothing is planned', [terms(1, -1, 1)], null],
    ['a change in ten days', [terms(1, -1, 1), terms(2, 10, 2)], 2],
    ['a planned end that was taken back', [terms(1, -1, 1), terms(2, 20, null), terms(3, -1, 1)], null],
    ['two changes, the later one agreed last', [terms(1, -1, 1), terms(2, 10, 2), terms(3, 5, 3)], 3],
  ])('%s', (_name, versions, expected) => {
    expect(termsAfter(versions, 0)?.version ?? null).toBe(expected);
  });
});
