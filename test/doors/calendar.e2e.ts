import { type TestApp, startTestApp } from '../support/app';
import { Rest } from '../support/rest';

describe('GET /api/v1/calendar', () => {
  let app: TestApp;
  let admin: Rest;

  beforeAll(async () => {
    app = await startTestApp();
    admin = new Rest(app.rest, app.adminKey);
  });
  afterAll(() => app.close());

  const ask = <Body = { boundaries: string[] }>(query: Record<string, string>) =>
    admin.get<Body>(`/api/v1/calendar?${new URLSearchParams(query).toString()}`);

  it('keeps the 31st where a month has one', async () => {
    const { status, body } = await ask({
      anchor: '2024-01-31T00:00:00Z',
      interval: 'month',
      count: '1',
      time_zone: 'UTC',
      from: '2024-01-31T00:00:00Z',
      to: '2024-04-30T00:00:00Z',
    });
    expect(status).toBe(200);
    expect(body.boundaries).toEqual([
      '2024-01-31T00:00:00.000Z',
      '2024-02-29T00:00:00.000Z',
      '2024-03-31T00:00:00.000Z',
      '2024-04-30T00:00:00.000Z',
    ]);
  });

  it('lists local midnights, for dates as for instants', async () => {
    const dates = { anchor: '2024-03-30', interval: 'day', from: '2024-03-30', to: '2024-04-01' };
    const { body } = await ask({ ...dates, time_zone: 'Europe/Berlin' });
    expect(body.boundaries).toEqual([
      '2024-03-29T23:00:00.000Z',
      '2024-03-30T23:00:00.000Z',
      '2024-03-31T22:00:00.000Z', // a day of 23 hours
    ]);
    const instants = {
      anchor: '2024-03-30T00:00:00+01:00',
      from: '2024-03-29T23:00:00Z',
      to: '2024-03-31T22:00:00Z',
    };
    expect((await ask({ ...dates, ...instants, time_zone: 'Europe/Berlin' })).body).toEqual(body);
  });

  it('counts UTC months unless told otherwise', async () => {
    const { body } = await ask({ anchor: '2024-02-29', from: '2024-02-01', to: '2024-04-01' });
    expect(body.boundaries).toEqual(['2024-02-29T00:00:00.000Z', '2024-03-29T00:00:00.000Z']);
  });

  it('lists everything that is wrong at once', async () => {
    const query = {
      anchor: 'soon',
      interval: 'moon',
      count: '0',
      time_zone: 'Mars/Base',
      from: '2024-02-30',
      x: '1',
    };
    const { status, body } = await ask<{ errors: { field: string }[] }>(query);
    expect(status).toBe(400);
    expect(body.errors.map(({ field }) => field)).toEqual([
      'anchor',
      'interval',
      'count',
      'time_zone',
      'from',
      'to',
      'x',
    ]);
  });

  it('refuses a stretch that runs backwards or never ends', async () => {
    const hours = { anchor: '2024-01-01', interval: 'hour', from: '2024-01-01' };
    for (const to of ['2023-12-31', '2026-01-01']) {
      const { status, body } = await ask<{ errors: { field: string }[] }>({ ...hours, to });
      expect([status, body.errors.map(({ field }) => field)]).toEqual([400, ['to']]);
    }
  });
});
