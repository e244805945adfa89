import type { AccountRef } from '../../src/core/account';
import { invoiceFinalised } from '../../src/core/posting';
import { quantity } from '../../src/core/quantity';
import type { Posting } from '../../src/core/transfer';
import { sqlOn } from '../../src/platform/transaction';
import { LedgerWorld, NOW, USD, owed, usd } from './ledger-world';

const WRITERS = 16;

let world: LedgerWorld;

beforeAll(async () => {
  world = await LedgerWorld.withConnections(WRITERS);
});
afterEach(async () => expect(await world.broken()).toEqual([]));
afterAll(() => world.close());

const atOnce = <R>(count: number, work: (i: number) => Promise<R>): Promise<R[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)));

/** Posts in transactions of one connection, none of them tried again: a deadlock fails the test. */
async function onOneConnection<R>(
  work: (post: (postings: Posting[]) => Promise<number>) => Promise<R>,
  account: AccountRef,
) {
  const client = await world.database.connect();
  try {
    return await work(async (postings) => {
      await client.query('begin');
      const fresh = await world.ledger.post(sqlOn(client), account, postings);
      await client.query('commit');
      return fresh.length;
    });
  } finally {
    await client.end();
  }
}

describe('sixteen connections on one account', () => {
  it('post the same and other things at once: each once, no deadlock, balances are the sums', async () => {
    const account = await world.account();
    const rounds = 20;
    // Every writer posts a charge of its own, one that all of them post, and an invoice: four names, in any order.
    const posted = await atOnce(WRITERS, (writer) =>
      onOneConnection(async (post) => {
        let fresh = 0;
        for (let round = 0; round < rounds; round++) {
          const invoice = {
            asset: USD,
            net: usd('1'),
            tax: usd('0.19'),
            source: `invoice:${writer}/${round}`,
          };
          const postings = [
            owed(`span:${writer}/${round}`, '2'),
            owed(`shared:${round}`, '3'),
            ...invoiceFinalised({ ...invoice, at: NOW }),
          ];
          fresh += await post(writer % 2 === 0 ? postings : postings.reverse());
        }
        return fresh;
      }, account),
    );
    // 16 × 20 × 3 of their own, and 20 shared.
    expect(posted.reduce((sum, fresh) => sum + fresh, 0)).toBe(980);
    // 640 + 60 − 320 not yet invoiced; 320 + 60.80 invoiced.
    expect(await world.balances(account)).toEqual([
      'receivable 380.00',
      'settlement 380.80',
      'tax -60.80',
      'usage -700.00',
    ]);
  });

  it('read under the lock what the one before wrote', async () => {
    const account = await world.account();
    await world.post(account, owed('span:0', '16'));
    const taken = await atOnce(WRITERS, (writer) =>
      world.tx(async (tx) => {
        await world.ledger.lockAccount(tx, account);
        const found = await world.ledger.balances(account, tx);
        const { posted } = found.find(({ name }) => name === 'receivable')!;
        const net = quantity(posted / 2n - ((posted / 2n) % 10n ** 13n));
        await world.ledger.post(
          tx,
          account,
          invoiceFinalised({ asset: USD, net, tax: quantity(0n), source: `invoice:${writer}`, at: NOW }),
        );
        return net;
      }),
    );
    // 8, 4, 2, 1, 0.50, 0.25, …: nobody computed from the same state.
    expect(new Set(taken.filter((net) => net >= usd('0.25'))).size).toBe(6);
    expect(taken.reduce((sum, net) => sum + net, 0n)).toBeLessThanOrEqual(usd('16'));
  });
});

const drawing = (source: string, amount: string) =>
  ({ asset: USD, amount: usd(amount), source, at: NOW, pays: 'receivable' }) as const;

describe('drawing at once', () => {
  it('never gives more than there is', async () => {
    const account = await world.account();
    for (const amount of ['3', '4', '5']) await world.give(account, amount);
    const drawn = await atOnce(8, (i) =>
      world.tx((tx) => world.grants.draw(tx, account, drawing(`period:${i}`, '2.50'))),
    );
    const sums = drawn.map((parts) => parts.reduce((sum, { amount }) => sum + amount, 0n)).sort();
    // 12 = 4 × 2.50 + 2, and nothing for three of them.
    const expected = ['2.50', '2.50', '2.50', '2.50', '2'].map(usd);
    expect([...sums].sort((one, other) => (one < other ? 1 : -1)).slice(0, 5)).toEqual(expected);
    expect(sums.filter((sum) => sum === 0n)).toHaveLength(3);
    const left = await world.tx((tx) => world.grants.available(tx, account, { asset: USD, at: NOW }));
    expect(left).toEqual([]);
  });

  it('for one cause gives once', async () => {
    const account = await world.account();
    await world.give(account, '10');
    const drawn = await atOnce(8, () =>
      world.tx((tx) => world.grants.draw(tx, account, drawing('period:1', '2'))),
    );
    expect(new Set(drawn.map((parts) => JSON.stringify(parts.map(({ amount }) => `${amount}`)))).size).toBe(
      1,
    );
    expect(await world.balances(account)).toEqual(['adjustments 10.00', 'grants -8.00', 'receivable -2.00']);
  });
});
