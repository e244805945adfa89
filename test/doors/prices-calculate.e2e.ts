import { type TestApp, startTestApp } from '../support/app';
import { Rest } from '../support/rest';

interface Line {
  description: string;
  quantity: string;
  unit_amount?: string;
  amount_exact: string;
  amount: string;
}
interface Answer {
  lines: Line[];
  amount_exact: string;
  amount: string;
}
interface Problem {
  code: string;
  errors: { field: string; reason: string }[];
}

const URL = '/api/v1/prices/calculate';
const GRADUATED = {
  model: 'graduated',
  tiers: [
    { up_to: '5', unit_amount: '0', flat_amount: '100' },
    { up_to: null, unit_amount: '1' },
  ],
};

describe('POST /api/v1/prices/calculate', () => {
  let app: TestApp;
  let admin: Rest;

  beforeAll(async () => {
    app = await startTestApp();
    admin = new Rest(app.rest, app.adminKey);
  });
  afterAll(() => app.close());

  const usage = (...quantities: string[]) => quantities.map((quantity) => ({ quantity }));
  const refusals = async (body: unknown) => {
    const answer = await admin.post<Problem>(URL, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-argument']);
    return answer.body.errors.map(({ field, reason }) => `${field}: ${reason}`);
  };

  it('answers the lines of a bill, exact and rounded', async () => {
    const { status, body } = await admin.post<Answer>(URL, {
      currency: 'USD',
      price: GRADUATED,
      usage: usage('22'),
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      lines: [
        {
          description: 'Usage in tier 1 (up to 5)',
          quantity: '5',
          unit_amount: '0',
          amount_exact: '0',
          amount: '0.00',
        },
        {
          description: 'Flat fee of tier 1 (up to 5)',
          quantity: '1',
          unit_amount: '100',
          amount_exact: '100',
          amount: '100.00',
        },
        {
          description: 'Usage in tier 2 (above 5)',
          quantity: '17',
          unit_amount: '1',
          amount_exact: '17',
          amount: '17.00',
        },
      ],
      amount_exact: '117',
      amount: '117.00',
    });
  });

  it('bills the difference to what was rated before', async () => {
    const body = { currency: 'USD', price: GRADUATED, usage: usage('4'), before: usage('3'), final: false };
    const { body: answer } = await admin.post<Answer>(URL, body);
    expect(answer.lines.map(({ quantity, amount }) => [quantity, amount])).toEqual([
      ['2', '0.00'],
      ['2', '2.00'],
    ]);
  });

  it('takes events with amounts and dimensions', async () => {
    const percentage = { model: 'percentage', rate: '0.012', fixed_amount: '0.30' };
    const paid = await admin.post<Answer>(URL, {
      currency: 'EUR',
      price: percentage,
      usage: [{ quantity: '1', amount: '100' }],
    });
    expect(paid.body.amount).toBe('1.50');
    const matrix = {
      model: 'matrix',
      dimensions: ['region'],
      cells: [{ region: 'eu', unit_amount: '1.2' }],
      default_unit_amount: '1',
    };
    const placed = await admin.post<Answer>(URL, {
      currency: 'EUR',
      price: matrix,
      usage: [{ quantity: '10', dimensions: { region: 'eu' } }, { quantity: '1' }],
    });
    expect(placed.body.amount).toBe('13.00');
  });

  it('rounds to the exponent of the currency', async () => {
    const price = { model: 'per_unit', amount: '1', per_quantity: '3' };
    for (const [currency, amount] of [
      ['JPY', '0'],
      ['USD', '0.33'],
      ['BHD', '0.333'],
    ]) {
      const { body } = await admin.post<Answer>(URL, { currency, price, usage: usage('1') });
      expect(body).toMatchObject({ amount, amount_exact: '0.333333333333333' });
    }
  });

  it('lists everything that is wrong at once', async () => {
    const price = { model: 'volume', tiers: [{ up_to: '5', unit_amount: 1 }], discount: '5' };
    const wrong = {
      currency: 'usd',
      price,
      usage: [{ quantity: '-1' }, { quantity: 1 }, { quantity: '1', x: 1 }],
      extra: 1,
    };
    expect(await refusals(wrong)).toEqual([
      'currency: must be an ISO 4217 code, such as USD',
      'price.discount: is not a known field',
      'price.tiers[0].unit_amount: must be a decimal string, such as "0.10"',
      'usage[0].quantity: must not be negative',
      expect.stringMatching(/^usage\[1\]\.quantity: /),
      'usage[2].x: is not a known field',
      'extra: is not a known field',
    ]);
  });

  it('refuses what is no request', async () => {
    expect(await refusals({})).toHaveLength(3);
    expect(await refusals([])).toHaveLength(1);
    expect(await refusals({ currency: 'USD', price: null, usage: [] })).toEqual(['price: must be an object']);
    const price = { model: 'dynamic' };
    expect(
      await refusals({ currency: 'USD', price, usage: [{ quantity: '1', amount: '2' }, { quantity: '1' }] }),
    ).toEqual(['usage[1].amount: is required by a dynamic price']);
    expect(await refusals({ currency: 'USD', price, usage: usage('1e5') })).toHaveLength(1);
  });

  it('asks for the right to read prices', async () => {
    const { body } = await admin.post<{ key: string }>('/api/v1/api-keys', {
      name: 'ingest',
      role: 'ingest',
      accounts: ['*'],
    });
    const answer = await new Rest(app.rest, body.key).post(URL, {
      currency: 'USD',
      price: GRADUATED,
      usage: [],
    });
    expect(answer.status).toBe(403);
    expect((await new Rest(app.rest, null).post(URL, {})).status).toBe(401);
  });
});
