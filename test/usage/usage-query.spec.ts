import { type Happening, UsageWorld } from '../support/usage-world';

let world: UsageWorld;
beforeAll(async () => {
  world = await UsageWorld.at('2026-04-15T12:00:00Z');
  await world.meter('requests', {
    aggregation: 'sum',
    event_types: ['call'],
    dimensions: ['region', 'class'],
  });
  await world.meter('calls', { aggregation: 'count', event_types: ['call'] });
  await world.meter('slowest', { aggregation: 'max', event_types: ['call'], dimensions: ['region'] });
  await world.meter('fastest', { aggregation: 'min', event_types: ['call'] });
  await world.meter('last', { aggregation: 'latest', event_types: ['call'] });
  await world.meter('mean', { aggregation: 'average', event_types: ['call'] });
  const users = {
    aggregation: 'unique',
    event_types: ['call'],
    value_property: 'user',
    dimensions: ['region'],
  };
  await world.meter('users', users);
  const minutes = { divide_by: '60' };
  await world.meter('minutes', { aggregation: 'sum', event_types: ['call'], unit_conversion: minutes });
}, 60_000);
afterAll(() => world.close());

const call = (at: string, quantity: string, properties: Record<string, string> = {}): Happening => ({
  type: 'call',
  at: `2026-${at}Z`,
  quantity,
  properties: { user: 'ann', ...properties },
});

