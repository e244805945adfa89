import { parsePlan, planToJson } from '../../src/core/plan-shape';
import { formatQuantity } from '../../src/core/quantity';
import { CatalogueSeed } from '../../src/pricing/catalogue.seed';
import { PlanService } from '../../src/pricing/plan.service';
import { type TestApp, startTestApp } from '../support/app';
import { withClient } from '../support/postgres';

let app: TestApp;
let plans: PlanService;
let count = 0;

beforeAll(async () => {
  app = await startTestApp();
  plans = app.app.get(PlanService);
});
afterAll(() => app.close());

const newKey = (): string => `plan-${++count}`;
const offer = (key: string, change: object = {}) =>
  parsePlan({ key, name: 'Starter', currency: 'USD', base_fee: { model: 'flat', amount: '5' }, ...change });
const fee = (amount: string) => ({ base_fee: { model: 'flat', amount } });

const query = (text: string, values: unknown[] = []) =>
  withClient(
    app.databaseUrl,
    async (client) => (await client.query(text, values)).rows as Record<string, unknown>[],
  );

const storedFees = (key: string) =>
  query(
    `select version || ' ' || (base_fee->>'amount') as line from plan_version where plan_key = $1 order by version`,
    [key],
  ).then((rows) => rows.map(({ line }) => line));

describe('the plan catalogue', () => {
  it('appends a version for a new price and nothing for the same offer', async () => {
    const key = newKey();
    const kinds = [];
    for (const amount of ['5', '5.00', '6', '5'])
      kinds.push((await plans.put('test', offer(key, fee(amount)))).change.kind);
    expect(kinds).toEqual(['new-plan', 'nothing', 'new-version', 'new-version']);
    expect(await storedFees(key)).toEqual(['1 5', '2 6', '3 5']);
  });

  it('changes words in place', async () => {
    const key = newKey();
    await plans.put('test', offer(key));
    const { offered, change } = await plans.put(
      'test',
      offer(key, { name: 'Begin', features: ['Support'], position: 7 }),
    );
    expect([change.kind, offered.plan.name, offered.latest.version]).toEqual(['labels', 'Begin', 1]);
    expect((await plans.get(key)).plan).toMatchObject({ name: 'Begin', features: ['Support'], position: 7 });
  });

  it('keeps what it was given, to the digit and whatever the text', async () => {
    const key = newKey();
    const price = {
      model: 'matrix',
      dimensions: ['region'],
      cells: [{ region: 'nul \u0000 and half \ud800', unit_amount: '0.000000000000001' }],
      default_unit_amount: '1',
    };
    const wanted = offer(key, { prices: { scans: price }, attributes: { team_members: '10' } });
    await plans.put('test', wanted);
    const { plan, latest } = await plans.get(key);
    expect(planToJson({ ...plan, ...latest })).toEqual(planToJson(wanted));
    expect((await plans.put('test', wanted)).change.kind).toBe('nothing');
  });

  it('makes one version when many want the same, from several processes at once', async () => {
    const other = await startTestApp({ databaseUrl: app.databaseUrl });
    try {
      const key = newKey();
      const services = [plans, other.app.get(PlanService)];
      const all = (amount: string) =>
        Promise.all([0, 1, 2, 3, 4, 5].map((n) => services[n % 2]!.put('test', offer(key, fee(amount)))));
      expect((await all('5')).filter(({ change }) => change.kind === 'new-plan')).toHaveLength(1);
      expect((await all('6')).filter(({ change }) => change.kind === 'new-version')).toHaveLength(1);
      expect(await storedFees(key)).toEqual(['1 5', '2 6']);
      await Promise.all(
        ['7', '8', '9', '10'].map((amount, n) => services[n % 2]!.put('test', offer(key, fee(amount)))),
      );
      expect(await storedFees(key)).toHaveLength(6);
    } finally {
      await other.close();
    }
  });

  it('finds a version by its number and does not ask twice', async () => {
    const key = newKey();
    const { id } = (await plans.put('test', offer(key))).offered.latest;
    await plans.put('test', offer(key, fee('6')));
    const found = await plans.version(id);
    expect([found.version, formatQuantity(found.baseFee!.amount)]).toEqual([1, '5']);
    expect(await plans.version(id)).toBe(found);
    expect((await plans.latest(key)).version).toBe(2);
    await expect(plans.version(2_000_000_000)).rejects.toMatchObject({ code: 'not-found' });
    await expect(plans.get('nothing')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('retires a plan, keeps its versions, and offers it again when it is put', async () => {
    const key = newKey();
    const { id } = (await plans.put('test', offer(key, { source: 'waybill' }))).offered.latest;
    const shown = async () => (await plans.listActiveOf('waybill')).map(({ plan }) => plan.key).includes(key);
    expect(await shown()).toBe(true);
    await plans.retire('test', key);
    await plans.retire('test', key);
    expect([await shown(), (await plans.get(key)).isActive]).toEqual([false, false]);
    expect((await plans.version(id)).plan).toBe(key);
    expect((await plans.put('test', offer(key, { source: 'waybill' }))).change.kind).toBe('labels');
    expect(await shown()).toBe(true);
    await expect(plans.retire('test', 'nothing')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('refuses meters that nobody knows, each by its name, and writes nothing', async () => {
    const key = newKey();
    const wanted = offer(key, { allowances: { gpu_hours: {}, scans: {}, warp: {} } });
    for (const attempt of [plans.put('test', wanted), plans.preview(wanted)]) {
      await expect(attempt).rejects.toMatchObject({
        code: 'invalid-argument',
        fields: [{ field: 'allowances.gpu_hours' }, { field: 'allowances.warp' }],
      });
    }
    await expect(plans.get(key)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('previews without writing', async () => {
    const key = newKey();
    expect((await plans.preview(offer(key))).kind).toBe('new-plan');
    await plans.put('test', offer(key));
    expect((await plans.preview(offer(key, fee('9')))).differences).toEqual([
      { path: 'base_fee.amount', before: '"5"', after: '"9"' },
    ]);
    expect(await storedFees(key)).toEqual(['1 5']);
  });

  it('never changes a version', async () => {
    const key = newKey();
    await plans.put('test', offer(key));
    for (const change of [`update plan_version set trial_days = 1`, `delete from plan_version`]) {
      await expect(query(change)).rejects.toThrow('append-only');
    }
    const can = await query(`
      select has_table_privilege('tallyhouse_app', 'plan_version', 'update') as update,
        has_table_privilege('tallyhouse_app', 'plan_version', 'delete') as delete,
        has_table_privilege('tallyhouse_app', 'plan', 'delete') as forget`);
    expect(can).toEqual([{ update: false, delete: false, forget: false }]);
  });

  it('seeds once: what an installation made of a built-in plan stays', async () => {
    const { plan, latest } = await plans.get('pro');
    await plans.put('test', { ...plan, ...latest, name: 'Pro 2', trialDays: 14 });
    await plans.retire('test', 'professional');
    expect(await plans.makeMissing('test', [{ ...plan, ...latest }])).toEqual([]);
    await app.app.get(CatalogueSeed).run();
    const again = await plans.get('pro');
    expect([again.plan.name, again.latest.version, again.latest.trialDays]).toEqual(['Pro 2', 2, 14]);
    expect((await plans.get('professional')).isActive).toBe(false);
  });
});
