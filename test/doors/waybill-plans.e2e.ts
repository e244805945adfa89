import { type TestApp, startTestApp } from '../support/app';
import { Rest } from '../support/rest';

interface Estimate {
  compute_hourly: number;
  compute_monthly: number;
  storage_monthly: number;
  build_cost_per_build: number;
  total_monthly: number;
}

let app: TestApp;
let admin: Rest;

beforeAll(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
});
afterAll(() => app.close());

const PLANS = [
  {
    id: 'hobby',
    name: 'Hobby',
    description: 'For personal projects and experiments',
    price_monthly: 5,
    includes: {
      compute_gb_hours: 500,
      build_minutes: 500,
      storage_gb: 1,
      bandwidth_gb: 100,
      custom_domains: 1,
    },
    overage: {
      compute_per_gb_hour: 0.000463,
      build_per_minute: 0.01,
      storage_per_gb: 0.25,
      bandwidth_per_gb: 0.1,
    },
  },
  {
    id: 'pro',
    name: 'Pro',
    description: 'For production applications',
    price_monthly: 20,
    includes: {
      compute_gb_hours: 2000,
      build_minutes: 2000,
      storage_gb: 10,
      bandwidth_gb: 500,
      custom_domains: 'unlimited',
    },
    overage: {
      compute_per_gb_hour: 0.000463,
      build_per_minute: 0.01,
      storage_per_gb: 0.2,
      bandwidth_per_gb: 0.08,
    },
    features: ['Priority support', 'Team collaboration', 'Advanced metrics', 'Custom health checks'],
  },
  {
    id: 'team',
    name: 'Team',
    description: 'For teams and organizations',
    price_monthly: 50,
    includes: {
      compute_gb_hours: 5000,
      build_minutes: 5000,
      storage_gb: 50,
      bandwidth_gb: 1000,
      custom_domains: 'unlimited',
      team_members: 10,
    },
    overage: {
      compute_per_gb_hour: 0.0004,
      build_per_minute: 0.008,
      storage_per_gb: 0.15,
      bandwidth_per_gb: 0.05,
    },
    features: ['Everything in Pro', 'SSO/SAML', 'Audit logs', 'SLA guarantee', 'Dedicated support'],
  },
];

describe('GET /api/v1/plans', () => {
  it('lists the three plans as the original does', async () => {
    const { status, body } = await admin.get('/api/v1/plans');
    expect([status, body]).toEqual([200, { plans: PLANS }]);
  });

  it('shows the catalogue as it is, and of other sources nothing', async () => {
    const own = await startTestApp();
    try {
      const rest = new Rest(own.rest, own.adminKey);
      const { body: pro } = await rest.get('/api/v1/catalogue/plans/pro');
      const { is_active, version, version_id, created_at, ...plan } = pro;
      await rest.put('/api/v1/catalogue/plans/pro', {
        ...plan,
        base_fee: { model: 'flat', amount: '19.90' },
      });
      await rest.send('DELETE', '/api/v1/catalogue/plans/hobby');
      const listed = await rest.get<{ plans: (typeof PLANS)[number][] }>('/api/v1/plans');
      expect(listed.body.plans.map(({ id, price_monthly }) => [id, price_monthly])).toEqual([
        ['pro', 19.9],
        ['team', 50],
      ]);
    } finally {
      await own.close();
    }
  });

  it('TR-18: asks who is there, in the original’s words', async () => {
    const nobody = await new Rest(app.rest, null).get('/api/v1/plans');
    expect([nobody.status, nobody.body]).toEqual([401, { error: 'unauthorized' }]);
    for (const role of ['reader', 'writer']) {
      const { body } = await admin.post<{ key: string }>('/api/v1/api-keys', {
        name: role,
        role,
        accounts: ['project:a'],
      });
      expect((await new Rest(app.rest, body.key).get('/api/v1/plans')).status).toBe(200);
    }
  });
});

describe('POST /api/v1/estimate', () => {
  type Specs = Partial<
    Record<'replicas' | 'cpu_millicores' | 'memory_mb' | 'storage_gb' | 'avg_build_minutes', number>
  >;

  const amounts = ({
    compute_hourly,
    compute_monthly,
    storage_monthly,
    build_cost_per_build,
    total_monthly,
  }: Estimate) => [compute_hourly, compute_monthly, storage_monthly, build_cost_per_build, total_monthly];

  it.each<[string, Specs, number[]]>([
    [
      'W-37',
      { replicas: 2, cpu_millicores: 500, memory_mb: 1024, storage_gb: 10, avg_build_minutes: 5 },
      [0.000926, 0.66672, 2.5, 0.05, 4.66672],
    ],
    ['W-38', { replicas: 1, cpu_millicores: 4000, memory_mb: 512 }, [0.001852, 1.33344, 0, 0, 1.33344]],
    [
      'W-40',
      { replicas: 2, cpu_millicores: 500, memory_mb: 512, storage_gb: 10, avg_build_minutes: 5 },
      [0.000463, 0.33336, 2.5, 0.05, 4.33336],
    ],
    ['W-90', {}, [0, 0, 0, 0, 0]],
    ['nothing but nulls', { replicas: null } as unknown as Specs, [0, 0, 0, 0, 0]],
    ['fields it does not know', { gpus: 4 } as Specs, [0, 0, 0, 0, 0]],
  ])('%s: %j', async (_vector, specs, expected) => {
    const { status, body } = await admin.post<Estimate>('/api/v1/estimate', specs);
    expect([status, amounts(body)]).toEqual([200, expected]);
  });

  it('W-39: at the prices of the installation', async () => {
    const prices = { priceComputeGbHour: '0.001', priceBuildMinute: '0.05', priceStorageGbMonth: '0.50' };
    const dearer = await startTestApp({ ...prices, databaseUrl: app.databaseUrl });
    try {
      const specs = {
        replicas: 1,
        cpu_millicores: 1000,
        memory_mb: 1024,
        storage_gb: 5,
        avg_build_minutes: 10,
      };
      const { body } = await new Rest(dearer.rest, dearer.adminKey).post<Estimate>('/api/v1/estimate', specs);
      expect(amounts(body)).toEqual([0.001, 0.72, 2.5, 0.5, 18.22]);
    } finally {
      await dearer.close();
    }
  });

  it('echoes the specs, what is missing as 0', async () => {
    const { body } = await admin.post('/api/v1/estimate', { replicas: 2, storage_gb: 0.5 });
    expect(body['specs']).toEqual({
      replicas: 2,
      cpu_millicores: 0,
      memory_mb: 0,
      storage_gb: 0.5,
      avg_build_minutes: 0,
    });
  });

  it.each<[string, string, RegExp]>([
    ['W-41', '{"replicas":', /^body: is not valid JSON$/],
    ['W-42', '{"replicas":1.5}', /^replicas: /],
    ['text for a number', '{"storage_gb":"10"}', /^storage_gb: /],
    ['a list', '[]', /^body: /],
    ['nothing', '', /^body: /],
    ['more than there is', '{"storage_gb":1e300}', /^storage_gb: /],
  ])('%s: %s is refused in one text', async (_vector, text, expected) => {
    const answer = await fetch(`${app.rest}/api/v1/estimate`, {
      method: 'POST',
      headers: { 'x-api-key': app.adminKey, 'content-type': 'application/json' },
      body: text,
    });
    expect([answer.status, await answer.json()]).toEqual([400, { error: expect.stringMatching(expected) }]);
  });
});
