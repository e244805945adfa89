import type { AccountRef } from '../../src/core/account';
import { formatAmount } from '../../src/core/asset';
import type { GrantPart } from '../../src/core/grant';
import { invoiceFinalised } from '../../src/core/posting';
import { ZERO } from '../../src/core/quantity';
import { CREDIT, LedgerWorld, NOW, USD, owed, usd } from './ledger-world';

const TOMORROW = new Date('2025-03-16T12:00:00Z');
const NEXT_WEEK = new Date('2025-03-22T12:00:00Z');

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

const shown = (parts: readonly GrantPart[]): string[] =>
  parts.map(({ grantId, amount }) => `${grantId.slice(-2)} ${formatAmount(amount, USD)}`);
const short = (id: string): string => id.slice(-2);

async function draw(source: string, amount: string, at = NOW): Promise<string[]> {
  const wanted = { asset: USD, amount: usd(amount), source, at };
  return shown(await world.tx((tx) => world.grants.draw(tx, account, wanted)));
}

const giveBack = async (source: string): Promise<string[]> =>
  shown(await world.tx((tx) => world.grants.giveBack(tx, account, { asset: USD, source, at: NOW })));

const expire = async (at: Date): Promise<string[]> =>
  shown(await world.tx((tx) => world.grants.expire(tx, account, at)));

/** An invoice of so many dollars, from usage of the same amount. */
async function invoiced(source: string, amount: string): Promise<void> {
  const fact = { asset: USD, net: usd(amount), tax: ZERO, source, at: NOW };
  await world.post(account, owed(source, amount), ...invoiceFinalised(fact));
}

describe('a grant', () => {
  it.each([
    ['promotional', 'adjustments 10.00'],
    ['prepaid', 'payments 10.00'],
    ['carried', 'receivable 10.00'],
  ] as const)('that is %s stands against %s', async (kind, other) => {
    await world.give(account, '10', { kind });
    expect(await world.balances(account)).toEqual([other, 'grants -10.00'].sort());
  });

  it('is given once under one id, and another one under it is refused', async () => {
    const id = await world.give(account, '10');
    expect(await world.give(account, '10', { id })).toBe(id);
    for (const other of [
      { amount: usd('11') },
      { priority: 1 },
      { expiresAt: TOMORROW },
      { description: 'x' },
    ]) {
      await expect(world.give(account, '10', { id, ...other })).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(await world.balances(account)).toEqual(['adjustments 10.00', 'grants -10.00']);
  });

  it('that has ended already is not given', async () => {
    await expect(world.give(account, '10', { expiresAt: NOW })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
    expect(await world.balances(account)).toEqual([]);
  });
});

describe('drawing', () => {
  it('pays an invoice with what ends soonest first (W-63, TR-15)', async () => {
    const never = await world.give(account, '10');
    const soon = await world.give(account, '2', { expiresAt: TOMORROW });
    await invoiced('invoice:1', '7.85');
    expect(await draw('invoice:1', '7.85')).toEqual([`${short(soon)} 2.00`, `${short(never)} 5.85`]);
    expect(await world.balances(account)).toEqual(['adjustments 12.00', 'grants -4.15', 'usage -7.85']);
  });

  it('leaves alone what has ended (W-64, TR-15), another asset, and another account’s', async () => {
    await world.give(account, '10', { expiresAt: TOMORROW });
    await world.give(account, '10', { asset: CREDIT });
    await world.give(await world.account(), '10');
    expect(await draw('invoice:1', '5', TOMORROW)).toEqual([]);
  });

  it('for the same cause again changes nothing and gets the same answer', async () => {
    const one = await world.give(account, '10');
    await invoiced('invoice:1', '4');
    expect(await draw('invoice:1', '4')).toEqual([`${short(one)} 4.00`]);
    await world.give(account, '10', { priority: -1 });
    expect(await draw('invoice:1', '4')).toEqual([`${short(one)} 4.00`]);
    expect(await world.balances(account)).toEqual(['adjustments 20.00', 'grants -16.00', 'usage -4.00']);
  });

  it('gives what there is and never goes below zero', async () => {
    const one = await world.give(account, '3');
    await invoiced('invoice:1', '9');
    await invoiced('invoice:2', '9');
    expect(await draw('invoice:1', '9')).toEqual([`${short(one)} 3.00`]);
    expect(await draw('invoice:2', '9')).toEqual([]);
    expect(await world.balances(account)).toEqual(['adjustments 3.00', 'settlement 15.00', 'usage -18.00']);
  });
});

describe('giving back', () => {
  it('restores every grant that gave, once', async () => {
    const [one, two] = [await world.give(account, '3'), await world.give(account, '5')];
    await invoiced('invoice:1', '4');
    await draw('invoice:1', '4');
    expect((await giveBack('invoice:1')).sort()).toEqual([`${short(one)} 3.00`, `${short(two)} 1.00`].sort());
    expect(await giveBack('invoice:1')).toEqual([]);
    expect(await world.balances(account)).toEqual([
      'adjustments 8.00',
      'grants -8.00',
      'settlement 4.00',
      'usage -4.00',
    ]);
    await invoiced('invoice:2', '8');
    expect(await draw('invoice:2', '8')).toHaveLength(2);
  });

  it('of what nobody drew is nothing', async () => {
    expect(await giveBack('invoice:1')).toEqual([]);
  });
});

describe('the end of a grant', () => {
  it('posts what is left, once, at the instant and not before', async () => {
    const one = await world.give(account, '10', { expiresAt: TOMORROW });
    await world.give(account, '1');
    await invoiced('invoice:1', '4');
    await draw('invoice:1', '4');
    expect(await expire(NOW)).toEqual([]);
    expect(await expire(TOMORROW)).toEqual([`${short(one)} 6.00`]);
    expect(await expire(NEXT_WEEK)).toEqual([]);
    expect(await world.balances(account)).toEqual(['adjustments 5.00', 'grants -1.00', 'usage -4.00']);
  });

  it('comes again for what is given back after it', async () => {
    const one = await world.give(account, '10', { expiresAt: TOMORROW });
    await invoiced('invoice:1', '4');
    await draw('invoice:1', '4');
    await expire(TOMORROW);
    await giveBack('invoice:1');
    expect(await expire(NEXT_WEEK)).toEqual([`${short(one)} 4.00`]);
    const [grant] = await world.grants.list(account, null, 10);
    expect([grant!.used, grant!.expired]).toEqual([ZERO, usd('10')]);
    expect(await world.balances(account)).toEqual(['settlement 4.00', 'usage -4.00']);
  });
});

describe('the list', () => {
  it('shows every grant once, newest first, page by page', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push(await world.give(account, '1'));
    const seen: string[] = [];
    let page = await world.grants.list(account, null, 3);
    for (; page.length > 0; page = await world.grants.list(account, page.at(-1)!.position, 3)) {
      seen.push(...page.map(({ id }) => id));
    }
    expect(seen).toEqual(ids.reverse());
  });
});
