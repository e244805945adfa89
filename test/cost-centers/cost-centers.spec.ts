import { parseAccountKey } from '../../src/core/account-key';
import { CostCenterService } from '../../src/cost-centers/cost-center.service';
import { AccountService } from '../../src/cost-centers/account.service';
import { CONFIG, type Config } from '../../src/platform/config';
import { timestampOf } from '../../src/platform/doors/proto-json';
import { GitpodWorld, type WireCostCenter, team, uuid } from '../support/gitpod-world';

const JUNE = '2022-06-01T00:00:00.000Z';
const MID_JUNE = '2022-06-15T12:00:00.000Z';
const JULY = '2022-07-01T00:00:00.000Z';
const AFTER = '2022-07-01T00:00:00.001Z';
const [OTHER, STRIPE] = ['BILLING_STRATEGY_OTHER', 'BILLING_STRATEGY_STRIPE'];
const INVALID_ARGUMENT = 3;

let world: GitpodWorld;
let organisations = 0;
let people = 1_000;

beforeAll(async () => {
  world = await GitpodWorld.at(JUNE);
  // CO-9: of nothing, nothing is renewed.
  expect(await world.reset()).toEqual({ reset: 0, failed: 0 });
});
beforeEach(() => world.itIs(JUNE));
afterAll(async () => {
  expect(await world.wrongBooks()).toEqual([]);
  await world.close();
});

const newTeam = (): string => team(++organisations);
const newPerson = (): string => uuid(++people);
const wire = (instant: string) => timestampOf(new Date(instant));
const cycle = (from: string, to: string) => ({ billingCycleStart: wire(from), nextBillingTime: wire(to) });

/** An organisation on its allowance since June, which has used so much by the middle of it. */
async function organisation(limit: number, used = 0): Promise<string> {
  const account = newTeam();
  await world.setCostCenter(account, limit, 'OTHER');
  if (used > 0) await world.used(account, used, MID_JUNE);
  return account;
}

/** `500 OTHER` */
const said = ({ spendingLimit, billingStrategy }: WireCostCenter): string =>
  `${spendingLimit} ${billingStrategy.slice('BILLING_STRATEGY_'.length)}`;

