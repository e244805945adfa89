import { type Happening, UsageWorld } from '../support/usage-world';

let world: UsageWorld;
beforeAll(async () => {
  world = await UsageWorld.at('2026-04-15T12:00:00Z');
  const level = { event_types: ['level'], dimensions: ['region', 'class'] };
  await world.meter('gb_hours', { aggregation: 'gauge_integral', ...level });
  await world.meter('most', { aggregation: 'gauge_peak', ...level });
}, 60_000);
afterAll(() => world.close());

const set = (
  at: string,
  resource: string,
  quantity: string,
  properties: Record<string, string> = {},
): Happening => ({
  type: 'level',
  at: `2026-${at}Z`,
  resource,
  quantity,
  properties,
});
const march2 = (from: string, to: string) => ({ from: `2026-03-02T${from}Z`, to: `2026-03-02T${to}Z` });

describe('a level that holds', () => {
  it('is counted from the instant it was set to the one it ended, in every window', async () => {
    await world.record('org:span', [set('03-02T10:15:00', 'db', '4'), set('03-02T12:30:00', 'db', '0')]);
    const hours = { account: 'org:span', window: 'hour', ...march2('09:00:00', '14:00:00') };
    expect(await world.lines('gb_hours', hours)).toEqual([
      '03-02T09:00 0',
      '03-02T10:00 3',
      '03-02T11:00 4',
      '03-02T12:00 2',
      '03-02T13:00 0',
    ]);
    expect(await world.lines('most', hours)).toEqual([
      '03-02T09:00 0',
      '03-02T10:00 4',
      '03-02T11:00 4',
      '03-02T12:00 4',
      '03-02T13:00 0',
    ]);
    expect(await world.total('gb_hours', { account: 'org:span', ...march2('00:00:00', '23:00:00') })).toBe(
      '9',
    );
  });

  it('is exact where a query cuts through an hour, before, inside and after its changes', async () => {
    await world.record('org:cut', [set('03-02T10:15:00', 'db', '4'), set('03-02T10:45:00', 'db', '1')]);
    const usage = (from: string, to: string) =>
      world.total('gb_hours', { account: 'org:cut', ...march2(from, to) });
    expect(await usage('10:00:00', '10:30:00')).toBe('1');
    expect(await usage('10:30:00', '11:00:00')).toBe('1.25');
    expect(await usage('10:15:00', '10:45:00')).toBe('2');
    expect(await usage('10:20:00', '10:26:00')).toBe('0.4');
    expect(await usage('10:50:00', '11:20:00')).toBe('0.5');
    expect(await usage('09:00:00', '10:15:00')).toBe('0');
    const peak = (from: string, to: string) =>
      world.total('most', { account: 'org:cut', ...march2(from, to) });
    expect(await peak('10:00:00', '10:15:00')).toBe('0');
    expect(await peak('10:00:00', '10:15:00.001')).toBe('4');
    expect(await peak('10:45:00', '10:50:00')).toBe('1');
  });

  it('stacks the rises of several hours, and remembers what held before the first of them', async () => {
    await world.record('org:stack', [
      set('03-02T10:00:00', 'a', '1'),
      set('03-02T11:10:00', 'b', '2'),
      set('03-02T12:20:00', 'c', '4'),
      set('03-02T14:00:00', 'c', '0'),
      set('03-02T15:00:00', 'b', '0'),
      set('03-02T15:00:00', 'a', '0'),
      set('03-02T17:00:00', 'd', '5'),
      set('03-02T18:10:00', 'd', '0'),
    ]);
    const peak = (from: string, to: string) =>
      world.total('most', { account: 'org:stack', ...march2(from, to) });
    expect(await peak('10:00:00', '12:00:00')).toBe('3');
    expect(await peak('10:00:00', '16:00:00')).toBe('7');
    expect(await peak('13:00:00', '16:00:00')).toBe('7');
    expect(await peak('14:00:00', '16:00:00')).toBe('3');
    expect(await peak('14:30:00', '15:00:00.001')).toBe('3');
    expect(await peak('15:00:00', '16:00:00')).toBe('0');
    expect(await peak('18:05:00', '18:20:00')).toBe('5');
    expect(await peak('18:10:00', '18:20:00')).toBe('0');
  });

  it('keeps holding through months without an event', async () => {
    await world.record('org:quiet', [set('01-05T00:00:00', 'db', '2')]);
    const months = {
      account: 'org:quiet',
      window: 'month',
      from: '2026-01-01T00:00:00Z',
      to: '2026-04-01T00:00:00Z',
    };
    // 27 × 24 × 2, 28 × 24 × 2, 31 × 24 × 2
    expect(await world.lines('gb_hours', months)).toEqual([
      '01-01T00:00 1296',
      '02-01T00:00 1344',
      '03-01T00:00 1488',
    ]);
    expect(await world.total('most', months)).toBe('2');
  });

  it('is usage up to now and not beyond: the running window is cut, later ones are empty', async () => {
    await world.record('org:running', [set('04-15T10:30:00', 'db', '6')]);
    const today = {
      account: 'org:running',
      from: '2026-04-15T10:00:00Z',
      to: '2026-04-15T14:00:00Z',
      window: 'hour',
    };
    world.itIs('2026-04-15T12:10:00Z');
    expect(await world.lines('gb_hours', today)).toEqual([
      '04-15T10:00 3',
      '04-15T11:00 6',
      '04-15T12:00 1',
      '04-15T13:00 0',
    ]);
    expect(await world.lines('most', today)).toEqual([
      '04-15T10:00 6',
      '04-15T11:00 6',
      '04-15T12:00 6',
      '04-15T13:00 null',
    ]);
    // A sender's clock is ahead of ours: the stop lies in the future, and the start is not forgotten.
    await world.record('org:running', [set('04-15T12:12:00', 'db', '0')]);
    expect((await world.lines('gb_hours', today))[2]).toBe('04-15T12:00 1');
    world.itIs('2026-04-15T13:00:00Z');
    expect((await world.lines('gb_hours', today))[2]).toBe('04-15T12:00 1.2');
    world.itIs('2026-04-15T12:00:00Z');
  });

  it('follows what comes late and what is taken back', async () => {
    const [, stop] = await world.record('org:late', [
      set('03-02T08:00:00', 'db', '1'),
      set('03-02T12:00:00', 'db', '0'),
    ]);
    const day = { account: 'org:late', ...march2('00:00:00', '20:00:00') };
    expect(await world.total('gb_hours', day)).toBe('4');
    await world.record('org:late', [set('03-02T10:00:00', 'db', '3')]);
    expect([await world.total('gb_hours', day), await world.total('most', day)]).toEqual(['8', '3']);
    await world.void('org:late', stop!);
    expect(await world.total('gb_hours', day)).toBe('32');
  });
});

