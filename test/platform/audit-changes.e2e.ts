import { CatalogueSeed } from '../../src/pricing/catalogue.seed';
import { startTestApp, type TestApp } from '../support/app';
import { Rest } from '../support/rest';

interface Entry {
  account: string | null;
  actor: string;
  action: string;
  subject: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

let app: TestApp;
let admin: Rest;
beforeAll(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
});
afterAll(() => app.close());

/** Entries of a subject, oldest first. */
async function trail(subject: string): Promise<Entry[]> {
  const { body } = await admin.get<{ items: Entry[] }>('/api/v1/audit?limit=500');
  return body.items.filter((entry) => entry.subject === subject).reverse();
}

const said = (entries: readonly Entry[]): string[] =>
  entries.map(({ action, actor }) => `${action} ${actor}`);

describe('PUT /api/v1/accounts/{key}', () => {
  const path = '/api/v1/accounts/org%3Aacme';

  it('leaves an entry of who made it and who renamed it, and none of a repeat', async () => {
    const { body } = await admin.post<{ id: string; key: string }>('/api/v1/api-keys', {
      ...{ name: 'onboarding', scopes: ['accounts:write'], accounts: ['org:*'] },
    });
    const onboarding = new Rest(app.rest, body.key);
    const berlin = { name: 'Acme', time_zone: 'Europe/Berlin' };
    for (let time = 1; time <= 2; time++) expect((await onboarding.put(path, berlin)).status).toBe(200);
    const renamed = { ...berlin, name: 'Acme Ltd' };
    for (let time = 1; time <= 2; time++) expect((await admin.put(path, renamed)).status).toBe(200);
    expect((await admin.put(path, { ...berlin, name: null })).body).toMatchObject({ name: null });
    const entries = await trail('account:org:acme');
    expect(said(entries)).toEqual([
      `account.created api-key:${body.id}`,
      'account.renamed admin',
      'account.renamed admin',
    ]);
    expect(entries.map(({ account }) => account)).toEqual(['org:acme', 'org:acme', 'org:acme']);
    expect(entries[0]).toMatchObject({
      before: null,
      after: {
        key: 'org:acme',
        name: 'Acme',
        interval: 'month',
        interval_count: 1,
        time_zone: 'Europe/Berlin',
      },
    });
    expect(entries.slice(1).map(({ before, after }) => [before, after])).toEqual([
      [{ name: 'Acme' }, { name: 'Acme Ltd' }],
      [{ name: 'Acme Ltd' }, { name: null }],
    ]);
  });

  it('that is refused leaves none, and changes nothing', async () => {
    const before = (await admin.get(path)).body;
    expect((await admin.put(path, { name: 'Other', time_zone: 'UTC' })).status).toBe(409);
    expect((await admin.get(path)).body).toEqual(before);
    expect(await trail('account:org:acme')).toHaveLength(3);
  });

  it('from many at once is told as it happened: each entry begins where the one before it ended', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const many = '/api/v1/accounts/org%3Amany';
    const answers = await Promise.all(names.map((name) => admin.put(many, { name })));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const [first, ...others] = await trail('account:org:many');
    expect(said([first!])).toEqual(['account.created admin']);
    let name = first!.after!['name'];
    for (const { action, before, after } of others) {
      expect([action, before]).toEqual(['account.renamed', { name }]);
      name = after!['name'];
    }
    expect((await admin.get(many)).body).toMatchObject({ name });
  });
});

describe('the catalogue of plans', () => {
  const path = '/api/v1/catalogue/plans/starter';
  const fee = (amount: string) => ({ base_fee: { model: 'flat', amount } });
  const starter = { name: 'Starter', currency: 'USD', ...fee('9') };

  it('leaves an entry of what was made, said in other words, priced anew and retired, and none of a repeat', async () => {
    const twice = async (body: object): Promise<void> => {
      for (let time = 1; time <= 2; time++) expect((await admin.put(path, body)).status).toBe(200);
    };
    await twice(starter);
    await twice({ ...starter, name: 'Start' });
    await twice({ ...starter, name: 'Start', ...fee('12') });
    for (let time = 1; time <= 2; time++) expect((await admin.send('DELETE', path)).status).toBe(204);
    await twice({ ...starter, name: 'Start', ...fee('12') });
    const entries = await trail('plan:starter');
    expect(said(entries)).toEqual([
      'plan.created admin',
      'plan.relabelled admin',
      'plan.version-appended admin',
      'plan.retired admin',
      'plan.relabelled admin',
    ]);
    const short = (plan: Entry['before']): unknown =>
      plan && [
        plan['name'],
        (plan['base_fee'] as { amount: string }).amount,
        plan['version'],
        plan['is_active'],
      ];
    expect(entries.map(({ before, after }) => [short(before), short(after)])).toEqual([
      [null, ['Starter', '9', 1, true]],
      [
        ['Starter', '9', 1, true],
        ['Start', '9', 1, true],
      ],
      [
        ['Start', '9', 1, true],
        ['Start', '12', 2, true],
      ],
      [
        ['Start', '12', 2, true],
        ['Start', '12', 2, false],
      ],
      [
        ['Start', '12', 2, false],
        ['Start', '12', 2, true],
      ],
    ]);
  });

  it('that is refused leaves no entry', async () => {
    const prices = { nothing: { model: 'per_unit', unit_amount: '1' } };
    expect((await admin.put('/api/v1/catalogue/plans/bad', { ...starter, prices })).status).toBe(400);
    expect(await trail('plan:bad')).toEqual([]);
  });
});

describe('what is built in', () => {
  it('was made by the seed, once', async () => {
    for (let time = 1; time <= 2; time++) await app.app.get(CatalogueSeed).run();
    expect(said(await trail('plan:hobby'))).toEqual(['plan.created seed']);
    const [meter, ...others] = await trail('meter:storage_gb_hours');
    expect(others).toEqual([]);
    expect(meter).toMatchObject({
      ...{ action: 'meter.created', actor: 'seed', before: null },
      after: { key: 'storage_gb_hours', aggregation: 'gauge_integral', divideBy: '3600000' },
    });
  });
});
