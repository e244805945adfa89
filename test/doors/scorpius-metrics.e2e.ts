import { Logger } from '../../src/platform/logger';
import { OrganizationUsageRepository } from '../../src/usage/organization-usage.repository';
import { METRICS_TOKEN, newOrg, PROFESSIONAL, Scorpius, scorpiusWorld } from '../support/scorpius-client';
import type { UsageWorld } from '../support/usage-world';

const NAMES: Record<string, string> = {
  scorpius_usage_total: 'counter',
  scorpius_billing_events_total: 'counter',
  scorpius_usage_api_duration_seconds: 'histogram',
  scorpius_total_organizations: 'gauge',
  scorpius_feature_usage_total: 'counter',
  scorpius_plan_distribution: 'gauge',
  scorpius_org_usage_total: 'counter',
};

/** Figures are kept for some seconds: each test looks at a service of its own. */
let world: UsageWorld;
beforeEach(async () => {
  world = await scorpiusWorld('2024-06-15T00:00:00Z');
});
afterEach(() => world.close());

const scrape = async (): Promise<string> => {
  const { status, body, headers } = await new Scorpius(world, METRICS_TOKEN).send<string>(
    'GET',
    '/metrics/usage',
  );
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return body;
};

/** The samples of one metric, as `labels value`. */
const samples = (text: string, name: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length).trim())
    .sort();

/** The counter of units, once it has so many samples: no request waits until it is counted. */
async function countedUnits(count: number): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const found = samples(await scrape(), 'scorpius_usage_total');
    if (found.length >= count || attempt === 100) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const track = (org: string, feature: string, quantity: number) =>
  Scorpius.of(world, org).track({ org_id: org, feature, quantity });

