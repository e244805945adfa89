import type { AccountRef } from '../../src/core/account';
import { invoiceFinalised } from '../../src/core/posting';
import { ZERO, quantity } from '../../src/core/quantity';
import { withClient } from '../support/postgres';
import { CREDIT, LedgerWorld, NOW, USD, owed, usd } from './ledger-world';

let world: LedgerWorld;
let account: AccountRef;

beforeAll(async () => {
  world = await LedgerWorld.withConnections(4);
});
beforeEach(async () => {
  account = await world.account();
});
afterEach(async () => expect(await world.broken()).toEqual([]));
afterAll(() => world.close());

const twelveTransfers = Array.from({ length: 12 }, (_, i) => owed(`span:${i}`, `${i + 1}`));

describe('posting', () => {
  it('moves balances, and once more moves nothing', async () => {
    expect(await world.post(account, owed('span:1', '10'), owed('span:2', '2.50'))).toBe(2);
    expect(await world.balances(account)).toEqual(['receivable 12.50', 'usage -12.50']);
    expect(await world.post(account, owed('span:2', '2.50'), owed('span:3', '1'))).toBe(1);
    expect(await world.balances(account)).toEqual(['receivable 13.50', 'usage -13.50']);
  });

  it('says which were new', async () => {
    await world.post(account, owed('span:1', '10'));
    const fresh = await world.tx((tx) =>
      world.ledger.post(tx, account, [owed('span:1', '10'), owed('span:2', '1')]),
    );
    expect(fresh.map(({ source }) => source)).toEqual(['span:2']);
  });

  it('takes a twin in one call for one, and the same at another time for the same', async () => {
    expect(await world.post(account, owed('span:1', '10'), owed('span:1', '10'))).toBe(1);
    expect(await world.post(account, { ...owed('span:1', '10'), effectiveAt: new Date(0) })).toBe(0);
    const [stored] = await world.ledger.history(account, null, 10);
    expect(stored!.effectiveAt).toEqual(NOW);
  });

  it('refuses another amount for the same cause, and then moves nothing of the call', async () => {
    await world.post(account, owed('span:1', '10'));
    const call = world.post(account, owed('span:2', '5'), owed('span:1', '11'));
    await expect(call).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.post(account, owed('span:3', '1'), owed('span:3', '2'))).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await world.balances(account)).toEqual(['receivable 10.00', 'usage -10.00']);
  });

  it('refuses what is no transfer', async () => {
    await expect(world.post(account, { ...owed('span:1', '1'), credit: 'receivable' })).rejects.toMatchObject(
      {
        code: 'invalid-argument',
      },
    );
    expect(await world.post(account)).toBe(0);
  });

  it('keeps the two legs of an invoice and what else it caused together', async () => {
    const fact = { asset: USD, net: usd('10'), tax: usd('1.90'), source: 'invoice:7', at: NOW };
    await world.post(account, owed('span:1', '10'), ...invoiceFinalised(fact));
    const found = await world.ledger.ofSource(account, 'invoice:7');
    expect(found.map(({ credit, amount }) => [credit, amount]).sort()).toEqual([
      ['receivable', usd('10')],
      ['tax', usd('1.90')],
    ]);
    expect(await world.balances(account)).toEqual(['settlement 11.90', 'tax -1.90', 'usage -10.00']);
  });

  it('of one account says nothing of another', async () => {
    const other = await world.account();
    expect(await world.post(account, owed('span:1', '10'))).toBe(1);
    expect(await world.post(other, owed('span:1', '11'))).toBe(1);
    expect(await world.balances(other)).toEqual(['receivable 11.00', 'usage -11.00']);
  });
});

