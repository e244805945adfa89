import { BillingWorld, type Invoice, lineText } from '../support/billing-world';

let world: BillingWorld;
let accounts = 0;

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
});
afterAll(() => world.close());

/** A new account with a final invoice for January: 5.00 and 19 % of it. */
async function invoiced(more: object = {}): Promise<{ key: string; id: string }> {
  world.itIs('2025-01-01T00:00:00Z');
  const key = `project:settled-${++accounts}`;
  await world.account(key);
  await world.subscribe(key, { plan: 'hobby', taxes: [{ name: 'VAT', percent: '19' }], ...more });
  await world.runAt('2025-02-01T01:00:00Z');
  return { key, id: (await world.invoices(key))[0]!.id };
}

const post = <Body = Invoice>(id: string, verb: string, body: object = {}) =>
  world.admin.post<Body & { code?: string }>(`/api/v1/invoices/${id}/${verb}`, body);

describe('paying', () => {
  it('in parts, each once by its reference', async () => {
    const { key, id } = await invoiced();
    expect((await post(id, 'payments', { amount: '2.00', reference: 'a' })).body).toMatchObject({
      ...{ status: 'finalised', paid: '2.00', amount_due: '3.95' },
    });
    expect((await post(id, 'payments', { amount: '2.00', reference: 'a' })).body.paid).toBe('2.00');
    expect((await post(id, 'payments', { amount: '2.01', reference: 'a' })).body.code).toBe('conflict');
    expect((await post(id, 'payments', { reference: 'b' })).body).toMatchObject({
      ...{ status: 'paid', paid: '5.95', amount_due: '0.00' },
    });
    expect(await world.balances(key)).toEqual({ payments: '5.95', tax: '-0.95', usage: '-5.00' });
  });

  it('too much leaves a prepaid grant, which pays the next invoice', async () => {
    const { key, id } = await invoiced();
    await post(id, 'payments', { amount: '10.00', reference: 'a' });
    expect((await world.invoice(id)).status).toBe('paid');
    await world.runAt('2025-03-01T01:00:00Z');
    expect((await world.invoices(key)).at(-1)).toMatchObject({ paid_by_grants: '4.05', amount_due: '1.90' });
  });

  it('is refused for what is no amount', async () => {
    const { id } = await invoiced();
    for (const amount of ['0', '-1', '1.001', 'x', '1e3']) {
      expect((await post(id, 'payments', { amount, reference: 'a' })).status).toBe(400);
    }
    expect((await world.invoice(id)).paid).toBe('0.00');
  });
});

describe('voiding', () => {
  it('takes everything back, and the next invoice bills it', async () => {
    const { key, id } = await invoiced();
    await world.grant(key, { amount: '1.00' });
    expect((await post(id, 'void', { reason: 'wrong name' })).body).toMatchObject({
      ...{ status: 'void', amount_due: '0.00' },
    });
    expect(await world.balances(key)).toEqual({ adjustments: '1.00', grants: '-1.00' });
    await world.runAt('2025-03-01T01:00:00Z');
    const next = (await world.invoices(key)).at(-1)!;
    expect(next.lines.map(lineText)).toEqual(['Base fee | 5.00', 'Base fee | 5.00']);
    expect(next.lines.map(({ kind }) => kind)).toEqual(['adjustment', 'charge']);
    expect(await world.balances(key)).toEqual({
      ...{ adjustments: '1.00', settlement: '10.90', tax: '-1.90', usage: '-10.00' },
    });
  });

  it('gives grants back', async () => {
    world.itIs('2025-01-01T00:00:00Z');
    const key = `project:settled-${++accounts}`;
    await world.account(key);
    await world.subscribe(key, { plan: 'hobby' });
    await world.grant(key, { amount: '2.00' });
    await world.runAt('2025-02-01T01:00:00Z');
    const [{ id, amount_due }] = (await world.invoices(key)) as [Invoice];
    expect(amount_due).toBe('3.00');
    await post(id, 'void');
    const { body } = await world.admin.get<{ items: { left: string }[] }>(`/api/v1/accounts/${key}/grants`);
    expect(body.items.map(({ left }) => left)).toEqual(['2.00']);
  });

  it('a paid one is refused, and so are a draft and one that is void', async () => {
    const { id } = await invoiced();
    await post(id, 'payments', { reference: 'a' });
    expect(await post(id, 'void')).toMatchObject({ status: 409, body: { code: 'failed-precondition' } });
    expect((await world.invoice(id)).status).toBe('paid');
    const other = await invoiced();
    await post(other.id, 'void');
    expect((await post(other.id, 'void')).status).toBe(409);
    expect((await post(other.id, 'payments', { reference: 'a' })).status).toBe(409);
  });
});

