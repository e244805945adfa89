import { MeteringClient } from '../support/metering-client';
import type { Rest } from '../support/rest';
import { LimitWorld } from '../usage/limit-world';

interface Answer extends Record<string, unknown> {
  readonly id: string;
  readonly items: Record<string, unknown>[];
  readonly errors: { field: string; reason: string }[];
}

const NOON = '2026-03-10T12:00:00Z';
const MARCH = { from: '2026-03-01T00:00:00.000Z', to: '2026-04-01T00:00:00.000Z' };

describe('the doors of limits', () => {
  let world: LimitWorld;
  let rest: Rest;
  let grpc: MeteringClient;
  beforeAll(async () => {
    world = await LimitWorld.at(NOON);
    rest = world.usage.admin;
    grpc = new MeteringClient(world.usage.app.grpc, world.usage.app.adminKey);
  });
  beforeEach(() => world.usage.itIs(NOON));
  afterAll(async () => {
    grpc?.close();
    await world.close();
  });

  const post = (path: string, body: unknown, key?: string) =>
    rest.send<Answer>('POST', path, {
      ...{ body, contentType: 'application/json' },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });
  const scans = (account: string, quantity?: string): object => ({
    account,
    items: [{ meter: 'scans', quantity }],
  });
  const pathOf = (account: string, rest: string): string =>
    `/api/v1/accounts/${encodeURIComponent(account)}/${rest}`;

  describe('check', () => {
    it('sees the event that was recorded just before, and counts nothing', async () => {
      const account = 'org:checked';
      await world.limit(account, { scans: ['10', 'refuse'] });
      const event = { id: 'one', account, type: 'scans', quantity: '7' };
      expect((await rest.post('/api/v1/events', event)).status).toBe(201);
      const three = await post('/api/v1/check', scans(account, '3'));
      expect([three.status, three.body]).toEqual([
        200,
        {
          ...{
            allowed: true,
            counted: false,
            reason: null,
            period: MARCH,
            spending: null,
            applied: null,
            as_of: null,
          },
          items: [
            {
              ...{ meter: 'scans', quantity: '3', allowed: true, used: '7', reserved: '0' },
              ...{ limit: '10', remaining: '3', on_exceed: 'refuse' },
            },
          ],
        },
      ]);
      const four = await post('/api/v1/check', scans(account, '4'));
      expect(four.body).toMatchObject({
        allowed: false,
        reason: 'It goes beyond the limit of scans: 7 of 10 used',
        items: [{ allowed: false }],
      });
      expect(await world.counted(account, 'scans')).toBe('7 of 1 events');
    });

    it('judges the items of a request together', async () => {
      const account = 'org:together';
      await world.limit(account, { scans: ['10', 'refuse'] });
      const items = [6, 6, 4].map((quantity) => ({ meter: 'scans', quantity }));
      const { body } = await post('/api/v1/check', { account, items });
      expect([body['allowed'], body.items.map((item) => item['allowed'])]).toEqual([
        false,
        [true, false, true],
      ]);
    });

    it('lets use beyond a limit through that is only flagged', async () => {
      const account = 'org:flagged';
      await world.limit(account, { scans: ['10', 'flag'] });
      await world.told(account, { scans: '12' });
      const { body } = await post('/api/v1/check', scans(account));
      expect(body).toMatchObject({ allowed: true, items: [{ used: '12', remaining: '0', quantity: '1' }] });
    });

    it('answers for an account nobody knows as it would begin, and makes none', async () => {
      const { body } = await post('/api/v1/check', scans('org:nobody'));
      expect(body).toMatchObject({ allowed: true, period: MARCH, items: [{ used: '0' }] });
      expect((await rest.get('/api/v1/accounts/org:nobody')).status).toBe(404);
      const stranger = await world.usage.caller('reader', ['org:other']);
      expect((await stranger.post('/api/v1/check', scans('org:nobody'))).status).toBe(404);
    });

    it('says what is granted', async () => {
      const account = 'org:granted';
      await world.usage.account(account);
      const overrides = {
        allowances: { scans: { limit: '1', on_exceed: 'refuse' } },
        entitlements: { sso: true, beta: false, support: '24x7' },
      };
      const put = await rest.put(pathOf(account, 'subscription'), { plan: 'free', overrides });
      expect(put.status).toBe(200);
      const names = ['sso', 'beta', 'support', 'scans', 'nothing'];
      const ask = () =>
        post('/api/v1/check', { account, items: names.map((entitlement) => ({ entitlement })) });
      const told = ({ body }: Awaited<ReturnType<typeof ask>>): unknown[] =>
        body.items.map(({ entitlement, kind, granted, allowed, text }) =>
          [entitlement, kind, granted, allowed, text ?? ''].join(' '),
        );
      const before = ['sso boolean true true ', 'beta boolean false false ', 'support static true true 24x7'];
      expect(told(await ask())).toEqual([...before, 'scans metered true true ', 'nothing none false false ']);
      await world.told(account, { scans: '1' });
      const after = await ask();
      expect(told(after)[3]).toBe('scans metered true false ');
      expect(after.body.items[3]).toMatchObject({ metered: { used: '1', limit: '1', remaining: '0' } });
      const limits = await rest.get(pathOf(account, 'limits'));
      expect([limits.status, limits.body]).toEqual([
        200,
        expect.objectContaining({
          ...{ account, period: MARCH, spending: null },
          meters: expect.arrayContaining([
            expect.objectContaining({ meter: 'scans', used: '1', reserved: '0', limit: '1', remaining: '0' }),
          ]) as unknown,
          entitlements: expect.arrayContaining([
            { entitlement: 'support', kind: 'static', granted: true, text: '24x7' },
            { entitlement: 'beta', kind: 'boolean', granted: false, text: null },
          ]) as unknown,
        }),
      ]);
    });

    it('shows a gauge and what it may still use, in units of the meter', async () => {
      await world.usage.meter('gb_hours', {
        ...{ aggregation: 'gauge_integral', event_types: ['disk.level'] },
      });
      const account = 'org:gauge';
      await world.limit(account, { gb_hours: ['20', 'refuse'] });
      // Two GB for the eight hours until noon.
      const level = { type: 'disk.level', at: '2026-03-10T04:00:00Z', quantity: '2', resource: 'disk' };
      await world.usage.record(account, [level]);
      const ask = (quantity: string) =>
        post('/api/v1/check', { account, items: [{ meter: 'gb_hours', quantity }] });
      expect((await ask('4')).body).toMatchObject({
        allowed: true,
        items: [{ used: '16', limit: '20', remaining: '4' }],
      });
      expect((await ask('4.5')).body).toMatchObject({ allowed: false });
    });
  });

  describe('consume', () => {
    it('counts once, however often it is sent, and refuses with a 200', async () => {
      const account = 'org:consumer';
      await world.limit(account, { scans: ['10', 'refuse'] });
      const first = await post('/api/v1/consume', scans(account, '8'), 'k1');
      expect([first.status, first.body]).toEqual([
        200,
        {
          ...{ id: 'k1', status: 'recorded', allowed: true, counted: true, reason: null, period: MARCH },
          ...{ spending: null, applied: null },
          items: [
            {
              ...{ meter: 'scans', quantity: '8', allowed: true, used: '8', reserved: null },
              ...{ limit: '10', remaining: '2', on_exceed: 'refuse' },
            },
          ],
        },
      ]);
      const again = await post('/api/v1/consume', scans(account, '8'), 'k1');
      expect(again.body).toEqual({ ...first.body, status: 'duplicate' });
      const other = await post('/api/v1/consume', scans(account, '7'), 'k1');
      expect([other.status, other.body['code']]).toEqual([409, 'conflict']);
      const refused = await post('/api/v1/consume', scans(account, '3'), 'k2');
      expect([refused.status, refused.body]).toMatchObject([
        200,
        { status: 'refused', allowed: false, counted: false, items: [{ allowed: false, used: '8' }] },
      ]);
      expect((await post('/api/v1/consume', scans(account, '2'), 'k2')).body).toMatchObject({
        status: 'recorded',
      });
      expect(await world.counted(account, 'scans')).toBe('10 of 2 events');
    });

    it('counts a request without a key each time', async () => {
      const account = 'org:keyless';
      for (const used of ['1', '2']) {
        expect((await post('/api/v1/consume', scans(account))).body).toMatchObject({ items: [{ used }] });
      }
    });

    it('says what was crossed and what lies beyond', async () => {
      const account = 'org:beyond';
      await world.limit(account, { scans: ['10', 'flag'] });
      for (const quantity of ['9', '2', '3']) await post('/api/v1/consume', scans(account, quantity));
      const crossings = await rest.get<Answer>(pathOf(account, 'crossings?limit=1'));
      expect(crossings.body.items).toEqual([
        {
          ...{ meter: 'scans', percent: 100, used: '11', limit: '10', period: MARCH },
          crossed_at: '2026-03-10T12:00:00.000Z',
        },
      ]);
      const next = `crossings?cursor=${String(crossings.body['next_cursor'])}`;
      expect((await rest.get<Answer>(pathOf(account, next))).body).toMatchObject({
        items: [{ percent: 80, used: '9' }],
        next_cursor: null,
      });
      const overages = await rest.get<Answer>(pathOf(account, 'overages?limit=1'));
      expect(overages.body.items).toMatchObject([{ meter: 'scans', quantity: '3', limit: '10' }]);
      const behind = `overages?cursor=${String(overages.body['next_cursor'])}`;
      expect((await rest.get<Answer>(pathOf(account, behind))).body).toMatchObject({
        items: [{ quantity: '1' }],
        next_cursor: null,
      });
      expect((await rest.get(pathOf(account, `overages?cursor=x`))).status).toBe(400);
    });

    it.each<[string, unknown, string[]]>([
      ['no body', undefined, ['body']],
      ['an unknown field', { colour: 1, account: 'org:bad', items: [{ meter: 'scans' }] }, ['colour']],
      [
        'an unknown field of an item',
        { account: 'org:bad', items: [{ meter: 'scans', x: 1 }] },
        ['items[0].x'],
      ],
      ['no account', { items: [{ meter: 'scans' }] }, ['account']],
      ['a bad account', { account: 'acme', items: [{ meter: 'scans' }] }, ['account']],
      ['no items', { account: 'org:bad', items: [] }, ['items']],
      [
        'too many items',
        { account: 'org:bad', items: Array.from({ length: 21 }, () => ({ meter: 'scans' })) },
        ['items'],
      ],
      ['a double', { account: 'org:bad', items: [{ meter: 'scans', quantity: 1.5 }] }, ['items[0].quantity']],
      [
        'below zero',
        { account: 'org:bad', items: [{ meter: 'scans', quantity: '-1' }] },
        ['items[0].quantity'],
      ],
      [
        'too fine',
        { account: 'org:bad', items: [{ meter: 'scans', quantity: '0.0000000000000001' }] },
        ['items[0].quantity'],
      ],
      [
        'too much',
        { account: 'org:bad', items: [{ meter: 'scans', quantity: '1000000000000001' }] },
        ['items[0].quantity'],
      ],
      ['an unknown meter', { account: 'org:bad', items: [{ meter: 'nope' }] }, ['items[0].meter']],
      [
        'one bad of two',
        { account: 'org:bad', items: [{ meter: 'scans' }, { meter: 'nope' }] },
        ['items[1].meter'],
      ],
      ['another type', { account: 'org:bad', items: [{ meter: 'scans', type: 'nope' }] }, ['items[0].type']],
    ])('refuses %s, naming the field, and counts nothing', async (_name, body, fields) => {
      for (const path of ['consume', 'check', 'reservations']) {
        const answer = await post(`/api/v1/${path}`, body);
        expect([path, answer.status, answer.body.errors?.map(({ field }) => field)]).toEqual([
          path,
          400,
          fields,
        ]);
      }
      expect((await rest.get('/api/v1/accounts/org:bad')).status).toBe(404);
    });

    it('refuses a key that no header should hold, and accounts of others', async () => {
      const long = await post('/api/v1/consume', scans('org:bad'), 'k'.repeat(256));
      expect([long.status, long.body.errors[0]!.field]).toEqual([400, 'idempotency-key']);
      const stranger = await world.usage.caller('writer', ['org:other']);
      expect((await stranger.post('/api/v1/consume', scans('org:bad'))).status).toBe(403);
      expect((await stranger.post('/api/v1/reservations', scans('org:bad'))).status).toBe(403);
      const reader = await world.usage.caller('reader', ['*']);
      expect((await reader.post('/api/v1/consume', scans('org:bad'))).status).toBe(403);
    });
  });

  describe('reservations', () => {
    it('are made, read, committed in part and released over REST', async () => {
      const account = 'org:holder';
      await world.limit(account, { scans: ['10', 'refuse'] });
      const six = await post('/api/v1/reservations', scans(account, '6'), 'r1');
      expect([six.status, six.body]).toMatchObject([
        200,
        {
          ...{ state: 'open', allowed: true, expires_at: '2026-03-10T12:01:00.000Z', period: MARCH },
          items: [{ meter: 'scans', quantity: '6', used: '0', reserved: '6', limit: '10', remaining: '4' }],
        },
      ]);
      expect((await post('/api/v1/reservations', scans(account, '6'), 'r1')).body.id).toBe(six.body.id);
      expect((await post('/api/v1/reservations', scans(account, '5'), 'r1')).status).toBe(409);
      expect((await post('/api/v1/check', scans(account, '5'))).body).toMatchObject({
        allowed: false,
        reason: 'It goes beyond the limit of scans: 0 of 10 used and 6 reserved',
      });
      expect((await post('/api/v1/reservations', scans(account, '5'), 'r2')).body).toMatchObject({
        ...{ id: null, state: 'refused', allowed: false },
        items: [{ allowed: false }],
      });
      const path = pathOf(account, `reservations/${six.body.id}`);
      expect((await rest.get(path)).body).toMatchObject({ state: 'open', items: [{ used: null }] });
      const three = await post(`${path}/commit`, { quantities: ['1', '2'] });
      expect([three.status, three.body.errors[0]!.field]).toEqual([400, 'quantities']);
      const part = await post(`${path}/commit`, { quantities: ['4'] });
      expect(part.body).toMatchObject({ state: 'committed', items: [{ quantity: '4', used: '4' }] });
      expect((await post(`${path}/commit`, { quantities: ['4'] })).body).toEqual(part.body);
      expect((await post(`${path}/commit`, {})).status).toBe(409);
      expect((await post(`${path}/release`, undefined)).status).toBe(409);
      const six2 = await post('/api/v1/reservations', { ...scans(account, '6'), expires_in_seconds: 1 });
      const other = pathOf(account, `reservations/${six2.body.id}`);
      world.usage.itIs('2026-03-10T12:00:01Z');
      expect((await rest.get(other)).body).toMatchObject({ state: 'expired' });
      expect((await post('/api/v1/check', scans(account, '6'))).body).toMatchObject({ allowed: true });
      expect((await post(`${other}/release`, undefined)).body).toMatchObject({ state: 'released' });
      expect((await rest.get(pathOf(account, `reservations/${part.body.id.slice(0, -1)}f`))).status).toBe(
        404,
      );
      expect((await rest.get(pathOf(account, 'reservations/nope'))).status).toBe(400);
    });
  });

  describe('over gRPC', () => {
    it('say what REST says', async () => {
      const account = 'org:grpc';
      await world.limit(account, { scans: ['10', 'refuse'] });
      const three = { account, items: [{ meter: 'scans', quantity: '3' }] };
      const consumed = await grpc.call<Answer>('consume', { ...three, idempotencyKey: 'k1' });
      expect(consumed).toMatchObject({
        ...{ id: 'k1', status: 'CONSUME_STATUS_RECORDED', allowed: true, counted: true, reason: '' },
        period: { from: { seconds: '1772323200', nanos: 0 } },
        items: [
          { meter: 'scans', quantity: '3', used: '3', limit: '10', remaining: '7', onExceed: 'refuse' },
        ],
      });
      // One id, whichever door it comes through.
      expect((await post('/api/v1/consume', three, 'k1')).body).toMatchObject({ status: 'duplicate' });
      const checked = await grpc.call<Answer>('check', {
        account,
        items: [{ meter: 'scans' }, { entitlement: 'nothing' }],
      });
      expect(checked).toMatchObject({
        allowed: false,
        items: [
          { meter: { quantity: '1', used: '3', remaining: '7', allowed: true } },
          { entitlement: { kind: 'ENTITLEMENT_KIND_NONE', granted: false } },
        ],
      });
      const { reservation } = await grpc.call<{ reservation: Answer }>('reserve', {
        ...{ account, items: [{ meter: 'scans', quantity: '7' }], expiresInSeconds: 5 },
      });
      expect(reservation).toMatchObject({ state: 'RESERVATION_STATE_OPEN', items: [{ reserved: '7' }] });
      const seen = await rest.get(pathOf(account, `reservations/${reservation.id}`));
      expect(seen.body).toMatchObject({ state: 'open', expires_at: '2026-03-10T12:00:05.000Z' });
      const refused = await grpc.call<Answer>('consume', { account, items: [{ meter: 'scans' }] });
      expect(refused).toMatchObject({ status: 'CONSUME_STATUS_REFUSED', allowed: false, counted: false });
      const commit = { account, id: reservation.id, quantities: ['5'] };
      expect(await grpc.call('commit', commit)).toMatchObject({
        reservation: { state: 'RESERVATION_STATE_COMMITTED', items: [{ used: '8' }] },
      });
      await expect(grpc.call('release', { account, id: reservation.id })).rejects.toMatchObject({ code: 9 });
      await expect(grpc.call('consume', { account, items: [{ meter: 'nope' }] })).rejects.toMatchObject({
        code: 3,
        details: expect.stringContaining('items[0].meter') as unknown,
      });
      await expect(
        grpc.call('check', { account, items: [{ meter: 'scans', entitlement: 'sso' }] }),
      ).rejects.toMatchObject({ code: 3 });
      const metrics = await (await fetch(`${world.usage.app.rest}/metrics`)).text();
      const decisions = /^tallyhouse_limit_decisions_total\{door="grpc",outcome="(\w+)"\} 1$/gm;
      expect([...metrics.matchAll(decisions)].map(([, outcome]) => outcome).sort()).toEqual([
        'committed',
        'denied',
        'recorded',
        'refused',
        'reserved',
      ]);
      expect(metrics).toMatch(/^tallyhouse_limit_crossings_total [1-9]/m);
    });
  });
});
