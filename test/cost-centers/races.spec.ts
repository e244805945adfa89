import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../support/postgres';
import { GitpodWorld, type WireCostCenter, team, uuid } from '../support/gitpod-world';

const JUNE = '2022-06-01T00:00:00.000Z';
const MID_JUNE = '2022-06-15T12:00:00.000Z';
const JULY = '2022-07-01T00:00:00.001Z';
const AT_ONCE = 50;

/** Two processes on one database, as far as anything but the operating system is concerned. */
let worlds: readonly [GitpodWorld, GitpodWorld];
let organisations = 0;
let people = 1_000;

beforeAll(async () => {
  const first = await GitpodWorld.at(JUNE);
  worlds = [first, await GitpodWorld.at(JUNE, { databaseUrl: first.usage.app.databaseUrl })];
});
beforeEach(() => itIs(JUNE));
afterAll(async () => {
  expect(await worlds[0].wrongBooks()).toEqual([]);
  await worlds[1].close();
  await worlds[0].close();
});

const newTeam = (): string => team(++organisations);
const newPerson = (): string => uuid(++people);
const itIs = (now: string): void => worlds.forEach((world) => world.itIs(now));
const atOnce = <R>(count: number, work: (world: GitpodWorld, i: number) => Promise<R>): Promise<R[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => work(worlds[i % 2]!, i)));

const limitsOf = async (accounts: readonly string[]): Promise<number[]> =>
  (await atOnce(accounts.length, (world, i) => world.costCenter(accounts[i]!))).map(
    ({ spendingLimit }) => spendingLimit,
  );
const causesOf = async (account: string): Promise<string[]> => {
  const sql = `select cause from cost_center_version v join account a on a.id = v.account_id where a.key = $1 order by version`;
  return (await worlds[0].rows<{ cause: string }>(sql, [account])).map(({ cause }) => cause);
};

/** An organisation that has used so much of its allowance. */
async function organisation(limit: number, used: number): Promise<string> {
  itIs(JUNE);
  const account = newTeam();
  await worlds[0].setCostCenter(account, limit, 'OTHER');
  await worlds[0].used(account, used, MID_JUNE);
  return account;
}

describe('fifty at once', () => {
  it('ask for a cost centre that is not there: there is one, and one allowance', async () => {
    const account = newTeam();
    await worlds[0].members(account, [{ user_id: newPerson(), email: 'first@example.org' }]);
    const answers = await atOnce(AT_ONCE, (world) => world.costCenter(account));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]!.spendingLimit).toBe(500);
    expect(await causesOf(account)).toEqual(['made']);
    const given = `select f.user_id from free_allowance f join account a on a.id = f.account_id where a.key = $1`;
    expect(await worlds[0].rows(given, [account])).toHaveLength(1);
  });

  it('ask for one of an organisation nobody has heard of', async () => {
    const account = newTeam();
    const answers = await atOnce(AT_ONCE, (world) => world.costCenter(account));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await causesOf(account)).toEqual(['made']);
  });

  it.each<[string, () => object]>([
    ['of one person', ((ann) => () => ({ user_id: ann }))(uuid(900))],
    ['of one e-mail address', () => ({ user_id: newPerson(), email: 'shared@example.org' })],
  ])('organisations %s are made: exactly one has the free allowance', async (_case, member) => {
    const accounts = Array.from({ length: AT_ONCE }, newTeam);
    await atOnce(AT_ONCE, (world, i) => world.members(accounts[i]!, [member()]));
    const limits = await limitsOf(accounts);
    expect(limits.filter((limit) => limit === 500)).toHaveLength(1);
    expect(limits.filter((limit) => limit === 0)).toHaveLength(AT_ONCE - 1);
  });

  it('people and addresses cross each other: nobody waits for ever, and each is given once', async () => {
    // The person i has the addresses i and i + 1: neighbours share one.
    const accounts = Array.from({ length: AT_ONCE }, newTeam);
    const ring = Array.from({ length: AT_ONCE / 2 }, newPerson);
    await atOnce(AT_ONCE, (world, i) => {
      const nth = Math.floor(i / 2);
      const email = `ring-${(nth + (i % 2)) % ring.length}@example.org`;
      return world.members(accounts[i]!, [{ user_id: ring[nth]!, email }]);
    });
    const limits = await limitsOf(accounts);
    const given = limits.filter((limit) => limit === 500).length;
    expect(given).toBeGreaterThan(0);
    expect(given).toBeLessThanOrEqual(ring.length);
    const twice = `select user_id from free_allowance group by user_id having count(*) > 1`;
    expect(await worlds[0].rows(twice)).toEqual([]);
  });

  it('row 29: cost centres are asked for while their first members are told: all have the allowance', async () => {
    const accounts = Array.from({ length: AT_ONCE / 2 }, newTeam);
    await Promise.all(
      accounts.flatMap((account, i) => [
        worlds[i % 2]!.costCenter(account),
        worlds[(i + 1) % 2]!.members(account, [{ user_id: newPerson() }]),
      ]),
    );
    expect(new Set(await limitsOf(accounts))).toEqual(new Set([500]));
  });

  it('tabs change one cost centre upon one version: one wins', async () => {
    const account = newTeam();
    await worlds[0].costCenter(account);
    const path = `/api/v1/accounts/${account}/cost-center`;
    const answers = await atOnce(20, (world, i) =>
      world.admin.put<{ spending_limit: number }>(path, {
        ...{ strategy: 'other', spending_limit: i + 1, version: 1 },
      }),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect(await limitsOf([account])).toEqual([won[0]!.body.spending_limit]);
    expect(await causesOf(account)).toEqual(['made', 'set']);
  });
});

