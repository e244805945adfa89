import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { UsageWorld } from '../support/usage-world';

const CENT = { model: 'per_unit', unit_amount: '0.01' };
const TWO_CENTS = { model: 'per_unit', unit_amount: '0.02' };
const SKU = { provider: 'Example Cloud', sku_id: 'S1' };

interface Prices {
  items: { currency: string; valid_from: string; price: object; sku?: object }[];
}
interface Charges {
  amount_exact: string;
  data: {
    from: string;
    to: string;
    quantity: string;
    amount_exact: string | null;
    price_valid_from: string | null;
  }[];
}

let world: UsageWorld;
let meters = 0;

beforeAll(async () => {
  world = await UsageWorld.at('2025-03-15T12:00:00Z');
});
afterAll(() => world.app.close());

async function newMeter(body: object = { aggregation: 'sum' }): Promise<string> {
  const key = `priced_${++meters}`;
  await world.meter(key, body);
  return `/api/v1/meters/${key}`;
}

const versions = async (meter: string): Promise<string[]> =>
  (await world.admin.get<Prices>(`${meter}/list-price`)).body.items.map(
    ({ currency, valid_from, price }) => `${currency} ${valid_from} ${JSON.stringify(price)}`,
  );

describe('PUT /api/v1/meters/{key}/list-price', () => {
  it('appends: the first price holds since ever, a later one from now or from when it says', async () => {
    const meter = await newMeter();
    const first = await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: CENT, sku: SKU });
    expect([first.status, first.body]).toEqual([
      200,
      {
        currency: 'USD',
        valid_from: '1970-01-01T00:00:00.000Z',
        price: CENT,
        sku: SKU,
        created_at: expect.any(String),
      },
    ]);
    await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: TWO_CENTS });
    const third = { currency: 'USD', price: CENT, valid_from: '2025-04-01T00:00:00Z' };
    expect((await world.admin.put(`${meter}/list-price`, third)).status).toBe(200);
    await world.admin.put(`${meter}/list-price`, { currency: 'EUR', price: CENT });
    expect(await versions(meter)).toEqual([
      `EUR 1970-01-01T00:00:00.000Z ${JSON.stringify(CENT)}`,
      `USD 1970-01-01T00:00:00.000Z ${JSON.stringify(CENT)}`,
      `USD 2025-03-15T12:00:00.000Z ${JSON.stringify(TWO_CENTS)}`,
      `USD 2025-04-01T00:00:00.000Z ${JSON.stringify(CENT)}`,
    ]);
  });

  it('said twice is said once', async () => {
    const meter = await newMeter();
    for (let i = 0; i < 3; i++)
      await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: CENT });
    await Promise.all(
      [1, 2, 3].map(() => world.admin.put(`${meter}/list-price`, { currency: 'EUR', price: CENT })),
    );
    expect(await versions(meter)).toHaveLength(2);
  });

  it('never changes what was in force', async () => {
    const meter = await newMeter();
    await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: CENT });
    await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: TWO_CENTS });
    const three = { currency: 'USD', price: { model: 'per_unit', unit_amount: '0.03' } };
    for (const valid_from of ['1970-01-01T00:00:00Z', '2024-01-01T00:00:00Z', '2025-03-15T12:00:00Z']) {
      const { status, body } = await world.admin.put(`${meter}/list-price`, { ...three, valid_from });
      expect([status, body['code']]).toEqual([409, 'failed-precondition']);
    }
    const change = withClient(world.app.databaseUrl, (client) =>
      client.query(`update list_price set currency = 'EUR'`),
    );
    await expect(change).rejects.toThrow('append-only');
  });

  it.each<[object, string]>([
    [{ currency: 'EURO', price: CENT }, 'currency'],
    [{ currency: 'USD', price: { model: 'per_unit', unit_amount: 'x' } }, 'price.unit_amount'],
    [{ currency: 'USD', price: { model: 'flat', amount: '5' } }, 'price.model'],
    [{ currency: 'USD', price: { model: 'dynamic' } }, 'price.model'],
    [{ currency: 'USD', price: CENT, valid_from: 'soon' }, 'valid_from'],
    [{ currency: 'USD', price: CENT, sku: { color: 'red' } }, 'sku'],
    [{ currency: 'USD', price: CENT, since: '2025-01-01' }, 'since'],
    [{ price: CENT }, 'currency'],
  ])('refuses %j, naming %s', async (body, field) => {
    const meter = await newMeter();
    const answer = await world.admin.put<{ errors: { field: string }[] }>(`${meter}/list-price`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((error) => error.field).join()).toContain(field);
    expect(await versions(meter)).toEqual([]);
  });

  it('knows no meter that does not exist, and asks for its scopes', async () => {
    const price = { currency: 'USD', price: CENT };
    expect((await world.admin.put('/api/v1/meters/nothing/list-price', price)).status).toBe(404);
    expect((await world.admin.get('/api/v1/meters/nothing/list-price')).status).toBe(404);
    const { body } = await world.admin.post<{ key: string }>('/api/v1/api-keys', {
      ...{ name: 'reads prices', scopes: ['prices:read'], accounts: ['*'] },
    });
    const reader = new Rest(world.app.rest, body.key);
    const meter = await newMeter();
    expect((await reader.get(`${meter}/list-price`)).status).toBe(200);
    expect((await reader.put(`${meter}/list-price`, price)).status).toBe(403);
    expect((await reader.get(`${meter}/charges?account=org:a`)).status).toBe(403);
  });
});