describe('a cost centre', () => {
  it('CO-1: keeps the limit it is given', async () => {
    const account = await organisation(100);
    expect(said(await world.costCenter(account))).toBe('100 OTHER');
  });

  it('CO-2: can be asked for by ten at once', async () => {
    const account = newTeam();
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.costCenter(account)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it('CO-3: of an organisation without members has the limit of teams', async () => {
    expect(await world.costCenter(newTeam())).toMatchObject({
      spendingLimit: 0,
      ...cycle(JUNE, JULY),
    });
  });

  it('CO-4: a minute after its cycle it is in the next one', async () => {
    const account = await organisation(500);
    world.itIs('2022-07-01T00:01:00Z');
    expect(await world.costCenter(account)).toEqual({
      attributionId: account,
      spendingLimit: 500,
      billingStrategy: OTHER,
      ...cycle(JULY, '2022-08-01T00:00:00Z'),
    });
  });

  it('CO-5: refuses a limit below zero, and is not made by it', async () => {
    const attributionId = newTeam();
    const costCenter = { attributionId, spendingLimit: -1, billingStrategy: STRIPE };
    expect((await world.call('SetCostCenter', { costCenter })).code).toBe(INVALID_ARGUMENT);
    expect(await world.rows('select from account where key = $1', [attributionId])).toEqual([]);
  });

  it.each([
    ['CO-6', 0, 'STRIPE'],
    ['CO-14', 8_000, 'STRIPE'],
    ['CO-15', 500, 'OTHER'],
    ['the largest limit', 2_147_483_647, 'OTHER'],
  ] as const)('%s: made by being set to %d %s', async (_vector, limit, strategy) => {
    const account = newTeam();
    expect(said(await world.setCostCenter(account, limit, strategy))).toBe(`${limit} ${strategy}`);
    expect(said(await world.costCenter(account))).toBe(`${limit} ${strategy}`);
  });

  it('CO-7: two months late it is in the cycle that holds now, and forgives once', async () => {
    const account = await organisation(500, 700);
    world.itIs('2022-09-10T00:00:00Z');
    expect(await world.costCenter(account)).toMatchObject(
      cycle('2022-09-01T00:00:00Z', '2022-10-01T00:00:00Z'),
    );
    expect(await world.balance(account)).toBe(200);
  });

  it('CO-12: gets back, when it pays no more, the limit it had before it paid', async () => {
    const account = await organisation(10);
    await world.setCostCenter(account, 10, 'STRIPE');
    await world.setCostCenter(account, 20, 'STRIPE');
    expect(said(await world.costCenter(account))).toBe('20 STRIPE');
    expect(said(await world.setCostCenter(account, 9_999, 'OTHER'))).toBe('10 OTHER');
  });

  it('CO-20 (row 11): is settled whole when it begins to pay, whatever its limit was', async () => {
    const account = await organisation(100, 153.37);
    world.itIs('2022-06-20T00:00:00Z');
    expect(await world.setCostCenter(account, 3_000, 'STRIPE')).toMatchObject({
      spendingLimit: 3_000,
      ...cycle('2022-06-20T00:00:00Z', '2022-07-20T00:00:00Z'),
    });
    expect(await world.balance(account)).toBe(0);
    expect(await world.ledger(account)).toEqual(['charge 153.37', 'debt_settled 153.37']);
    // The same again is no new beginning.
    world.itIs('2022-06-21T00:00:00Z');
    await world.used(account, 1, '2022-06-21T00:00:00Z');
    await world.setCostCenter(account, 3_000, 'STRIPE');
    expect(await world.balance(account)).toBe(1);
  });

  it('CO-21: cannot be set to nothing', async () => {
    expect((await world.call('SetCostCenter', {})).code).toBe(INVALID_ARGUMENT);
  });

  it('row 11: a strategy left out is STRIPE, one of no name is OTHER', async () => {
    const [attributionId, unnamed] = [newTeam(), newTeam()];
    await world.call('SetCostCenter', { costCenter: { attributionId, spendingLimit: 5 } });
    await world.call('SetCostCenter', {
      costCenter: { attributionId: unnamed, spendingLimit: 5, billingStrategy: 7 },
    });
    expect(said(await world.costCenter(attributionId))).toBe('5 STRIPE');
    expect(said(await world.costCenter(unnamed))).toBe('5 OTHER');
  });

  it('takes no times from whoever sets it', async () => {
    const attributionId = newTeam();
    const times = cycle('1999-01-01T00:00:00Z', '2099-01-01T00:00:00Z');
    const costCenter = { attributionId, spendingLimit: 5, billingStrategy: OTHER, ...times };
    const { answer } = await world.call('SetCostCenter', { costCenter });
    expect(answer).toMatchObject({ costCenter: cycle(JUNE, JULY) });
  });

  // Design 10 row 1: persons pay, too; the original answers UNKNOWN.
  it('CO-25 (row 1: accepted): of a person begins with the allowance of persons', async () => {
    expect(said(await world.costCenter(`user:${newPerson()}`))).toBe('500 OTHER');
    expect(said(await world.setCostCenter(`user:${newPerson()}`, 7, 'OTHER'))).toBe('7 OTHER');
  });
});

describe('the default limit', () => {
  beforeEach(() => {
    const config: Config = world.usage.app.app.get(CONFIG);
    jest.replaceProperty(config, 'defaultSpendingLimit', { forTeams: 20, forUsers: 500 });
  });
  afterEach(() => jest.restoreAllMocks());

  it('CO-8: of a team is configured; paying begins a month of its own', async () => {
    const account = newTeam();
    expect(said(await world.costCenter(account))).toBe('20 OTHER');
    world.itIs('2022-06-10T10:00:00Z');
    expect(await world.setCostCenter(account, 400_050, 'STRIPE')).toMatchObject({
      spendingLimit: 400_050,
      billingStrategy: STRIPE,
      ...cycle('2022-06-10T10:00:00Z', '2022-07-10T10:00:00Z'),
    });
    expect(said(await world.setCostCenter(account, 1, 'OTHER'))).toBe('20 OTHER');
  });

  it('comes back to whoever paid from his first day', async () => {
    const account = newTeam();
    await world.setCostCenter(account, 7, 'STRIPE');
    expect(said(await world.setCostCenter(account, 7, 'OTHER'))).toBe('20 OTHER');
  });
});

describe('the free allowance', () => {
  it('CO-13: goes to the first organisation of a person, and to no other', async () => {
    const [one, other, ann] = [newTeam(), newTeam(), newPerson()];
    await world.members(one, [{ user_id: ann }]);
    await world.members(other, [{ user_id: ann }]);
    expect(said(await world.costCenter(one))).toBe('500 OTHER');
    expect(said(await world.costCenter(other))).toBe('0 OTHER');
  });

  it('goes to an e-mail address once, however it is written', async () => {
    const [one, other] = [newTeam(), newTeam()];
    await world.members(one, [{ user_id: newPerson(), email: 'bob@example.org' }]);
    await world.members(other, [{ user_id: newPerson(), email: 'Bob@Example.org' }]);
    expect(said(await world.costCenter(one))).toBe('500 OTHER');
    expect(said(await world.costCenter(other))).toBe('0 OTHER');
  });

  it('CO-26: somebody without an e-mail address is nobody else without one', async () => {
    for (const account of [newTeam(), newTeam()]) {
      await world.members(account, [{ user_id: newPerson() }]);
      expect(said(await world.costCenter(account))).toBe('500 OTHER');
    }
  });

  it('is decided by whoever joined first, not by whoever is named first', async () => {
    const [had, account, ann, bob] = [newTeam(), newTeam(), newPerson(), newPerson()];
    await world.members(had, [{ user_id: ann }]);
    await world.costCenter(had);
    await world.members(account, [
      { user_id: bob, joined_at: '2022-05-02T00:00:00Z' },
      { user_id: ann, joined_at: '2022-05-01T00:00:00Z' },
    ]);
    expect(said(await world.costCenter(account))).toBe('0 OTHER');
  });

  it('needs a person: a name that is no uuid gets none', async () => {
    const account = newTeam();
    await world.members(account, [{ user_id: 'robot-1' }]);
    expect(said(await world.costCenter(account))).toBe('0 OTHER');
  });

  describe('row 29: asked for before the first member was known', () => {
    it('comes with him, once', async () => {
      const account = newTeam();
      expect(said(await world.costCenter(account))).toBe('0 OTHER');
      await world.members(account, [{ user_id: newPerson() }]);
      expect(said(await world.costCenter(account))).toBe('500 OTHER');
      await world.members(account, [{ user_id: newPerson() }]);
      expect(said(await world.costCenter(account))).toBe('500 OTHER');
    });

    it('does not come where somebody decided a limit meanwhile', async () => {
      const [account, next, ann] = [newTeam(), newTeam(), newPerson()];
      await world.costCenter(account);
      await world.setCostCenter(account, 7, 'OTHER');
      await world.members(account, [{ user_id: ann }]);
      expect(said(await world.costCenter(account))).toBe('7 OTHER');
      // It was not used up by it.
      await world.members(next, [{ user_id: ann }]);
      expect(said(await world.costCenter(next))).toBe('500 OTHER');
    });

    it('does not come where somebody decided on the very limit that was the default', async () => {
      const account = newTeam();
      await world.costCenter(account);
      await world.setCostCenter(account, 0, 'OTHER');
      await world.members(account, [{ user_id: newPerson() }]);
      expect(said(await world.costCenter(account))).toBe('0 OTHER');
    });

    it('does not come to who had it elsewhere, nor later', async () => {
      const [had, account, ann] = [newTeam(), newTeam(), newPerson()];
      await world.members(had, [{ user_id: ann }]);
      await world.costCenter(had);
      await world.costCenter(account);
      await world.members(account, [{ user_id: ann }]);
      expect(said(await world.costCenter(account))).toBe('0 OTHER');
      await world.members(account, [{ user_id: newPerson() }]);
      expect(said(await world.costCenter(account))).toBe('0 OTHER');
    });
  });
});

describe('a reset', () => {
  it.each([
    ['CO-16', 500, 87.22, ['allowance_reset 87.22'], 0],
    ['CO-17', 500, 600.5, ['allowance_reset 500.00'], 100.5],
    // Design 10 row 12: a limit of 0 forgives 0; the original forgives everything.
    ['CO-18 (row 12: forgives 0)', 0, 12.34, [], 12.34],
    ['CO-19', 500, 0, [], 0],
    ['CO-24', 500, 500, ['allowance_reset 500.00'], 0],
  ])('%s: a limit of %d, %d used', async (_vector, limit, used, ...[resets, left]) => {
    const account = await organisation(limit, used);
    world.itIs(AFTER);
    expect((await world.call('ResetUsage')).code).toBe(0);
    const charges = used > 0 ? [`charge ${used.toFixed(2)}`] : [];
    expect(await world.ledger(account)).toEqual([...charges, ...resets]);
    expect(await world.balance(account)).toBe(left);
    expect(await world.costCenter(account)).toMatchObject(cycle(JULY, '2022-08-01T00:00:00Z'));
    // Again at the same moment: nothing is left to renew.
    expect(await world.reset()).toEqual({ reset: 0, failed: 0 });
  });

  it('comes after the last instant of a cycle, not at it', async () => {
    const account = await organisation(500, 3);
    world.itIs(JULY);
    await world.reset();
    expect(await world.balance(account)).toBe(3);
    world.itIs(AFTER);
    await world.reset();
    expect(await world.balance(account)).toBe(0);
  });

  it('forgives what runs, too, as it stood at the last ledger run', async () => {
    const account = await organisation(500);
    world.itIs('2022-06-30T23:00:00Z');
    await world.instance(account, 'runs', { started: '2022-06-30T23:00:00Z' });
    world.itIs(JULY);
    await world.reconcile();
    expect(await world.balance(account)).toBe(10);
    world.itIs('2022-07-01T01:00:00Z');
    await world.reset();
    expect(await world.balance(account)).toBe(0);
    await world.reconcile();
    expect(await world.balance(account)).toBe(10);
    await world.instance(account, 'runs', { stopped: '2022-07-01T00:30:00Z' });
    await world.reconcile();
    expect(await world.ledger(account)).toEqual(['allowance_reset 10.00', 'charge 15.00']);
    expect(await world.balance(account)).toBe(5);
  });

  it('CO-10: asks the version in force only, and renews it once', async () => {
    const account = newTeam();
    await world.setCostCenter(account, 1, 'OTHER');
    await world.setCostCenter(account, 2, 'OTHER');
    world.itIs(AFTER);
    await world.reset();
    expect(
      await world.rows(
        `select version, spending_limit as limit, cause from cost_center_version v join account a on a.id = v.account_id
         where a.key = $1 order by version`,
        [account],
      ),
    ).toEqual([
      { version: 1, limit: 0, cause: 'made' },
      { version: 2, limit: 1, cause: 'set' },
      { version: 3, limit: 2, cause: 'set' },
      { version: 4, limit: 2, cause: 'reset' },
    ]);
  });

  it('CO-11, CO-23: leaves alone who pays', async () => {
    const account = await organisation(500, 3);
    const paid = await world.setCostCenter(account, 500, 'STRIPE');
    await world.used(account, 2, '2022-06-20T00:00:00Z');
    world.itIs('2022-09-01T00:00:00Z');
    expect((await world.call('ResetUsage')).code).toBe(0);
    // The original fails here; ours says that there was nothing to do (decision A2).
    const key = parseAccountKey(account);
    const stored = await world.get(AccountService).get(key);
    expect(await world.get(CostCenterService).reset('test', stored, new Date('2022-09-01'))).toBeNull();
    expect(await world.costCenter(account)).toEqual(paid);
    expect(await world.balance(account)).toBe(2);
  });

  // Design 10 row 4: the month of the 31st ends with February; the original says 3 March.
  it('CO-22 (row 4: 28 February): of a cycle that began on the 31st', async () => {
    world.itIs('2021-12-31T00:00:00Z');
    const account = await organisation(500);
    world.itIs('2022-02-10T00:00:00Z');
    await world.reset();
    expect(await world.costCenter(account)).toMatchObject(
      cycle('2022-01-31T00:00:00Z', '2022-02-28T00:00:00Z'),
    );
    world.itIs('2022-03-10T00:00:00Z');
    expect(await world.costCenter(account)).toMatchObject(
      cycle('2022-02-28T00:00:00Z', '2022-03-31T00:00:00Z'),
    );
  });
});