describe('from two sides', () => {
  it('a cost centre is set: debt is settled once, and the last word is in force', async () => {
    const account = await organisation(100, 30);
    const answers = await atOnce(20, (world, i) => world.setCostCenter(account, 1_000 + i, 'STRIPE'));
    expect(new Set(answers.map(({ spendingLimit }) => spendingLimit)).size).toBe(20);
    expect(await worlds[0].ledger(account)).toEqual(['charge 30.00', 'debt_settled 30.00']);
    expect(await worlds[0].balance(account)).toBe(0);
    const versions = await worlds[0].rows<{ version: number; spending_limit: number }>(
      `select version, spending_limit from cost_center_version v join account a on a.id = v.account_id
       where a.key = $1 order by version`,
      [account],
    );
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
    expect(await limitsOf([account])).toEqual([versions.at(-1)!.spending_limit]);
  });

  it('it is set to and fro: what is settled is never more than what was used', async () => {
    const account = await organisation(100, 30);
    const sides = ['STRIPE', 'OTHER'] as const;
    await atOnce(20, (world, i) => world.setCostCenter(account, 7, sides[i % 2]!));
    await worlds[0].setCostCenter(account, 7, 'OTHER');
    expect((await worlds[0].ledger(account)).sort()).toEqual(['charge 30.00', 'debt_settled 30.00']);
  });

  it('an allowance is renewed, by jobs and by whoever asks: once', async () => {
    const accounts = [await organisation(20, 30), await organisation(50, 30), await organisation(0, 30)];
    itIs(JULY);
    await Promise.all([
      ...worlds.map((world) => world.reset()),
      ...accounts.flatMap((account) => [
        ...worlds.map((world) => world.costCenter(account)),
        ...worlds.map((world) => world.call('ResetUsage')),
        worlds[0].setCostCenter(account, 7, 'OTHER'),
      ]),
    ]);
    const balances = await Promise.all(accounts.map((account) => worlds[0].balance(account)));
    expect(balances).toEqual([10, 0, 30]);
    for (const account of accounts) {
      expect((await causesOf(account)).filter((cause) => cause === 'reset')).toHaveLength(1);
    }
  });

  it('debt is settled while an allowance is renewed: what was used is taken off once', async () => {
    const account = await organisation(10, 30);
    itIs(JULY);
    await Promise.all([
      worlds[0].reset(),
      worlds[1].setCostCenter(account, 900, 'STRIPE'),
      worlds[1].reset(),
    ]);
    // The reset comes first whoever asks: it was due.
    expect((await worlds[0].ledger(account)).sort()).toEqual([
      'allowance_reset 10.00',
      'charge 30.00',
      'debt_settled 20.00',
    ]);
    expect(await worlds[0].balance(account)).toBe(0);
  });

  it('a credit note is given while an allowance is renewed: nobody is given more than he owes twice', async () => {
    const account = await organisation(100, 30);
    itIs(JULY);
    await Promise.all([worlds[0].note(account, 30), worlds[1].reset(), worlds[0].costCenter(account)]);
    // Whichever came first: the note stands, and the reset forgave what was owed by then.
    const balance = await worlds[0].balance(account);
    expect([0, -30]).toContain(balance);
  });
});