describe('windows', () => {
  it('lists every hour of the stretch, also those in which nothing happened', async () => {
    await world.record('org:hours', [
      call('03-02T10:00:00', '2'),
      call('03-02T10:59:59', '0.5'),
      call('03-02T12:00:00', '4'),
    ]);
    const hours = {
      account: 'org:hours',
      from: '2026-03-02T10:00:00Z',
      to: '2026-03-02T13:00:00Z',
      window: 'hour',
    };
    expect(await world.lines('requests', hours)).toEqual([
      '03-02T10:00 2.5',
      '03-02T11:00 0',
      '03-02T12:00 4',
    ]);
    expect(await world.lines('calls', hours)).toEqual(['03-02T10:00 2', '03-02T11:00 0', '03-02T12:00 1']);
    expect(await world.lines('slowest', hours)).toEqual([
      '03-02T10:00 2',
      '03-02T11:00 null',
      '03-02T12:00 4',
    ]);
    expect(await world.lines('fastest', hours)).toEqual([
      '03-02T10:00 0.5',
      '03-02T11:00 null',
      '03-02T12:00 4',
    ]);
    expect(await world.lines('last', hours)).toEqual([
      '03-02T10:00 0.5',
      '03-02T11:00 null',
      '03-02T12:00 4',
    ]);
    expect(await world.lines('mean', hours)).toEqual([
      '03-02T10:00 1.25',
      '03-02T11:00 null',
      '03-02T12:00 4',
    ]);
    expect(await world.lines('users', hours)).toEqual(['03-02T10:00 1', '03-02T11:00 0', '03-02T12:00 1']);
    expect(await world.lines('minutes', { ...hours, window: 'total' })).toEqual([
      '03-02T10:00 0.108333333333333',
    ]);
  });

  it('answers with the words of the contract', async () => {
    await world.record('org:words', [call('03-02T10:00:00', '12.50')]);
    const { status, body } = await world.usage('requests', {
      account: 'org:words',
      from: '2026-03-02T10:00:00+00:00',
      to: '2026-03-02T12:00:00+01:00',
      group_by: 'region',
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      meter: 'requests',
      unit: 'units',
      aggregation: 'sum',
      account: 'org:words',
      from: '2026-03-02T10:00:00.000Z',
      to: '2026-03-02T11:00:00.000Z',
      window: 'total',
      time_zone: 'UTC',
      data: [
        {
          from: '2026-03-02T10:00:00.000Z',
          to: '2026-03-02T11:00:00.000Z',
          group: { region: null },
          quantity: '12.5',
        },
      ],
    });
  });

  it('cuts days at the midnights of the zone: 23 hours in March, 25 in October', async () => {
    // One call each half hour: a day of n hours holds 2n calls.
    const halfHours = (from: string, count: number): Happening[] =>
      Array.from({ length: count }, (_, i) => ({
        type: 'call',
        at: new Date(Date.parse(from) + i * 1_800_000).toISOString(),
        properties: { user: 'ann' },
      }));
    await world.record('org:berlin', halfHours('2026-03-28T00:00:00Z', 144));
    await world.record('org:berlin', halfHours('2025-10-25T00:00:00Z', 144));
    const days = { account: 'org:berlin', window: 'day', time_zone: 'Europe/Berlin' };
    expect(
      await world.lines('calls', { ...days, from: '2026-03-27T23:00:00Z', to: '2026-03-30T22:00:00Z' }),
    ).toEqual(['03-27T23:00 46', '03-28T23:00 46', '03-29T22:00 48']);
    expect(
      await world.lines('calls', { ...days, from: '2025-10-24T22:00:00Z', to: '2025-10-26T23:00:00Z' }),
    ).toEqual(['10-24T22:00 44', '10-25T22:00 50']);
  });

  it('reads days of a zone at half an hour from hours and events together', async () => {
    const instants = [
      '03-04T18:29:59',
      '03-04T18:30:00',
      '03-05T06:00:00',
      '03-05T18:29:59.999',
      '03-05T18:30:00',
    ];
    await world.record(
      'org:kolkata',
      instants.map((at, i) => call(at, String(10 ** i))),
    );
    const days = {
      account: 'org:kolkata',
      window: 'day',
      time_zone: 'Asia/Kolkata',
      from: '2026-03-03T18:30:00Z',
      to: '2026-03-06T18:30:00Z',
    };
    expect(await world.lines('requests', days)).toEqual([
      '03-03T18:30 1',
      '03-04T18:30 1110',
      '03-05T18:30 10000',
    ]);
    expect(await world.lines('last', days)).toEqual([
      '03-03T18:30 1',
      '03-04T18:30 1000',
      '03-05T18:30 10000',
    ]);
    expect(await world.lines('users', days)).toEqual(['03-03T18:30 1', '03-04T18:30 1', '03-05T18:30 1']);
    const hours = { ...days, window: 'hour', from: '2026-03-05T17:45:00Z', to: '2026-03-05T18:40:00Z' };
    expect(await world.lines('requests', hours)).toEqual(['03-05T17:45 1000', '03-05T18:30 10000']);
  });

  it('reads weeks from Monday on and months by the calendar', async () => {
    await world.record('org:weeks', [
      call('03-01T23:59:00', '1'),
      call('03-02T00:00:00', '2'),
      call('03-31T00:00:00', '4'),
    ]);
    const stretch = { account: 'org:weeks', from: '2026-02-25T00:00:00Z', to: '2026-04-02T00:00:00Z' };
    expect(await world.lines('requests', { ...stretch, window: 'week' })).toEqual([
      '02-25T00:00 1',
      '03-02T00:00 2',
      '03-09T00:00 0',
      '03-16T00:00 0',
      '03-23T00:00 0',
      '03-30T00:00 4',
    ]);
    expect(await world.lines('requests', { ...stretch, window: 'month' })).toEqual([
      '02-25T00:00 0',
      '03-01T00:00 7',
      '04-01T00:00 0',
    ]);
  });

  it('takes the running period of an anchor in mid-month, and ends now when it begins elsewhere', async () => {
    await world.account('org:anchored', { anchor: '2026-01-10T09:30:00Z', time_zone: 'Asia/Kolkata' });
    await world.record('org:anchored', [
      call('04-10T09:29:59', '1'),
      call('04-10T09:30:00', '2'),
      call('04-15T11:59:00', '4'),
      // Our clock says 12:00: a sender's may be ahead of it.
      call('04-15T12:01:00', '8'),
    ]);
    const { body } = await world.usage('requests', { account: 'org:anchored' });
    expect(body).toMatchObject({
      from: '2026-04-10T09:30:00.000Z',
      to: '2026-05-10T09:30:00.000Z',
      time_zone: 'Asia/Kolkata',
    });
    expect(body.data.map(({ quantity }) => quantity)).toEqual(['14']);
    const since = await world.usage('requests', { account: 'org:anchored', from: '2026-04-10T09:00:00Z' });
    expect(since.body).toMatchObject({ to: '2026-04-15T12:00:00.000Z', data: [{ quantity: '7' }] });
  });
});