describe('GET /api/v1/meters/{key}/charges', () => {
  const charges = async (meter: string, query: string): Promise<Charges> => {
    const answer = await world.admin.get<Charges>(`${meter}/charges?${query}`);
    expect(answer.status).toBe(200);
    return answer.body;
  };

  it('rates usage by the list, unrounded', async () => {
    const meter = await newMeter();
    await world.admin.put(`${meter}/list-price`, {
      currency: 'USD',
      price: { model: 'per_unit', unit_amount: '0.000463' },
    });
    await world.record('org:rated', [{ type: meter.slice(15), at: '2025-03-02T10:00:00Z', quantity: '220' }]);
    expect(await charges(meter, 'account=org:rated')).toEqual({
      meter: meter.slice(15),
      unit: 'units',
      account: 'org:rated',
      currency: 'USD',
      from: '2025-03-01T00:00:00.000Z',
      to: '2025-04-01T00:00:00.000Z',
      amount_exact: '0.10186',
      data: [
        {
          from: '2025-03-01T00:00:00.000Z',
          to: '2025-04-01T00:00:00.000Z',
          price_valid_from: '1970-01-01T00:00:00.000Z',
          quantity: '220',
          amount_exact: '0.10186',
        },
      ],
    });
  });

  it('adds up over adjoining stretches, through tiers and the middle of an hour', async () => {
    const meter = await newMeter();
    const tiers = [
      { up_to: '10', unit_amount: '1', flat_amount: '5' },
      { up_to: null, unit_amount: '0.5' },
    ];
    await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: { model: 'graduated', tiers } });
    await world.record('org:tiers', [
      { type: meter.slice(15), at: '2025-03-02T10:10:00Z', quantity: '8' },
      { type: meter.slice(15), at: '2025-03-02T10:40:00Z', quantity: '6' },
    ]);
    const [cut, ends] = ['2025-03-02T10:30:00Z', ['2025-03-01T00:00:00Z', '2025-03-10T00:00:00Z']];
    const of = async (from: string, to: string): Promise<string> =>
      (await charges(meter, `account=org:tiers&from=${from}&to=${to}`)).amount_exact;
    // 5 + 8 × 1; 2 × 1 + 4 × 0.50.
    expect([await of(ends[0]!, cut), await of(cut, ends[1]!)]).toEqual(['13', '4']);
    expect(await of(ends[0]!, ends[1]!)).toBe('17');
  });

  it('rates each part of a period by the price that was in force in it', async () => {
    const meter = await newMeter();
    await world.admin.put(`${meter}/list-price`, {
      currency: 'USD',
      price: CENT,
      valid_from: '2025-03-03T00:00:00Z',
    });
    await world.admin.put(`${meter}/list-price`, {
      currency: 'USD',
      price: TWO_CENTS,
      valid_from: '2025-03-05T00:00:00Z',
    });
    const on = (day: string) => ({ type: meter.slice(15), at: `2025-03-${day}T10:00:00Z`, quantity: '100' });
    await world.record('org:versions', [on('02'), on('03'), on('05'), on('06')]);
    const { amount_exact, data } = await charges(meter, 'account=org:versions');
    expect(data.map((line) => [line.quantity, line.amount_exact])).toEqual([
      ['100', null],
      ['100', '1'],
      ['200', '4'],
    ]);
    expect(amount_exact).toBe('5');
  });

  it('asks which currency, where there are several', async () => {
    const meter = await newMeter();
    await world.record('org:both', [{ type: meter.slice(15), at: '2025-03-02T10:00:00Z', quantity: '100' }]);
    expect((await world.admin.get(`${meter}/charges?account=org:both`)).body['code']).toBe(
      'failed-precondition',
    );
    await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: CENT });
    await world.admin.put(`${meter}/list-price`, { currency: 'EUR', price: TWO_CENTS });
    const unsaid = await world.admin.get(`${meter}/charges?account=org:both`);
    expect([unsaid.status, unsaid.body['detail']]).toEqual([
      400,
      'currency: must be one of EUR, USD, the currencies of the list prices',
    ]);
    expect((await charges(meter, 'account=org:both&currency=EUR')).amount_exact).toBe('2');
  });

  it('shows nobody another one’s account', async () => {
    const meter = await newMeter();
    await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: CENT });
    await world.record('org:mine', [{ type: meter.slice(15), at: '2025-03-02T10:00:00Z', quantity: '100' }]);
    const { body } = await world.admin.post<{ key: string }>('/api/v1/api-keys', {
      ...{ name: 'reads its own', role: 'reader', accounts: ['org:yours'] },
    });
    const reader = new Rest(world.app.rest, body.key);
    expect((await reader.get(`${meter}/charges?account=org:mine`)).status).toBe(404);
    expect((await reader.get(`${meter}/charges?account=org:nobody`)).status).toBe(404);
  });

  it('refuses more periods than it can answer for, and a stretch that is none', async () => {
    const meter = await newMeter();
    await world.admin.put(`${meter}/list-price`, { currency: 'USD', price: CENT });
    await world.account('org:long');
    const long = await world.admin.get(`${meter}/charges?account=org:long&from=2000-01-01T00:00:00Z`);
    expect([long.status, long.body['detail']]).toEqual([400, 'to: leaves more than 120 periods after from']);
    const none = await world.admin.get(
      `${meter}/charges?account=org:long&from=2025-03-01T00:00:00Z&to=2025-03-01T00:00:00Z`,
    );
    expect(none.status).toBe(400);
  });
});
