import fc from 'fast-check';
import { type LevelChange, fold, integral, peak } from '../../src/core/span';
import { formatRatio, parseQuantity } from '../../src/core/quantity';
import { ratio } from '../../src/core/ratio';
import { queryWindows, type WindowSize } from '../../src/core/window';
import { EventIdentity } from '../../src/usage/event-identity.service';
import { UsageWorld } from '../support/usage-world';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
/** The night in which Berlin's clocks go forward lies in the middle. */
const START = Date.parse('2026-03-27T00:00:00Z');
const LATER = '2026-04-10T00:00:00Z';
const METERS = ['sum', 'count', 'max', 'min', 'latest', 'average', 'unique', 'gauge_integral', 'gauge_peak'];
const DIMENSIONS = ['region', 'class'];

let world: UsageWorld;
beforeAll(async () => {
  world = await UsageWorld.at(LATER);
  for (const aggregation of METERS) {
    const value = aggregation === 'unique' ? { value_property: 'user' } : {};
    await world.meter(`law.${aggregation}`, {
      aggregation,
      event_types: ['tick'],
      dimensions: DIMENSIONS,
      ...value,
    });
  }
}, 60_000);
afterAll(() => world.close());

const anyInstant = fc
  .oneof(
    // Many fall into the same few hours, where they have to be told apart.
    fc.integer({ min: 0, max: 240 }).map((minutes) => 2 * DAY + minutes * MINUTE),
    fc.integer({ min: 0, max: 4 * 1_440 }).map((minutes) => minutes * MINUTE),
    fc.integer({ min: 0, max: 4 * 48 }).map((halfHours) => halfHours * 30 * MINUTE),
    fc.integer({ min: 0, max: 4 * DAY }),
  )
  .map((offset) => START + offset);

const anyTick = fc.record({
  at: anyInstant,
  quantity: fc.integer({ min: 0, max: 5 }).map((halves) => String(halves / 2)),
  resource: fc.constantFrom('a', 'b', 'c'),
  region: fc.constantFrom('eu', 'us', undefined),
  class: fc.constantFrom('small', 'large'),
  user: fc.constantFrom('ann', 'bob', 'cyd'),
  isVoided: fc.constantFrom(true, false, false),
});
type Tick = typeof anyTick extends fc.Arbitrary<infer T> ? T & { id: string; key: string } : never;

const anyCalendar = fc.record({
  anchor: fc.constantFrom('2026-03-01T00:00:00Z', '2026-03-02T10:17:00Z', '2026-03-01T18:30:00Z'),
  interval: fc.constantFrom('day', 'week', 'month'),
  time_zone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'),
});

const anyQuestion = fc
  .record({
    ends: fc.tuple(anyInstant, anyInstant).filter(([a, b]) => a !== b),
    now: anyInstant,
    window: fc.constantFrom<WindowSize>('hour', 'day', 'week', 'total'),
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'),
    groupBy: fc.subarray(DIMENSIONS),
    region: fc.constantFrom(undefined, 'eu'),
  })
  .map(({ ends, ...rest }) => ({ from: Math.min(...ends), to: Math.max(...ends), ...rest }));
type Question = typeof anyQuestion extends fc.Arbitrary<infer T> ? T : never;

const iso = (ms: number): string => new Date(ms).toISOString();
const labelOf = (tick: Tick, groupBy: readonly string[]): string =>
  JSON.stringify(groupBy.map((name) => tick[name as 'region' | 'class'] ?? null));

/** What every meter must answer, read off the events one by one. */
function expected(aggregation: string, ticks: readonly Tick[], question: Question): string[] {
  const { from, to, window, timeZone, groupBy, region, now } = question;
  const windows = queryWindows({ from: new Date(from), to: new Date(to), size: window, timeZone });
  const labels = groupBy.length === 0 ? ['[]'] : [...new Set(ticks.map((tick) => labelOf(tick, groupBy)))];
  const isAsked = (tick: Tick, label: string): boolean =>
    (region === undefined || tick.region === region) && labelOf(tick, groupBy) === label;
  return windows.flatMap((each) => {
    const stretch = { from: each.from.getTime(), to: each.to.getTime() };
    return labels.sort().flatMap((label) => {
      const mine = (tick: Tick): boolean => isAsked(tick, label);
      const quantity = aggregation.startsWith('gauge')
        ? gaugeFigure(aggregation, ticks, { ...stretch, now, mine })
        : counterFigure(
            aggregation,
            ticks.filter((tick) => mine(tick) && tick.at >= stretch.from && tick.at < stretch.to),
          );
      if (groupBy.length > 0 && quantity.isEmpty) return [];
      return [`${iso(stretch.from)} ${label} ${quantity.text}`];
    });
  });
}