describe('dimensions', () => {
  beforeAll(async () => {
    await world.record('org:dims', [
      call('03-02T10:00:00', '1', { region: 'eu', class: 'small', user: 'ann' }),
      call('03-02T11:20:00', '2', { region: 'us', class: 'small', user: 'ann' }),
      call('03-02T11:40:00', '4', { region: 'eu', class: 'large', user: 'bob' }),
      call('03-03T00:10:00', '8', { region: 'eu', class: 'small', user: 'bob' }),
      call('03-03T00:20:00', '16', { user: 'cyd' }),
    ]);
  });
  const days = {
    account: 'org:dims',
    from: '2026-03-02T00:00:00Z',
    to: '2026-03-04T00:00:00Z',
    window: 'day',
  };

  it('groups by some of them, lists only what exists, and the groups add up to the total', async () => {
    expect(await world.lines('requests', { ...days, group_by: 'region' })).toEqual([
      '03-02T00:00 eu 5',
      '03-02T00:00 us 2',
      '03-03T00:00 eu 8',
      '03-03T00:00 null 16',
    ]);
    expect(await world.lines('requests', { ...days, group_by: 'class,region', window: 'total' })).toEqual([
      '03-02T00:00 large eu 4',
      '03-02T00:00 small eu 9',
      '03-02T00:00 small us 2',
      '03-02T00:00 null null 16',
    ]);
    expect(await world.lines('requests', { ...days })).toEqual(['03-02T00:00 7', '03-03T00:00 24']);
  });

  it('keeps the values asked for', async () => {
    expect(await world.lines('requests', { ...days, 'filter.region': 'eu' })).toEqual([
      '03-02T00:00 5',
      '03-03T00:00 8',
    ]);
    expect(
      await world.lines('requests', { ...days, 'filter.region': ['eu', 'us'], 'filter.class': 'small' }),
    ).toEqual(['03-02T00:00 3', '03-03T00:00 8']);
    expect(await world.lines('requests', { ...days, 'filter.region': 'mars' })).toEqual([
      '03-02T00:00 0',
      '03-03T00:00 0',
    ]);
    expect(await world.lines('slowest', { ...days, 'filter.region': 'us' })).toEqual([
      '03-02T00:00 2',
      '03-03T00:00 null',
    ]);
  });

  it('applies them to edges as to rows', async () => {
    const cut = { ...days, from: '2026-03-02T11:30:00Z', to: '2026-03-03T00:15:00Z', window: 'total' };
    expect(await world.lines('requests', { ...cut, group_by: 'region' })).toEqual(['03-02T11:30 eu 12']);
    expect(await world.lines('requests', cut)).toEqual(['03-02T11:30 12']);
    expect(await world.lines('users', { ...cut, group_by: 'region' })).toEqual(['03-02T11:30 eu 1']);
  });

  it('counts a user once however many hours, days and regions he was seen in', async () => {
    expect(
      await world.lines('users', { ...days, window: 'hour', to: '2026-03-02T12:00:00Z', group_by: 'region' }),
    ).toEqual(['03-02T10:00 eu 1', '03-02T11:00 eu 1', '03-02T11:00 us 1']);
    expect(await world.lines('users', days)).toEqual(['03-02T00:00 2', '03-03T00:00 2']);
    expect(await world.lines('users', { ...days, window: 'total' })).toEqual(['03-02T00:00 3']);
    const cut = { ...days, window: 'total', from: '2026-03-02T10:30:00Z' };
    expect(await world.lines('users', cut)).toEqual(['03-02T10:30 3']);
  });
});

describe('corrections', () => {
  it('show at once: late events, voids and amends, in hours, days, groups and edges', async () => {
    const [first, second, third] = await world.record('org:fixed', [
      call('03-02T10:00:00', '5', { region: 'eu' }),
      call('03-02T10:30:00', '9', { region: 'us', user: 'bob' }),
      call('03-03T10:00:00', '3', { region: 'eu' }),
    ]);
    const stretch = { account: 'org:fixed', from: '2026-03-02T00:00:00Z', to: '2026-03-04T00:00:00Z' };
    expect(await world.total('requests', stretch)).toBe('17');
    expect(await world.total('slowest', stretch)).toBe('9');
    expect(await world.total('users', stretch)).toBe('2');
    await world.void('org:fixed', second!);
    expect(await world.total('requests', stretch)).toBe('8');
    expect(await world.total('slowest', stretch)).toBe('5');
    expect(await world.total('users', stretch)).toBe('1');
    expect(await world.total('last', { ...stretch, to: '2026-03-02T10:45:00Z' })).toBe('5');
    await world.amend('org:fixed', third!, { quantity: '30', properties: { region: 'us', user: 'cyd' } });
    expect(await world.lines('requests', { ...stretch, group_by: 'region' })).toEqual([
      '03-02T00:00 eu 5',
      '03-02T00:00 us 30',
    ]);
    await world.amend('org:fixed', first!, { quantity: '1' });
    await world.record('org:fixed', [call('03-02T01:00:00', '100', { region: 'eu' })]);
    expect(await world.lines('slowest', { ...stretch, window: 'day' })).toEqual([
      '03-02T00:00 100',
      '03-03T00:00 30',
    ]);
    expect(await world.total('mean', stretch)).toBe('43.666666666666667');
  });
});