describe('a reversal', () => {
  it('restores the balances, and happens once, whatever for', async () => {
    await world.post(account, owed('span:1', '10'), owed('span:2', '1'));
    const [original] = (await world.ledger.ofSource(account, 'span:1')).map(({ id }) => id);
    const reverse = (source: string) =>
      world.tx((tx) => world.ledger.reverse(tx, account, { transferId: original!, source, at: NOW }));
    expect(await reverse('ticket:1')).toMatchObject({
      debit: 'usage',
      credit: 'receivable',
      reverses: original,
    });
    expect(await reverse('ticket:1')).toBeNull();
    expect(await reverse('ticket:2')).toBeNull();
    expect(await world.balances(account)).toEqual(['receivable 1.00', 'usage -1.00']);
  });

  it('of a reversal, of a grant or of nothing is refused', async () => {
    await world.post(account, owed('span:1', '10'));
    await world.give(account, '5');
    const reverse = (transferId: string) =>
      world.tx((tx) => world.ledger.reverse(tx, account, { transferId, source: 'ticket:1', at: NOW }));
    const ids = (await world.ledger.history(account, null, 10)).map(({ id, kind }) => [kind, id] as const);
    const idOf = Object.fromEntries(ids);
    const reversal = await reverse(idOf['charge']!);
    for (const id of [reversal!.id, idOf['grant_issued']!]) {
      await expect(reverse(id)).rejects.toMatchObject({ code: 'failed-precondition' });
    }
    const nothing = '00000000-0000-4000-8000-999999999999';
    await expect(reverse(nothing)).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('what is pending', () => {
  const pending = (source: string, amount: string) => ({
    ...({ asset: USD, source, debit: 'receivable', credit: 'usage' } as const),
    amount: amount === '0' ? ZERO : usd(amount),
  });
  const both = async (): Promise<string[]> =>
    (await world.ledger.balances(account)).map(
      ({ name, asset, posted, withPending }) =>
        `${name} ${asset} ${posted / 10n ** 13n} ${withPending / 10n ** 13n}`,
    );
  const set = (...rows: ReturnType<typeof pending>[]) =>
    world.tx((tx) => world.ledger.setPending(tx, account, rows));

  it('stands beside the balance, is replaced by source, and goes with a zero', async () => {
    await world.post(account, owed('span:0', '1'));
    await set(pending('span:1', '2'), pending('period', '5'));
    expect(await both()).toEqual(['receivable USD 100 800', 'usage USD -100 -800']);
    await set(pending('span:1', '3'));
    expect(await both()).toEqual(['receivable USD 100 900', 'usage USD -100 -900']);
    await set(pending('period', '0'));
    expect(await both()).toEqual(['receivable USD 100 400', 'usage USD -100 -400']);
    await set(pending('span:1', '0'));
    expect(await both()).toEqual(['receivable USD 100 100', 'usage USD -100 -100']);
  });

  it('of a source that changes its asset leaves nothing of the old one', async () => {
    await set(pending('period', '5'));
    await set({ ...pending('period', '7'), asset: CREDIT });
    expect(await both()).toEqual(['receivable CREDIT 0 700', 'usage CREDIT 0 -700']);
  });

  it('may not be what could not be posted', async () => {
    const wrong = set({ ...pending('period', '5'), amount: quantity(-1n) });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('the history', () => {
  it('is read newest first, page by page, each transfer once', async () => {
    for (const posting of twelveTransfers) await world.post(account, posting);
    // Five of one transaction, which share their time.
    await world.post(account, ...Array.from({ length: 5 }, (_, i) => owed(`late:${i}`, '1')));
    const seen: string[] = [];
    let page = await world.ledger.history(account, null, 4);
    for (; page.length > 0; page = await world.ledger.history(account, page.at(-1)!.position, 4)) {
      seen.push(...page.map(({ source }) => source));
    }
    expect(seen).toHaveLength(17);
    expect(new Set(seen).size).toBe(17);
    expect(seen.slice(0, 5).every((source) => source.startsWith('late:'))).toBe(true);
    expect(seen.slice(5)).toEqual(twelveTransfers.map(({ source }) => source).reverse());
  });
});

describe('the ledger refuses', () => {
  it.each([
    ['an update', `update transfer set amount = 1`],
    ['a delete', `delete from transfer`],
    ['an update of a drawing', `update grant_use set amount = 1`],
  ])('%s, by privilege and to its owner by trigger', async (_, statement) => {
    await world.post(account, owed('span:1', '10'));
    await world.give(account, '5');
    await world.tx((tx) =>
      world.grants.draw(tx, account, {
        ...{ asset: USD, amount: usd('1'), source: 'period:1', at: NOW },
        pays: 'receivable',
      }),
    );
    await expect(world.database.query(statement)).rejects.toThrow('permission denied');
    await expect(withClient(world.stored.url, (client) => client.query(statement))).rejects.toThrow(
      'append-only',
    );
  });

  it('what is no transfer, even where nobody checked before', async () => {
    const insert = (debit: string, credit: string, amount: string) =>
      world.database.query(
        `insert into transfer (bucket, account_id, id, effective_at, asset, debit, credit, amount, kind, source)
         values (0, 0, '00000000-0000-4000-8000-000000000000', now(), 'USD', $1, $2, $3, 'charge', 'x')`,
        [debit, credit, amount],
      );
    await expect(insert('usage', 'receivable', '0')).rejects.toThrow('transfer_amount_check');
    await expect(insert('usage', 'usage', '1')).rejects.toThrow('transfer_check');
    await expect(insert('usage', 'house', '1')).rejects.toThrow('transfer_credit_check');
  });

  it('the lock of an account that is not there', async () => {
    const nobody = { id: 999_999_999, bucket: 0 };
    await expect(world.tx((tx) => world.ledger.lockAccount(tx, nobody))).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
