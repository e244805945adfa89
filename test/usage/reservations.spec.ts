import { parseAccountKey } from '../../src/core/account-key';
import { formatQuantity, parseQuantity } from '../../src/core/quantity';
import { ADMIN } from '../../src/platform/auth/principal';
import { Clock } from '../../src/platform/clock';
import type { ReservationAnswer } from '../../src/usage/reservation.commands';
import { ReservationExpiry } from '../../src/usage/reservation-expiry.service';
import { ReservationService } from '../../src/usage/reservation.service';
import { LimitWorld } from './limit-world';

const NOON = Date.parse('2026-03-10T12:00:00Z');

describe('reservations', () => {
  let world: LimitWorld;
  let service: ReservationService;
  let ids = 0;
  beforeAll(async () => {
    world = await LimitWorld.at('2026-03-10T12:00:00Z');
    service = world.usage.app.app.get(ReservationService);
  });
  beforeEach(() => after(0));
  afterAll(async () => {
    expect(await world.broken()).toEqual([]);
    await world.close();
  });

  const after = (seconds: number): void => world.usage.itIs(new Date(NOON + seconds * 1000).toISOString());

  const reserve = (account: string, scans: string, id = `r${++ids}`): Promise<ReservationAnswer> =>
    service.reserve(
      {
        account: parseAccountKey(account),
        source: 'test',
        id,
        expiresInMs: 60_000,
        items: [{ meter: 'scans', quantity: parseQuantity(scans), resource: null, properties: null }],
      },
      ADMIN,
    );
  const commit = (account: string, id: string, used: string | null = null): Promise<ReservationAnswer> =>
    service.commit(
      { account: parseAccountKey(account), id, quantities: used === null ? null : [parseQuantity(used)] },
      ADMIN,
    );
  const release = (account: string, id: string): Promise<ReservationAnswer> =>
    service.release({ account: parseAccountKey(account), id }, ADMIN);
  const told = ({ state, items }: ReservationAnswer): string =>
    [
      state,
      ...items.map(
        ({ totals }) => totals && `${formatQuantity(totals.used)}+${formatQuantity(totals.reserved)}`,
      ),
    ]
      .filter((word) => word !== null)
      .join(' ');

  it('hold what nobody else can take, and count what was used of it', async () => {
    const account = 'org:held';
    await world.limit(account, { scans: ['10', 'refuse'] });
    const six = await reserve(account, '6');
    expect(told(six)).toBe('open 0+6');
    expect(await world.told(account, { scans: '5' })).toBe('refused 0/10!');
    expect(await world.told(account, { scans: '4' })).toBe('recorded 4/10');
    expect(told(await reserve(account, '1'))).toBe('refused 4+6');
    // Four of the six were used; the other two are free again.
    expect(told(await commit(account, six.id!, '4'))).toBe('committed 8+0');
    expect(await world.told(account, { scans: '3' })).toBe('refused 8/10!');
    expect(await world.told(account, { scans: '2' })).toBe('recorded 10/10');
    expect(await world.counted(account, 'scans')).toBe('10 of 3 events');
  });

  it('are one reservation and one commit, however often they are sent', async () => {
    const account = 'org:again';
    await world.limit(account, { scans: ['10', 'refuse'] });
    const [one, two] = await Promise.all([reserve(account, '6', 'same'), reserve(account, '6', 'same')]);
    expect(two.id).toBe(one.id);
    await expect(reserve(account, '5', 'same')).rejects.toMatchObject({ code: 'conflict' });
    const commits = await Promise.all([commit(account, one.id!, '5'), commit(account, one.id!, '5')]);
    expect(commits.map(told)).toEqual(['committed 5+0', 'committed 5+0']);
    await expect(commit(account, one.id!, '6')).rejects.toMatchObject({ code: 'conflict' });
    await expect(release(account, one.id!)).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(await world.counted(account, 'scans')).toBe('5 of 1 events');
    const other = await reserve(account, '5');
    await release(account, other.id!);
    expect(told(await release(account, other.id!))).toBe('released');
    await expect(commit(account, other.id!)).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(await world.told(account, { scans: '5' })).toBe('recorded 10/10');
  });

  it('hold nothing from the instant they expire, swept or not; a commit after that is judged anew', async () => {
    const account = 'org:expired';
    await world.limit(account, { scans: ['10', 'refuse'] });
    const [eight, two] = [await reserve(account, '8'), await reserve(account, '2')];
    after(59.999);
    expect(await world.told(account, { scans: '1' })).toBe('refused 0/10!');
    after(60);
    expect(await world.told(account, { scans: '3' })).toBe('recorded 3/10');
    expect(told(await commit(account, eight.id!))).toBe('refused 3+0');
    expect(told(await commit(account, eight.id!, '7'))).toBe('committed 10+0');
    expect(told(await commit(account, eight.id!, '7'))).toBe('committed 10+0');
    expect(await world.usage.app.app.get(ReservationExpiry).run()).toBe(1);
    expect(told(await commit(account, two.id!))).toBe('refused 10+0');
    expect(await world.counted(account, 'scans')).toBe('10 of 2 events');
  });

  it('may use more than they hold, as far as the limit goes', async () => {
    const account = 'org:more';
    await world.limit(account, { scans: ['10', 'refuse'] });
    const three = await reserve(account, '3');
    const five = await reserve(account, '5');
    expect(told(await commit(account, three.id!, '6'))).toBe('refused 0+0');
    expect(told(await commit(account, three.id!, '5'))).toBe('committed 5+0');
    expect(told(await commit(account, five.id!, '0'))).toBe('committed 5+0');
    expect(await world.told(account, { scans: '5' })).toBe('recorded 10/10');
  });

  it('count in the period they were made in', async () => {
    const account = 'org:month';
    await world.limit(account, { scans: ['10', 'refuse'] });
    world.usage.itIs('2026-03-31T23:59:50Z');
    const { id } = await reserve(account, '10');
    world.usage.itIs('2026-04-01T00:00:10Z');
    expect(await world.told(account, { scans: '10' })).toBe('recorded 10/10');
    expect(told(await commit(account, id!))).toBe('committed 10+0');
    expect(world.usage.app.app.get(Clock).now().toISOString()).toBe('2026-04-01T00:00:10.000Z');
  });

  it('admit exactly what fits, with some committed, some half, some released and some left to expire', async () => {
    const account = 'org:storm';
    await world.limit(account, { scans: ['100', 'refuse'] });
    const made = await Promise.all(Array.from({ length: 60 }, () => reserve(account, '4')));
    const held = made.filter(({ id }) => id !== null);
    expect(held).toHaveLength(25);
    const ends = [
      (id: string) => commit(account, id),
      (id: string) => commit(account, id, '2'),
      (id: string) => release(account, id),
    ];
    await Promise.all(held.flatMap(({ id }, i) => ends[i % 4]?.(id!) ?? []));
    // 7 × 4 + 6 × 2 are counted, 6 × 4 are still held.
    expect(await world.counted(account, 'scans')).toBe('40 of 13 events');
    const rest = await Promise.all(Array.from({ length: 60 }, () => world.consume(account, { scans: '1' })));
    expect(rest.filter(({ status }) => status === 'recorded')).toHaveLength(36);
    after(60);
    const last = await Promise.all(Array.from({ length: 60 }, () => world.consume(account, { scans: '1' })));
    expect(last.filter(({ status }) => status === 'recorded')).toHaveLength(24);
    expect(await world.counted(account, 'scans')).toBe('100 of 73 events');
  });
});