describe('a meter made later', () => {
  it('measures what is recorded from then on, in rows, edges and corrections alike', async () => {
    const upload = (at: string, properties: Record<string, string>): Happening => ({
      type: 'upload',
      at: `2026-03-02T${at}Z`,
      properties,
    });
    await world.meter('uploads', { aggregation: 'count', event_types: ['upload'] });
    await world.record('org:since', [upload('10:02:00', {}), upload('10:05:00', { bytes: '100' })]);
    await world.meter('since', { aggregation: 'max', event_types: ['upload'], value_property: 'bytes' });
    const [, biggest] = await world.record('org:since', [
      upload('10:10:00', { bytes: '5' }),
      upload('10:15:00', { bytes: '9' }),
    ]);
    const stretch = { account: 'org:since', from: '2026-03-02T10:00:00Z' };
    expect(await world.total('since', { ...stretch, to: '2026-03-02T11:00:00Z' })).toBe('9');
    expect(await world.total('since', { ...stretch, to: '2026-03-02T10:12:00Z' })).toBe('5');
    await world.void('org:since', biggest!);
    expect(await world.total('since', { ...stretch, to: '2026-03-02T11:00:00Z' })).toBe('5');
  });
});

describe('refusals', () => {
  beforeAll(async () => world.record('org:mine', [call('03-02T10:00:00', '1')]));
  const refusal = async (parameters: Record<string, string | string[]>, meter = 'requests') => {
    const { status, body } = await world.usage(meter, { account: 'org:mine', ...parameters });
    const fields = ((body['errors'] ?? []) as { field: string }[]).map(({ field }) => field);
    return [status, ...fields];
  };

  it('names what is wrong', async () => {
    expect(await refusal({ group_by: 'color' })).toEqual([400, 'group_by']);
    expect(await refusal({ 'filter.color': 'red' })).toEqual([400, 'filter.color']);
    expect(await refusal({ colour: 'red' })).toEqual([400, 'colour']);
    expect(await refusal({ filter: 'red' })).toEqual([400, 'filter']);
    expect(await refusal({ meter: 'calls' })).toEqual([400, 'meter']);
    expect(await refusal({ account: 'nobody' })).toEqual([400, 'account']);
    expect(await refusal({ account: ['org:mine', 'org:other'] })).toEqual([400, 'account']);
    expect(await refusal({ from: 'yesterday', to: '2026-02-30T00:00:00Z' })).toEqual([400, 'from', 'to']);
    expect(await refusal({ window: 'year', time_zone: 'Mars/Olympus' })).toEqual([
      400,
      'window',
      'time_zone',
    ]);
    expect(await refusal({ from: '2026-03-02T00:00:00Z', to: '2026-03-02T00:00:00Z' })).toEqual([400, 'to']);
    expect(await refusal({ from: '2020-01-01T00:00:00Z', window: 'hour' })).toEqual([400, 'to']);
    expect(await refusal({}, 'unheard')).toEqual([404]);
    expect(await refusal({}, 'un%00heard')).toEqual([400, 'key']);
  });

  it('answers alike for an account that is not there and one of somebody else', async () => {
    const reader = await world.caller('reader', ['org:mine']);
    const words = async (account: string): Promise<unknown[]> => {
      const { status, body } = await world.usage('requests', { account }, reader);
      return [status, body['code'], String(body['detail']).replace(account, '')];
    };
    expect((await world.usage('requests', { account: 'org:mine' }, reader)).status).toBe(200);
    expect(await words('org:dims')).toEqual([404, 'not-found', 'No account ']);
    expect(await words('org:nowhere')).toEqual(await words('org:dims'));
  });

  it('needs the scope usage:read', async () => {
    const ingest = await world.caller('ingest', ['org:mine']);
    expect((await world.usage('requests', { account: 'org:mine' }, ingest)).status).toBe(403);
  });
});