describe('writing off', () => {
  it('gives up what is open', async () => {
    const { key, id } = await invoiced();
    await post(id, 'payments', { amount: '1.00', reference: 'a' });
    expect((await post(id, 'write-off', { reason: 'insolvent' })).body).toMatchObject({
      ...{ status: 'uncollectible', amount_due: '0.00' },
    });
    expect(await world.balances(key)).toEqual({
      ...{ adjustments: '4.95', payments: '1.00', tax: '-0.95', usage: '-5.00' },
    });
  });
});

describe('credit notes', () => {
  it('take their tax in proportion, the last one what is left', async () => {
    const { key, id } = await invoiced();
    const notes = [];
    for (const net_amount of ['1.66', '1.66', '1.68']) {
      notes.push((await post<{ tax: string }>(id, 'credit-notes', { net_amount })).body.tax);
    }
    // 0.95 in thirds: 0.3154, 0.3154, the rest.
    expect(notes).toEqual(['0.32', '0.32', '0.31']);
    expect(await world.invoice(id)).toMatchObject({ status: 'paid', credited: '5.95', amount_due: '0.00' });
    expect(await world.balances(key)).toEqual({ adjustments: '5.00', usage: '-5.00' });
  });

  it('give back what had been paid', async () => {
    const { key, id } = await invoiced();
    await post(id, 'payments', { amount: '4.00', reference: 'a' });
    expect((await post(id, 'credit-notes')).body).toMatchObject({ total: '5.95', given_back: '4.00' });
    expect(await world.balances(key)).toEqual({ adjustments: '5.00', usage: '-5.00' });
  });

  it('never more than is left', async () => {
    const { id } = await invoiced();
    expect((await post(id, 'credit-notes', { net_amount: '5.01' })).status).toBe(400);
    await post(id, 'credit-notes', { net_amount: '3.00' });
    expect((await post(id, 'credit-notes', { net_amount: '2.01' })).status).toBe(400);
    expect((await post(id, 'credit-notes', { net_amount: '0' })).status).toBe(400);
  });
});

describe('finalising by hand', () => {
  it('makes a draft final, once, with the next number', async () => {
    world.itIs('2025-01-01T00:00:00Z');
    const key = `project:settled-${++accounts}`;
    await world.account(key);
    await world.subscribe(key, { plan: 'hobby' });
    await world.runAt('2025-02-01T00:00:00Z');
    const [draft] = await world.invoices(key);
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(draft!.id, 'finalise')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    expect((await world.invoice(draft!.id)).number).toMatch(/^INV-\d{6}$/);
  });
});

it('numbers have no gaps and no doubles', async () => {
  const rows = await world.rows<{ sequence: string }>(
    `select sequence from invoice where status <> 'draft' order by sequence`,
  );
  expect(rows.map(({ sequence }) => Number(sequence))).toEqual(rows.map((_row, i) => i + 1));
});

it('every account’s transfers add up to nothing', async () => {
  const sums = `select account_id from balance group by account_id, asset having sum(debits - credits) <> 0`;
  expect(await world.rows(sums)).toEqual([]);
});

it('a final invoice cannot be changed, not even by its owner', async () => {
  await expect(world.rows(`update invoice set total = total + 1 where status = 'paid'`)).rejects.toThrow(
    /credit note/,
  );
  await expect(world.rows(`delete from invoice where status = 'void'`)).rejects.toThrow(/credit note/);
  await expect(world.rows(`update invoice_line set minor = 0`)).rejects.toThrow(/append-only/);
});
