import type { Type } from '@nestjs/common';
import { parseAccountKey } from '../../src/core/account-key';
import { parseCurrency } from '../../src/core/money';
import { parsePrice } from '../../src/core/price-shape';
import { formatRatio } from '../../src/core/quantity';
import { AccountService } from '../../src/cost-centers/account.service';
import { Checks } from '../../src/platform/checks';
import { Database } from '../../src/platform/transaction';
import { ListPriceService } from '../../src/pricing/list-price.service';
import { MeterService } from '../../src/pricing/meter.service';
import { ResourceUsageRepository, type ToldApart } from '../../src/usage/resource-usage.repository';
import { RollupService } from '../../src/usage/rollup.service';
import { UsageWorld } from '../support/usage-world';

interface Refusal {
  code: string;
  errors: { field: string; reason: string }[];
}

const POOL = {
  unit: 'credits',
  aggregation: 'sum',
  event_types: ['image.made', 'text.made', 'page.read'],
  weights: { 'image.made': '5', 'text.made': '0.5' },
};
const DAY = { account: 'org:pool', from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' };

let world: UsageWorld;
beforeAll(async () => {
  world = await UsageWorld.at('2026-03-02T12:00:00Z');
});
afterAll(() => world.close());

const get = <T>(type: Type<T>): T => world.app.app.get(type, { strict: false });
const put = (key: string, change: object = {}) =>
  world.admin.put<Record<string, unknown>>(`/api/v1/meters/${key}`, { ...POOL, ...change });

describe('a meter with weights', () => {
  it('is told with its weights in their shortest form, and is the same again however they are written', async () => {
    const weights = { 'text.made': '00.50', 'image.made': '5.0' };
    const { status, body } = await put('pool', { weights });
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ weights: POOL.weights, on_unavailable: 'closed', levels: {} }),
    ]);
    expect((await put('pool')).body).toEqual(body);
    expect((await world.admin.get('/api/v1/meters/pool')).body).toEqual(body);
    expect((await world.admin.get('/api/v1/meters/scans')).body).toMatchObject({ weights: {} });
  });

  it.each<[string, object]>([
    ['another weight', { weights: { ...POOL.weights, 'image.made': '6' } }],
    ['one more', { weights: { ...POOL.weights, 'page.read': '1' } }],
    ['none', { weights: {} }],
  ])('does not measure anything else later: %s', async (_words, change) => {
    await put('fixed');
    const answer = await put('fixed', change);
    expect(answer.status).toBe(409);
    expect((answer.body as unknown as Refusal).errors.map(({ field }) => field)).toEqual(['weights']);
    expect((await put('fixed')).status).toBe(200);
  });

  it.each<[string, object]>([
    ['belong to a sum', { aggregation: 'count' }],
    ['belong to a sum', { aggregation: 'max' }],
    ['belong to a sum', { aggregation: 'gauge_integral' }],
    ['names scans, which the meter does not listen to', { weights: { scans: '1' } }],
    ['must be a plain decimal', { weights: { 'image.made': '-1' } }],
    ['must be a plain decimal', { weights: { 'image.made': '1e3' } }],
    ['must be a plain decimal', { weights: { 'image.made': '' } }],
    ['must be a plain decimal', { weights: { 'image.made': '0.0000000000000001' } }],
    ['must be a plain decimal', { weights: { 'image.made': '1000000000' } }],
    ['Invalid input: expected string, received number', { weights: { 'image.made': 5 } }],
  ])('is refused where its weights %s: %j', async (reason, change) => {
    const answer = await put('refused', change);
    expect(answer.status).toBe(400);
    const { errors } = answer.body as unknown as Refusal;
    expect(errors[0]!.field).toMatch(/^weights/);
    expect(errors[0]!.reason).toBe(reason);
    expect((await world.admin.get('/api/v1/meters/refused')).status).toBe(404);
  });
});