describe('GET /metrics/usage', () => {
  it('S-50: an empty store has all seven with their kinds, and no organisation', async () => {
    const text = await scrape();
    expect(samples(text, 'scorpius_total_organizations')).toEqual(['0']);
    for (const [name, kind] of Object.entries(NAMES)) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
      expect(text).toContain(`\n# TYPE ${name} ${kind}\n`);
    }
  });

  it('S-48, S-49: two organisations, by feature, plan and use, before and after limits were looked up', async () => {
    const [one, two] = [newOrg(), newOrg()];
    await Scorpius.of(world, one).update({ org_id: one, plan: 'professional', limits: PROFESSIONAL });
    await track(one, 'scans', 100);
    await track(one, 'wallet_checks', 500);
    await track(two, 'scans', 50);
    for (const org of [one, two]) await Scorpius.of(world, org).usage(org);
    await world.account('project:another');
    const text = await scrape();
    expect(samples(text, 'scorpius_total_organizations')).toEqual(['2']);
    expect(samples(text, 'scorpius_plan_distribution')).toEqual([
      '{plan="free"} 1',
      '{plan="professional"} 1',
    ]);
    expect(samples(text, 'scorpius_feature_usage_total')).toEqual([
      '{feature="scans",plan="free"} 50',
      '{feature="scans",plan="professional"} 100',
      '{feature="wallet_checks",plan="professional"} 500',
    ]);
    expect(samples(text, 'scorpius_org_usage_total')).toEqual([
      `{org_id="${one}"} 600`,
      `{org_id="${two}"} 50`,
    ]);
    expect(await countedUnits(3)).toEqual([
      `{org_id="${one}",feature="scans",plan="professional"} 100`,
      `{org_id="${one}",feature="wallet_checks",plan="professional"} 500`,
      `{org_id="${two}",feature="scans",plan="free"} 50`,
    ]);
    expect(samples(text, 'scorpius_billing_events_total')).toEqual([
      // 50 of the 10 that are free.
      `{event_type="overage",org_id="${two}"} 1`,
      `{event_type="plan_update",org_id="${one}"} 1`,
    ]);
  });

  it('counts units once, and none that were refused', async () => {
    const org = newOrg();
    const client = Scorpius.of(world, org);
    const body = { org_id: org, feature: 'scans', quantity: 5 };
    for (let time = 0; time < 3; time++) await client.track(body, { 'idempotency-key': 'once' });
    await client.track({ ...body, quantity: 0 });
    expect(await countedUnits(1)).toEqual([`{org_id="${org}",feature="scans",plan="free"} 5`]);
  });

  it('times requests from beginning to end', async () => {
    const org = newOrg();
    const client = Scorpius.of(world, org);
    const startedAt = performance.now();
    await track(org, 'scans', 1);
    await client.usage(org);
    await client.update({ org_id: org, plan: 'free', limits: { scans: 1 } });
    await client.track({ org_id: org });
    const tookSeconds = (performance.now() - startedAt) / 1000;
    const text = await scrape();
    const name = 'scorpius_usage_api_duration_seconds';
    expect(samples(text, `${name}_count`)).toEqual(['4']);
    const seconds = parseFloat(samples(text, `${name}_sum`)[0]!);
    expect(seconds).toBeGreaterThan(0.001);
    expect(seconds).toBeLessThan(tookSeconds);
  });

  it('names ten organisations and fifty features without a meter; the others are together', async () => {
    for (let i = 1; i <= 12; i++) await track(newOrg(), 'scans', i);
    const org = newOrg();
    for (let i = 1; i <= 60; i++) await track(org, `feature "${i}"\\`, 100 + i);
    const text = await scrape();
    expect(samples(text, 'scorpius_org_usage_total')).toHaveLength(10);
    const features = samples(text, 'scorpius_feature_usage_total');
    expect(features).toHaveLength(52);
    expect(features).toContain('{feature="scans",plan="free"} 78');
    expect(features).toContain('{feature="feature \\"60\\"\\\\",plan="free"} 160');
    expect(features).toContain('{feature="other",plan="free"} 1055');
  });

  it('names a hundred organisations that this process counted for; the others are together', async () => {
    for (let i = 0; i < 105; i++) await track(newOrg(), 'scans', 1);
    const counted = await countedUnits(101);
    expect(counted).toHaveLength(101);
    expect(counted).toContain('{org_id="other",feature="scans",plan="free"} 5');
  });

  it('shows the running period alone, and keeps its figures for some seconds', async () => {
    const org = newOrg();
    await track(org, 'scans', 4);
    world.itIs('2024-07-01T00:00:00Z');
    const text = await scrape();
    expect(samples(text, 'scorpius_org_usage_total')).toEqual([]);
    expect(samples(text, 'scorpius_total_organizations')).toEqual(['1']);
    await track(newOrg(), 'scans', 1);
    expect(samples(await scrape(), 'scorpius_total_organizations')).toEqual(['1']);
  });

  it('S-51: a failure to compute is a failure', async () => {
    const usage = world.app.app.get(OrganizationUsageRepository);
    const logged = jest.spyOn(world.app.app.get(Logger), 'error').mockReturnValue(undefined);
    jest.spyOn(usage, 'figures').mockRejectedValueOnce(new Error('the database is away'));
    const failed = await new Scorpius(world, METRICS_TOKEN).send('GET', '/metrics/usage');
    expect([failed.status, failed.body]).toEqual([500, { detail: 'Metrics generation failed' }]);
    expect(logged).toHaveBeenCalledTimes(1);
    expect(samples(await scrape(), 'scorpius_total_organizations')).toEqual(['0']);
  });

  it('S-54: is for who has the token, or a key with the scope for all accounts', async () => {
    const org = newOrg();
    await track(org, 'scans', 1);
    const read = async (token: string | null) => new Scorpius(world, token).send('GET', '/metrics/usage');
    const answers = [
      await read(null),
      await read(`${METRICS_TOKEN}x`),
      await Scorpius.of(world, org).send('GET', '/metrics/usage'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 403]);
    for (const { body } of answers) expect(JSON.stringify(body)).not.toContain(org);
    const keyFor = async (accounts: string[]) => {
      const body = { name: 'scraper', role: 'reader', accounts };
      return (await world.admin.post<{ key: string }>('/api/v1/api-keys', body)).body.key;
    };
    expect((await read(await keyFor([`org:${org}`]))).status).toBe(403);
    expect((await read(await keyFor(['*']))).status).toBe(200);
    const open = await (await fetch(`${world.app.rest}/metrics`)).text();
    expect(open).not.toContain('scorpius');
  });

  it('is all that its token opens', async () => {
    const scraper = new Scorpius(world, METRICS_TOKEN);
    const answers = [await scraper.usage('acme'), await scraper.track({ org_id: 'acme', feature: 'scans' })];
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
  });
});