describe('dimensions of a gauge', () => {
  beforeAll(async () => {
    const [small, large] = [
      { region: 'eu', class: 'small' },
      { region: 'eu', class: 'large' },
    ];
    await world.record('org:fleet', [
      set('03-01T00:00:00', 'a', '1', small),
      set('03-02T10:10:00', 'b', '8', large),
      set('03-02T10:20:00', 'b', '0', large),
      set('03-02T10:30:00', 'c', '5', small),
      set('03-02T10:40:00', 'c', '0', small),
      set('03-02T11:00:00', 'd', '2', { region: 'us', class: 'small' }),
    ]);
  });
  const hours = { account: 'org:fleet', window: 'hour', ...march2('09:00:00', '12:00:00') };

  it('groups integrals, which add up to the total', async () => {
    expect(await world.lines('gb_hours', hours)).toEqual([
      '03-02T09:00 1',
      '03-02T10:00 3.166666666666667',
      '03-02T11:00 3',
    ]);
    expect(await world.lines('gb_hours', { ...hours, group_by: 'class' })).toEqual([
      '03-02T09:00 small 1',
      '03-02T10:00 large 1.333333333333333',
      '03-02T10:00 small 1.833333333333333',
      '03-02T11:00 small 3',
    ]);
    expect(await world.lines('gb_hours', { ...hours, 'filter.region': 'us' })).toEqual([
      '03-02T09:00 0',
      '03-02T10:00 0',
      '03-02T11:00 2',
    ]);
  });

  it('takes the peak of a group from all that moved in it, not from the peaks of its parts', async () => {
    expect(await world.lines('most', { ...hours, group_by: 'region,class' })).toEqual([
      '03-02T09:00 eu small 1',
      '03-02T10:00 eu large 8',
      '03-02T10:00 eu small 6',
      '03-02T11:00 eu small 1',
      '03-02T11:00 us small 2',
    ]);
    // 1 + 8, because the 5 of c came after the 8 of b had gone.
    expect(await world.lines('most', { ...hours, group_by: 'region' })).toEqual([
      '03-02T09:00 eu 1',
      '03-02T10:00 eu 9',
      '03-02T11:00 eu 1',
      '03-02T11:00 us 2',
    ]);
    expect(await world.lines('most', { ...hours, 'filter.class': 'small' })).toEqual([
      '03-02T09:00 1',
      '03-02T10:00 6',
      '03-02T11:00 3',
    ]);
    expect(await world.total('most', { account: 'org:fleet', ...march2('10:21:00', '12:00:00') })).toBe('6');
  });
});
