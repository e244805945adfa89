import { LimitWorld } from '../usage/limit-world';
import type { Rest } from '../support/rest';

type Answer = Record<string, unknown> & { items: Record<string, unknown>[] };

describe('the doors of limits', () => {
  let world: LimitWorld;
  let rest: Rest;
  beforeAll(async () => {
    world = await LimitWorld.at('2026-03-10T12:00:00Z');
    rest = world.usage.admin;
  });
  afterAll(() => world.close());

  const post = (path: string, body: unknown, key?: string) =>
    rest.send<Answer>('POST', path, {
      ...{ body, contentType: 'application/json' },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });
  const scans = (account: string, quantity?: string): object => ({
    account,
    items: [{ meter: 'scans', quantity }],
  });
  const MARCH = { from: '2026-03-01T00:00:00.000Z', to: '2026-04-01T00:00:00.000Z' };

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
          ...{ allowed: true, counted: false, reason: null, period: MARCH, spending: null, applied: null },
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
  });
});
