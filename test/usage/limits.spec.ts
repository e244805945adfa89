import { startTestApp } from '../support/app';
import { Rest } from '../support/rest';
import { LimitWorld } from './limit-world';

describe('limits', () => {
  let world: LimitWorld;
  beforeAll(async () => {
    world = await LimitWorld.at('2026-03-10T12:00:00Z');
  });
  afterAll(async () => {
    expect(await world.broken()).toEqual([]);
    await world.close();
  });

  it('flags what goes beyond, per request and only the part beyond (S-16, S-20, S-21)', async () => {
    const account = 'org:flagged';
    expect(await world.told(account, { scans: '7' })).toBe('recorded 7/10');
    expect(await world.told(account, { scans: '1' })).toBe('recorded 8/10');
    expect(await world.told(account, { scans: '4' })).toBe('recorded 12/10');
    expect(await world.told(account, { scans: '1' })).toBe('recorded 13/10');
    expect(await world.overages(account)).toEqual(['scans 2', 'scans 1']);
    expect(await world.crossings(account)).toEqual(['scans 80% at 8', 'scans 100% at 12']);
    expect(await world.counted(account, 'scans')).toBe('13 of 4 events');
  });

  it('refuses what would go beyond, and takes what still fits', async () => {
    const account = 'org:refused';
    await world.limit(account, { scans: ['10', 'refuse'] });
    expect(await world.told(account, { scans: '9' })).toBe('recorded 9/10');
    expect(await world.told(account, { scans: '2' }, 'too-much')).toBe('refused 9/10!');
    expect(await world.told(account, { scans: '1' })).toBe('recorded 10/10');
    expect(await world.told(account, { scans: '1' })).toBe('refused 10/10!');
    expect(await world.counted(account, 'scans')).toBe('10 of 2 events');
    expect(await world.overages(account)).toEqual([]);
    await world.limit(account, { scans: ['20', 'refuse'] });
    // The id of what was refused is free: it may be sent again.
    expect(await world.told(account, { scans: '2' }, 'too-much')).toBe('recorded 12/20');
  });

  it('looks again when the thresholds are others than those a guard was computed with', async () => {
    const account = 'org:thresholds';
    expect(await world.told(account, { scans: '3' })).toBe('recorded 3/10');
    const { databaseUrl } = world.usage.app;
    const other = await startTestApp({ databaseUrl, limitThresholds: [50, 80, 100] });
    // Its clock is that of the machine, for which this was long ago.
    const event = { id: 'half', account, type: 'scans', quantity: '3', occurred_at: '2026-03-10T12:00:00Z' };
    const body = { events: [event], backfill: true };
    expect((await new Rest(other.rest, other.adminKey).post('/api/v1/events', body)).status).toBe(200);
    await other.close();
    expect(await world.crossings(account)).toEqual(['scans 50% at 6']);
  });

  it('counts several meters or none', async () => {
    const account = 'org:several';
    await world.limit(account, { scans: ['5', 'refuse'], wallet_checks: ['100', 'refuse'] });
    expect(await world.told(account, { scans: '3', wallet_checks: '50' })).toBe('recorded 3/5 50/100');
    expect(await world.told(account, { scans: '1', wallet_checks: '51' })).toBe('refused 3/5 50/100!');
    expect(await world.told(account, { scans: '2', wallet_checks: '50' })).toBe('recorded 5/5 100/100');
    expect(await world.counted(account, 'scans')).toBe('5 of 2 events');
    expect(await world.counted(account, 'wallet_checks')).toBe('100 of 2 events');
  });

  it('answers a replay as the first time, whatever happened since', async () => {
    const account = 'org:replay';
    expect(await world.told(account, { scans: '5' }, 'first')).toBe('recorded 5/10');
    expect(await world.told(account, { scans: '3' })).toBe('recorded 8/10');
    await world.limit(account, { scans: ['50', 'flag'] });
    expect(await world.told(account, { scans: '5' }, 'first')).toBe('duplicate 5/10');
    expect(await world.told(account, { scans: '1', wallet_checks: '2' }, 'pair')).toBe('recorded 9/50 2/100');
    expect(await world.told(account, { scans: '1', wallet_checks: '2' }, 'pair')).toBe(
      'duplicate 9/50 2/100',
    );
    await expect(world.told(account, { scans: '6' }, 'first')).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.told(account, { scans: '1' }, 'pair')).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.told(account, { scans: '1', wallet_checks: '3' }, 'pair')).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await world.counted(account, 'scans')).toBe('9 of 3 events');
  });

  it('admits exactly what fits, however many ask at once', async () => {
    const account = 'org:race';
    await world.limit(account, { scans: ['100', 'refuse'] });
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => world.consume(account, { scans: '1' })),
    );
    const admitted = answers.filter(({ status }) => status === 'recorded');
    expect(admitted).toHaveLength(100);
    // Every one of them heard a total of its own.
    expect(new Set(admitted.map(({ items }) => items[0]!.used)).size).toBe(100);
    expect(await world.counted(account, 'scans')).toBe('100 of 100 events');
    expect(await world.crossings(account)).toEqual(['scans 80% at 80', 'scans 100% at 100']);
  });

  it('keeps a limit that was lowered below the use, and one that was taken away', async () => {
    const account = 'org:lowered';
    expect(await world.told(account, { scans: '8' })).toBe('recorded 8/10');
    await world.limit(account, { scans: ['5', 'refuse'] });
    expect(await world.told(account, { scans: '1' })).toBe('refused 8/5!');
    await world.limit(account, { scans: [null, ''] });
    expect(await world.told(account, { scans: '1000' })).toBe('recorded 1008/∞');
    await world.limit(account, { scans: ['2000', 'refuse'] });
    expect(await world.told(account, { scans: '993' })).toBe('refused 1008/2000!');
    expect(await world.told(account, { scans: '992' })).toBe('recorded 2000/2000');
  });

  it('writes down all that is used beyond a limit that was passed before, and stops when it is raised', async () => {
    const account = 'org:over';
    expect(await world.told(account, { scans: '12' })).toBe('recorded 12/10');
    // All of these go the one-statement way: each is overage as a whole.
    await Promise.all(Array.from({ length: 30 }, () => world.consume(account, { scans: '2' })));
    expect(await world.counted(account, 'scans')).toBe('72 of 31 events');
    expect(await world.overages(account)).toEqual(Array.from({ length: 31 }, () => 'scans 2'));
    await world.limit(account, { scans: ['100', 'flag'] });
    expect(await world.told(account, { scans: '8' })).toBe('recorded 80/100');
    expect(await world.told(account, { scans: '21' })).toBe('recorded 101/100');
    expect((await world.overages(account)).slice(31)).toEqual(['scans 1']);
    expect(await world.crossings(account)).toEqual(['scans 80% at 12', 'scans 100% at 12']);
  });

  it('looks again after a void brought use back below a limit that was passed', async () => {
    const account = 'org:back';
    await world.usage.record(account, [
      { type: 'scans', at: '2026-03-10T11:00:00Z', quantity: '11', id: 'big' },
    ]);
    expect(await world.told(account, { scans: '1' })).toBe('recorded 12/10');
    await world.usage.void(account, 'big');
    expect(await world.told(account, { scans: '9' })).toBe('recorded 10/10');
    expect(await world.told(account, { scans: '5' })).toBe('recorded 15/10');
    expect(await world.overages(account)).toEqual(['scans 1', 'scans 1', 'scans 5']);
  });

  it('begins anew with the period', async () => {
    const account = 'org:months';
    await world.limit(account, { scans: ['3', 'refuse'] });
    expect(await world.told(account, { scans: '3' })).toBe('recorded 3/3');
    world.usage.itIs('2026-04-01T00:00:00.000Z');
    expect(await world.told(account, { scans: '3' })).toBe('recorded 3/3');
    expect(await world.told(account, { scans: '1' })).toBe('refused 3/3!');
    world.usage.itIs('2026-03-10T12:00:00Z');
    expect(await world.crossings(account)).toEqual([
      'scans 80% at 3',
      'scans 100% at 3',
      'scans 80% at 3',
      'scans 100% at 3',
    ]);
  });

  it('refuses starting and scaling up of a gauge, never stopping or scaling down', async () => {
    const account = 'org:gauge';
    await world.usage.meter('seats', { aggregation: 'gauge_peak', event_types: ['seat.set'] });
    await world.limit(account, { seats: ['5', 'refuse'] });
    const set = async (resource: string, quantity: string, at = '2026-03-10T11:00:00Z'): Promise<number> => {
      const id = `${resource}-${quantity}-${at}`;
      const event = { id, account, type: 'seat.set', resource, quantity, occurred_at: at };
      return (await world.usage.admin.post('/api/v1/events', event)).status;
    };
    expect(await set('east', '3')).toBe(201);
    expect(await set('west', '3')).toBe(402);
    expect(await set('west', '2')).toBe(201);
    expect(await set('east', '4', '2026-03-10T11:01:00Z')).toBe(402);
    expect(await set('east', '1', '2026-03-10T11:02:00Z')).toBe(201);
    // It is older than what stands, so it changes nothing that stands.
    expect(await set('east', '9', '2026-03-10T10:00:00Z')).toBe(201);
    expect(await set('west', '4', '2026-03-10T11:03:00Z')).toBe(201);
    const race = Array.from({ length: 20 }, (_, i) => set(`new-${i}`, '0.5', '2026-03-10T11:04:00Z'));
    expect((await Promise.all(race)).filter((status) => status === 201)).toHaveLength(0);
    await world.limit(account, { seats: ['8', 'refuse'] });
    const more = Array.from({ length: 20 }, (_, i) => set(`more-${i}`, '0.5', '2026-03-10T11:05:00Z'));
    expect((await Promise.all(more)).filter((status) => status === 201)).toHaveLength(6);
  });

  it('counts a value once, and refuses the first new one too many', async () => {
    const account = 'org:unique';
    await world.usage.meter('visitors', { aggregation: 'unique', event_types: ['visit'] });
    await world.limit(account, { visitors: ['2', 'refuse'] });
    const visit = async (id: string, resource: string): Promise<number> =>
      (await world.usage.admin.post('/api/v1/events', { id, account, type: 'visit', resource })).status;
    expect(await visit('v1', 'ann')).toBe(201);
    expect(await visit('v2', 'ann')).toBe(201);
    expect(await visit('v3', 'bob')).toBe(201);
    expect(await visit('v4', 'cid')).toBe(402);
    expect(await visit('v5', 'bob')).toBe(201);
  });

  it('holds for events too: each is judged by itself', async () => {
    const account = 'org:events';
    await world.limit(account, { scans: ['5', 'refuse'] });
    const event = (id: string, quantity: string) => ({ id, account, type: 'scans', quantity });
    const { body } = await world.usage.admin.post<{
      verdicts: { status: string; code?: string; reason?: string }[];
    }>('/api/v1/events', { events: [event('a', '2'), event('b', '6'), event('c', '3')] });
    expect(body.verdicts.map(({ status, code }) => code ?? status)).toEqual([
      'recorded',
      'limit-refused',
      'recorded',
    ]);
    expect(body.verdicts[1]!.reason).toMatch(/^quantity: 6 more would go beyond the limit of scans: /);
    const one = await world.usage.admin.post<{ code: string }>('/api/v1/events', event('d', '1'));
    expect([one.status, one.body.code]).toEqual([402, 'limit-refused']);
    await world.usage.record(account, [{ type: 'scans', at: '2026-03-01T00:00:00Z', quantity: '4' }]);
    expect(await world.counted(account, 'scans')).toBe('9 of 3 events');
    await world.usage.void(account, 'a');
    expect(await world.counted(account, 'scans')).toBe('7 of 3 events');
  });
});