describe('the ledger job of two processes, with writers going on', () => {
  const WORDS = ['started', 'stopping', 'stopped'] as const;
  const INSTANCES = 40;

  /** The n-th instance runs for n minutes; every fourth does not stop. */
  const lifeOf = (n: number) => {
    const at = (minutes: number) => new Date(Date.parse(MID_JUNE) - minutes * 60_000).toISOString();
    const times = [at(100), at(100 - n), at(99 - n)];
    return WORDS.slice(0, n % 4 === 0 ? 1 : 3).map((what, i) => ({
      ...{ type: `workspace_instance.${what}`, at: times[i]!, resource: `instance-${n}` },
    }));
  };

  const shown = async (account: string) =>
    (await worlds[0].list(account, { order: 'ORDERING_ASCENDING' })).usageEntries
      .map(({ workspaceInstanceId, credits, draft, effectiveTime }) => ({
        ...{ workspaceInstanceId, credits, draft, at: effectiveTime.seconds },
      }))
      .sort((a, b) => (a.workspaceInstanceId < b.workspaceInstanceId ? -1 : 1));

  it('leaves the rows of a calm run', async () => {
    itIs(MID_JUNE);
    const [stormy, calm] = [newTeam(), newTeam()];
    const lives = Array.from({ length: INSTANCES }, (_, i) => lifeOf(i + 1));
    let isWriting = true;
    // Their clocks go on, each at its own pace: what runs is accrued while other words of it come in.
    const run = async (world: GitpodWorld, nth: number): Promise<number> => {
      let runs = 0;
      for (; isWriting; runs++) {
        world.itIs(new Date(Date.parse(MID_JUNE) + runs * (nth + 1) * 1_000).toISOString());
        await world.reconcile();
      }
      return runs;
    };
    const jobs = worlds.map(run);
    // The last words come first, and each word through another process than the one before.
    await atOnce(INSTANCES, async (world, n) => {
      const life = [...lives[n]!].reverse();
      for (const [i, word] of life.entries()) {
        await worlds[(n + i) % 2]!.usage.record(stormy, [{ ...word, id: `storm-${n}-${i}` }]);
        await sleep(n % 5);
      }
      return world;
    });
    isWriting = false;
    expect(Math.min(...(await Promise.all(jobs)))).toBeGreaterThan(0);
    itIs('2022-06-15T13:00:00.000Z');
    await Promise.all(worlds.map((world) => world.reconcile()));
    await worlds[0].usage.record(
      calm,
      lives.flat().map((word, i) => ({ ...word, id: `calm-${i}` })),
    );
    await worlds[0].reconcile();
    itIs('2022-06-15T13:00:00.001Z');
    expect(await shown(stormy)).toEqual(await shown(calm));
    expect(await shown(stormy)).toHaveLength(INSTANCES);
    expect(await worlds[0].balance(stormy)).toBe(await worlds[0].balance(calm));
    expect(await worlds[1].rows('select from span_mark')).toEqual([]);
  });
});

describe('whoever computes money of an account', () => {
  // Decision A2: from the same state two of them would compute two things, and one would be lost.
  it.each<[string, (account: string) => Promise<unknown>]>([
    ['folds what was told of an instance', () => worlds[0].reconcile()],
    [
      'accrues what runs',
      async () => {
        await worlds[0].rows('delete from span_mark');
        itIs('2022-06-15T13:00:00.000Z');
        return worlds[0].reconcile();
      },
    ],
    ['settles its debt', (account) => worlds[0].setCostCenter(account, 1, 'STRIPE')],
    ['gives a first member his allowance', (account) => worlds[0].members(account, [])],
  ])('waits for his turn: who %s', async (_case, work) => {
    itIs(MID_JUNE);
    const account = newTeam();
    await worlds[0].costCenter(account);
    await worlds[0].instance(account, 'one', { started: JUNE });
    await worlds[0].reconcile();
    await worlds[0].instance(account, 'two', { started: JUNE });
    await withClient(worlds[0].usage.app.databaseUrl, async (client) => {
      await client.query('begin');
      await client.query('select from account where key = $1 for no key update', [account]);
      let isDone = false;
      const working = work(account).then(() => (isDone = true));
      await sleep(150);
      expect(isDone).toBe(false);
      await client.query('commit');
      await working;
    });
  });
});

describe('a cost centre, while it changes', () => {
  it('is read as some whole version of it', async () => {
    const account = newTeam();
    await worlds[0].setCostCenter(account, 1, 'OTHER');
    const reads: WireCostCenter[] = [];
    const writing = atOnce(15, (world, i) => world.setCostCenter(account, i + 2, 'OTHER'));
    const reading = atOnce(15, async (world) => reads.push(await world.costCenter(account)));
    await Promise.all([writing, reading]);
    expect(new Set(reads.map(({ billingStrategy }) => billingStrategy)).size).toBe(1);
    for (const { spendingLimit } of reads) expect(spendingLimit).toBeGreaterThan(0);
  });
});