describe('usage of a pool', () => {
  const total = (change: object = {}) => world.total('pool', { ...DAY, ...change });

  beforeAll(async () => {
    await put('pool');
    await world.record('org:pool', [
      { id: 'two', type: 'image.made', at: '2026-03-01T10:10:00Z', quantity: '2' },
      { id: 'five', type: 'text.made', at: '2026-03-01T10:20:00Z', quantity: '5' },
      { id: 'one', type: 'page.read', at: '2026-03-01T10:30:00Z' },
      { id: 'grain', type: 'text.made', at: '2026-03-01T10:40:00Z', quantity: '0.000000000000001' },
    ]);
  });

  it('is each value times its weight, from counters, from rollups and from the events themselves', async () => {
    expect(await total()).toBe('13.500000000000001');
    await get(RollupService).catchUp();
    expect(await total()).toBe('13.500000000000001');
    expect(await total({ from: '2026-03-01T10:15:00Z', to: '2026-03-01T10:35:00Z' })).toBe('3.5');
  });

  it('follows corrections: what is voided is gone, what is amended is weighed anew', async () => {
    await world.amend('org:pool', 'two', { quantity: '3' });
    expect(await total()).toBe('18.500000000000001');
    await world.void('org:pool', 'five');
    await world.void('org:pool', 'grain');
    expect(await total()).toBe('16');
    await world.void('org:pool', 'two');
    await world.void('org:pool', 'one');
    expect(Number(await total())).toBe(0);
  });

  it('refuses an event, and an amend of one, that would be too much once it is weighed', async () => {
    const many = { id: 'many', account: 'org:pool', type: 'image.made', quantity: '900000000000000' };
    const send = (event: object) =>
      world.admin.post<{ verdicts: { status: string; reason?: string }[] }>('/api/v1/events', {
        events: [event],
      });
    const reason = 'quantity: times its weight 5 must be at most 1000000000000000';
    expect((await send(many)).body.verdicts[0]).toMatchObject({ status: 'refused', reason });
    expect((await send({ ...many, quantity: '1' })).body.verdicts[0]).toMatchObject({ status: 'recorded' });
    const amend = { kind: 'amend', id: 'more', account: 'org:pool', target: { id: 'many' } };
    const refused = await send({ ...amend, quantity: '900000000000000' });
    expect(refused.body.verdicts[0]).toMatchObject({ status: 'refused', reason });
  });

  it('is what the books are checked against', async () => {
    const broken: string[] = [];
    for await (const { name, examples } of get(Checks).run(get(Database)))
      if (examples.length > 0) broken.push(name);
    expect(broken).toEqual([]);
  });
});

describe('a meter without a database', () => {
  interface Entry {
    action: string;
    subject: string;
    before: Record<string, unknown> | null;
    after: Record<string, unknown>;
  }
  const trail = async (): Promise<unknown[]> => {
    const { body } = await world.admin.get<{ items: Entry[] }>('/api/v1/audit?limit=500');
    const own = body.items.filter(({ subject }) => subject === 'meter:door').reverse();
    return own.map(({ action, before, after }) => [
      action,
      before?.['onUnavailable'],
      after['onUnavailable'],
    ]);
  };

  it('answers open or closed, may be told otherwise later, and the trail tells it', async () => {
    const answers: unknown[] = [];
    for (const change of [{}, { on_unavailable: 'open' }, { on_unavailable: 'open' }, {}]) {
      const { status, body } = await put('door', change);
      const { body: kept } = await world.admin.get<Record<string, unknown>>('/api/v1/meters/door');
      expect([status, kept]).toEqual([200, body]);
      answers.push(kept['on_unavailable']);
    }
    expect(answers).toEqual(['closed', 'open', 'open', 'closed']);
    expect(await trail()).toEqual([
      ['meter.created', undefined, 'closed'],
      ['meter.relabelled', 'closed', 'open'],
      ['meter.relabelled', 'open', 'closed'],
    ]);
    expect((await put('door', { on_unavailable: 'ajar' })).status).toBe(400);
  });
});

describe('what reads past the counters', () => {
  it('does not take a weighted meter for one that a price list sums by', async () => {
    const key = 'listed.credits';
    await put(key, { event_types: [key], weights: { [key]: '2' } });
    const price = parsePrice({ model: 'per_unit', unit_amount: '1' });
    const listed = { key, name: key, unit: 'credits', currency: parseCurrency('USD'), price, sku: null };
    expect([...(await get(ListPriceService).makeMeters([listed]))]).toEqual([
      [key, `the meter ${key} exists and measures something else`],
    ]);
  });

  it('weighs what is told apart by service', async () => {
    await put('services');
    await world.record('org:services', [
      { type: 'image.made', at: '2026-03-01T10:00:00Z', quantity: '2', resource: 'web' },
      { type: 'text.made', at: '2026-03-01T10:00:00Z', quantity: '3', resource: 'web' },
      { type: 'page.read', at: '2026-03-01T10:00:00Z', resource: 'api' },
    ]);
    const account = await get(AccountService).get(parseAccountKey('org:services'));
    const { byKey } = await get(MeterService).catalogue();
    const [from, to] = [Date.parse(DAY.from), Date.parse(DAY.to)];
    const { id: accountId, bucket } = account;
    const question = { bucket, accountId, meter: byKey.get('services')!, from, to };
    const read = async (by: ToldApart): Promise<string[]> =>
      (await get(ResourceUsageRepository).read(question, by)).map(
        ({ key, amount }) => `${key} ${formatRatio(amount)}`,
      );
    expect(await read('service')).toEqual(['api 1', 'web 11.5']);
    expect(await read({ service: 'web' })).toEqual(['own 11.5', 'unknown 1']);
  });
});
