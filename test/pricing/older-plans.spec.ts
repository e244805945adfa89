import type { QueryRunner } from 'typeorm';
import { WeighMeters1763600019000 } from '../../migrations/1763600019000-weigh-meters';
import { overrideCard, parseOverrides } from '../../src/core/card-overrides';
import { entitlementOf } from '../../src/core/entitlement';
import { parsePlan, planWordingToJson } from '../../src/core/plan-shape';
import { BUILT_IN_PLANS } from '../../src/pricing/catalogue.seed';
import { openPlanFiles, readPlanFiles } from '../../src/pricing/plan-file';
import { PlanService } from '../../src/pricing/plan.service';
import { type TestApp, startTestApp } from '../support/app';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';

/** A plan version letter by letter as it was stored before plans granted anything. */
const STORED = `
  insert into plan (key, name, description, features, attributes, source, position)
  values ('older', 'Older', '', '[]', '{}', 'tallyhouse', 0);
  insert into plan_version (plan_key, version, currency, interval_unit, interval_count, trial_days, base_fee, prices, allowances)
  values ('older', 1, 'USD', 'month', 1, 0, '{"model":"flat","amount":"5"}', '{"scans":{"model":"per_unit","unit_amount":"0.01"}}',
    '{"scans":{"included":"5","limit":null,"on_exceed":"bill","rollover":null}}')`;

/** The same, canonical, as whoever kept its text or its hash has it. */
const TEXT =
  '{"currency":"USD","interval":"month","interval_count":1,"trial_days":0,"base_fee":{"model":"flat","amount":"5"},' +
  '"prices":{"scans":{"model":"per_unit","unit_amount":"0.01"}},' +
  '"allowances":{"scans":{"included":"5","limit":null,"on_exceed":"bill","rollover":null}}}';

const FILE = {
  key: 'older',
  name: 'Older',
  currency: 'USD',
  base_fee: { model: 'flat', amount: '5.00' },
  prices: { scans: { model: 'per_unit', unit_amount: '0.01' } },
  allowances: { scans: { included: '5' } },
};

let database: TestDatabase;
let app: TestApp;
let plans: PlanService;

/** An installation of before: its seeds ran and its plans were stored by the schema of then. */
beforeAll(async () => {
  database = await createTestDatabase();
  await (await startTestApp({ databaseUrl: database.url })).close();
  await withClient(database.url, async (client) => {
    const migration = new WeighMeters1763600019000();
    const runner = client as unknown as QueryRunner;
    await migration.down(runner);
    await client.query(STORED);
    await migration.up(runner);
  });
  app = await startTestApp({ databaseUrl: database.url });
  plans = app.app.get(PlanService);
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const versions = () =>
  withClient(database.url, async (client) => {
    const { rows } = await client.query<{ count: string }>('select count(*) from plan_version');
    return rows[0]!.count;
  });

describe('a plan of before there were entitlements', () => {
  it('grants nothing, and its wording is the text it was', async () => {
    const { latest } = await plans.get('older');
    expect(latest.entitlements).toEqual(new Map());
    expect(JSON.stringify(planWordingToJson(latest))).toBe(TEXT);
    expect(entitlementOf(latest, 'sso')).toEqual({ kind: 'none' });
  });

  it('is not changed by a file that says nothing of them, nor by one that says there are none', async () => {
    const before = await versions();
    for (const file of [FILE, { ...FILE, entitlements: {} }]) {
      expect(await plans.preview(parsePlan(file))).toMatchObject({ kind: 'nothing', differences: [] });
      expect((await plans.put('test', parsePlan(file))).change.kind).toBe('nothing');
    }
    expect(await versions()).toBe(before);
  });

  it('stays as it is when the built-in plans are applied again', async () => {
    const built = readPlanFiles(openPlanFiles([BUILT_IN_PLANS]).files).plans;
    const kinds = await Promise.all(built.map(async ({ offer }) => (await plans.preview(offer)).kind));
    expect(kinds).toEqual(built.map(() => 'nothing'));
    expect(kinds.length).toBeGreaterThan(0);
  });

  it('is told name by name what it comes to grant, in a version beside the old one', async () => {
    const { change, offered } = await plans.put('test', parsePlan({ ...FILE, entitlements: { sso: true } }));
    expect(change).toMatchObject({
      ...{ kind: 'new-version', version: 2 },
      differences: [{ path: 'entitlements.sso', before: null, after: 'true' }],
    });
    expect(entitlementOf(offered.latest, 'sso')).toEqual({ kind: 'boolean', granted: true });
    const [, first] = await plans.versions('older', { before: 10, limit: 10 });
    expect(JSON.stringify(planWordingToJson(first!))).toBe(TEXT);
    const own = overrideCard(offered.latest, parseOverrides({ entitlements: { sso: null } }));
    expect(JSON.stringify(planWordingToJson(own))).toBe(TEXT);
  });
});