function counterFigure(aggregation: string, ticks: readonly Tick[]): { text: string; isEmpty: boolean } {
  const ordered = [...ticks].sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  const halves = ordered.map((tick) => Number(tick.quantity) * 2);
  const sum = halves.reduce((total, each) => total + each, 0);
  const shown = (value: number | undefined): string => (value === undefined ? 'null' : String(value / 2));
  const isEmpty = ticks.length === 0;
  const texts: Record<string, () => string> = {
    sum: () => shown(sum),
    count: () => String(ticks.length),
    max: () => shown(isEmpty ? undefined : Math.max(...halves)),
    min: () => shown(isEmpty ? undefined : Math.min(...halves)),
    latest: () => shown(halves.at(-1)),
    average: () => (isEmpty ? 'null' : formatRatio(ratio(BigInt(sum), BigInt(2 * ticks.length)))),
    unique: () => String(new Set(ticks.map((tick) => tick.user)).size),
  };
  return { text: texts[aggregation]!(), isEmpty };
}

function gaugeFigure(
  aggregation: string,
  ticks: readonly Tick[],
  { from, to, now, mine }: { from: number; to: number; now: number; mine: (tick: Tick) => boolean },
): { text: string; isEmpty: boolean } {
  const end = Math.min(to, now);
  if (end <= from) return { text: aggregation === 'gauge_peak' ? 'null' : '0', isEmpty: true };
  const spans = ['a', 'b', 'c'].map((resource) => {
    const changes = ticks.filter((tick) => tick.resource === resource);
    // A resource that is set under other dimensions is gone from these.
    return fold(
      changes.map((tick): LevelChange => {
        const level = parseQuantity(mine(tick) ? tick.quantity : '0');
        return { at: tick.at, eventId: tick.key, level };
      }),
    );
  });
  const figure = aggregation === 'gauge_peak' ? peak(spans, from, end) : integral(spans.flat(), from, end);
  const scale = aggregation === 'gauge_peak' ? 10n ** 15n : 10n ** 15n * 3_600_000n;
  return { text: formatRatio(ratio(figure, scale)), isEmpty: figure === 0n };
}

async function answered(aggregation: string, account: string, question: Question): Promise<string[]> {
  const { from, to, window, timeZone, groupBy, region } = question;
  const { status, body } = await world.usage(`law.${aggregation}`, {
    account,
    ...{ from: iso(from), to: iso(to), window, time_zone: timeZone },
    ...(groupBy.length > 0 ? { group_by: groupBy.join(',') } : {}),
    ...(region === undefined ? {} : { 'filter.region': region }),
  });
  expect(status).toBe(200);
  return body.data.map(
    (line) => `${line.from} ${JSON.stringify(groupBy.map((name) => line.group![name]))} ${line.quantity}`,
  );
}

let accounts = 0;

describe('laws', () => {
  it('every meter answers what its events say, whatever is asked for', async () => {
    const identity = world.app.app.get(EventIdentity);
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyTick, { minLength: 1, maxLength: 25 }),
        anyCalendar,
        fc.array(anyQuestion, { minLength: 4, maxLength: 4 }),
        async (drawn, calendar, questions) => {
          const account = `law:${++accounts}`;
          await world.account(account, calendar);
          world.itIs(LATER);
          const ticks = drawn.map((tick, i): Tick => {
            const id = `${account}-${i}`;
            return { ...tick, id, key: identity.keyOf('', id) };
          });
          await world.record(
            account,
            ticks.map(({ id, at, quantity, resource, region, class: size, user }) => ({
              ...{ id, type: 'tick', at: iso(at), quantity, resource },
              properties: { class: size, user, ...(region === undefined ? {} : { region }) },
            })),
          );
          for (const tick of ticks.filter(({ isVoided }) => isVoided)) await world.void(account, tick.id);
          const effective = ticks.filter(({ isVoided }) => !isVoided);
          for (const question of questions) {
            world.itIs(iso(question.now));
            for (const aggregation of METERS) {
              const found = { aggregation, lines: await answered(aggregation, account, question) };
              expect(found).toEqual({ aggregation, lines: expected(aggregation, effective, question) });
            }
          }
        },
      ),
      { numRuns: 20, endOnFailure: true },
    );
  }, 120_000);
});
