import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, type Config } from '../../src/platform/config';
import { installerFile, missionFile } from '../support/gitpod-files';

const ADMIN_KEY = 'Tq7-admin-key-of-a-test-run-0123456789';
const PEPPER = 'Wm4-pepper-of-a-test-run-0123456789abcdef';
/** Of no use, but of the right look. */
const STRIPE_KEY = 'sk_test_51Hx9QweRtZuIoP';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-gitpod-'));
  writeFileSync(
    join(folder, 'apikeys'),
    JSON.stringify({ publishableKey: 'pk_test_x', secretKey: STRIPE_KEY }),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(content: unknown): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify(content));
  return path;
}
const load = (content: unknown, env: NodeJS.ProcessEnv = {}): Config =>
  loadConfig({ CONFIG_FILE: write(content), ...env });
function problemsOf(content: unknown, env: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    load(content, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("the original's vectors", () => {
  it('CF-1: what its installer prints is read with exactly these values', () => {
    expect(load(installerFile(join(folder, 'apikeys')))).toEqual({
      ...loadConfig({}),
      controllerScheduleMs: 120_000,
      resetUsageScheduleMs: 300_000,
      stripeSecretKey: STRIPE_KEY,
      defaultSpendingLimit: { forTeams: 1_000_000_000, forUsers: 1_000_000_000 },
      stripePrices: { team: { usd: null, eur: null }, individual: { usd: null, eur: null } },
      redisUrl: 'redis://redis.test-namespace.svc.cluster.local:6379/0',
      grpcHost: '0.0.0.0',
      grpcPort: 9001,
      creditsPerMinute: new Map(),
      withoutEffect: ['defaultSpendingLimit.minForUsersOnStripe', 'serverAddress', 'gitpodHost'],
    });
  });

  // The vector's port is the word `dbport`, which no server can listen on and which stops a start here; 5433 stands for it.
  it('CF-2: its variables of the database are an address of Postgres', () => {
    const env = {
      ...{ DB_HOST: 'dbhost', DB_PORT: '5433', DB_USERNAME: 'username', DB_PASSWORD: 'p:a/s@s word' },
      ...{ ADMIN_API_KEY: ADMIN_KEY, API_KEY_PEPPER: PEPPER, DATA_DIR: folder },
    };
    const { databaseUrl } = loadConfig(env);
    expect(databaseUrl).toBe('postgres://username:p%3Aa%2Fs%40s%20word@dbhost:5433/gitpod');
    const pem = '-----BEGIN CERTIFICATE-----\\ncacert\\n-----END CERTIFICATE-----';
    const secure = new URL(loadConfig({ ...env, DB_CA_CERT: pem }).databaseUrl!);
    expect(secure.searchParams.get('sslmode')).toBe('verify-full');
    expect(readFileSync(secure.searchParams.get('sslrootcert')!, 'utf8')).toBe(
      '-----BEGIN CERTIFICATE-----\ncacert\n-----END CERTIFICATE-----',
    );
    expect(loadConfig({ ...env, DATABASE_URL: 'postgres://u:p@h/d' }).databaseUrl).toBe('postgres://u:p@h/d');
  });

  it('CF-3: unknown keys stop the start, all listed with their path', () => {
    const file = {
      colour: 'hunter2',
      controllerSchedule: '1m',
      'redis.address': 'redis:6379',
      redis: { address: 'redis:6379', password: 'hunter2' },
      server: { services: { grpc: { adress: '0.0.0.0:9001', tls: { ca: 'x' } }, debug: {} } },
      stripePrices: { teamUsagePriceIds: { gbp: 'x' } },
      defaultSpendingLimit: { forteams: 1 },
    };
    expect(problemsOf(file)).toEqual([
      'CONFIG_FILE: unknown key "colour"',
      'CONFIG_FILE: unknown key "redis.address"',
      'CONFIG_FILE: unknown key "redis.password"',
      'CONFIG_FILE: unknown key "server.services.grpc.adress"',
      'CONFIG_FILE: unknown key "server.services.grpc.tls.ca"',
      'CONFIG_FILE: unknown key "server.services.debug"',
      'CONFIG_FILE: unknown key "stripePrices.teamUsagePriceIds.gbp"',
      'CONFIG_FILE: unknown key "defaultSpendingLimit.forteams"',
    ]);
  });

  it('CF-4, deviating by design row 26: an empty schedule is a job switched off', () => {
    const { controllerScheduleMs, resetUsageScheduleMs } = load({
      controllerSchedule: '',
      resetUsageSchedule: '',
    });
    expect([controllerScheduleMs, resetUsageScheduleMs]).toEqual([null, null]);
  });

  it('CF-5: a schedule of 1h is 3,600 s', () => {
    expect(load({ controllerSchedule: '1h' }).controllerScheduleMs).toBe(3_600_000);
  });

  // CF-6 counts the Kubernetes objects of Gitpod's installer and CF-7 looks at the volume it mounts: nothing here makes
  // objects of Gitpod, so both are void. What CF-7 is for, a key that comes as a file of a secret, is `stripeCredentialsFile`.

  it('CF-8, deviating by design row 26: an unreadable schedule stops the start', () => {
    expect(problemsOf({ resetUsageSchedule: 'abc' })).toEqual([
      'RESET_USAGE_SCHEDULE: must be a duration such as 35d, 5m, 1s or 1h30m (resetUsageSchedule of CONFIG_FILE)',
    ]);
  });
});

describe('the sample of the documentation', () => {
  it('is read as printed (design row 27)', () => {
    const file = missionFile(join(folder, 'apikeys'));
    expect(load(file)).toEqual({
      ...loadConfig({}),
      controllerScheduleMs: 60_000,
      resetUsageScheduleMs: 86_400_000,
      creditsPerMinute: new Map([
        ['default', '0.5'],
        ['large', '1'],
      ]),
      stripeSecretKey: STRIPE_KEY,
      grpcHost: '0.0.0.0',
      grpcPort: 3000,
      defaultSpendingLimit: { forTeams: 500, forUsers: 100 },
      stripePrices: {
        team: { usd: 'price_5678', eur: null },
        individual: { usd: 'price_1234', eur: null },
      },
      redisUrl: 'redis://redis:6379/0',
      withoutEffect: ['serverAddress', 'gitpodHost'],
    });
  });
});

describe('a key', () => {
  const cases: [string, unknown, Partial<Config>][] = [
    ['null is not written', { redis: null, controllerSchedule: null }, { redisUrl: null }],
    ['no host is every interface', grpc({ address: ':9002' }), { grpcHost: '0.0.0.0', grpcPort: 9002 }],
    ['an address of IPv6', grpc({ address: '[::1]:9002' }), { grpcHost: '::1', grpcPort: 9002 }],
    [
      'client certificates',
      grpc({ tls: { caPath: __filename, certPath: __filename, keyPath: __filename } }),
      { grpcTlsCa: __filename, grpcTlsCert: __filename, grpcTlsKey: __filename },
    ],
    [
      'doubles are their shortest decimal',
      { creditsPerMinuteByWorkspaceClass: { default: 0.1666666667, tiny: 1e-7, third: 1 / 3 } },
      {
        creditsPerMinute: new Map([
          ['default', '0.1666666667'],
          ['tiny', '0.0000001'],
          ['third', '0.333333333333333'],
        ]),
      },
    ],
    ['no rates', { creditsPerMinuteByWorkspaceClass: {} }, { creditsPerMinute: new Map() }],
    [
      'prices by currency',
      { stripePrices: { teamUsagePriceIds: { usd: 'price_1', eur: 'price_2' } } },
      { stripePrices: { team: { usd: 'price_1', eur: 'price_2' }, individual: { usd: null, eur: null } } },
    ],
    [
      'both shapes with one answer',
      { server: { address: '0.0.0.0', port: 9001, services: { grpc: { address: '0.0.0.0:9001' } } } },
      { grpcPort: 9001 },
    ],
    [
      'our names beside theirs',
      { API_PORT: 8090, redis: { address: 'r:1' } },
      { apiPort: 8090, redisUrl: 'redis://r:1/0' },
    ],
    ['no Stripe', { stripeCredentialsFile: '' }, { stripeSecretKey: null }],
    [
      'the HTTP service of the original',
      { server: { services: { http: { address: '0.0.0.0:9002' } } } },
      { withoutEffect: ['server.services.http.address'] },
    ],
  ];
  it.each(cases)('is read: %s', (_, file, expected) => {
    expect(load(file)).toMatchObject(expected);
  });

  const refused: [string, unknown, string][] = [
    ['schedule as a number', { controllerSchedule: 60 }, 'CONFIG_FILE: controllerSchedule must be a text'],
    ['text for an object', { redis: 'redis:6379' }, 'CONFIG_FILE: redis must be an object'],
    [
      'address without a port',
      { redis: { address: 'redis' } },
      'CONFIG_FILE: redis.address must be host:port',
    ],
    [
      'address with a scheme',
      grpc({ address: 'http://h:1' }),
      'CONFIG_FILE: server.services.grpc.address must be host:port',
    ],
    ['port as a text', { server: { port: '3000' } }, 'CONFIG_FILE: server.port must be a number'],
    [
      'rate as a text',
      { creditsPerMinuteByWorkspaceClass: { default: '0.5' } },
      'CONFIG_FILE: creditsPerMinuteByWorkspaceClass must be an object of numbers',
    ],
    [
      'class that cannot be written down',
      { creditsPerMinuteByWorkspaceClass: { 'a,b': 1 } },
      'CONFIG_FILE: creditsPerMinuteByWorkspaceClass must have classes without a comma and an equals sign',
    ],
    [
      'negative rate',
      { creditsPerMinuteByWorkspaceClass: { default: -1 } },
      'CREDITS_PER_MINUTE: must have a plain decimal such as 0.25, with at most 15 places, for each class (creditsPerMinuteByWorkspaceClass of CONFIG_FILE)',
    ],
    [
      'negative limit',
      { defaultSpendingLimit: { forTeams: -1 } },
      'DEFAULT_SPENDING_LIMIT_FOR_TEAMS: must be a whole number from 0 to 2147483647 (defaultSpendingLimit.forTeams of CONFIG_FILE)',
    ],
    [
      'absent file of credentials',
      { stripeCredentialsFile: '/none' },
      'CONFIG_FILE: stripeCredentialsFile names a file that is not usable: cannot read /none',
    ],
    [
      'something else for credentials',
      { stripeCredentialsFile: __filename },
      `CONFIG_FILE: stripeCredentialsFile names a file that is not usable: ${__filename} does not hold one JSON object`,
    ],
    [
      'two ports',
      { server: { port: 3000, services: { grpc: { address: ':9001' } } } },
      'CONFIG_FILE: server.port and server.services.grpc.address differ on GRPC_PORT; keep one of them',
    ],
    [
      'one setting under two names',
      { GRPC_PORT: 9001, server: { port: 9001 } },
      'CONFIG_FILE: GRPC_PORT and server.port say the same; keep one of them',
    ],
  ];
  it.each(refused)('is refused: %s', (_, file, problem) => {
    expect(problemsOf(file)).toEqual([problem]);
  });

  it('is overruled by the environment, which then needs no file of credentials', () => {
    const config = load(missionFile('/none'), {
      ...{ STRIPE_SECRET_KEY: 'sk_test_other51Hx9QweRt', GRPC_PORT: '9005', CREDITS_PER_MINUTE: 'default=2' },
      ...{ CONTROLLER_SCHEDULE: '' },
    });
    expect(config).toMatchObject({
      stripeSecretKey: 'sk_test_other51Hx9QweRt',
      grpcPort: 9005,
      creditsPerMinute: new Map([['default', '2']]),
      controllerScheduleMs: null,
      resetUsageScheduleMs: 86_400_000,
    });
  });

  it('of the credentials must be a secret key of Stripe', () => {
    const path = join(folder, 'empty');
    writeFileSync(path, '{"publishableKey": "pk_test_x"}');
    expect(problemsOf({ stripeCredentialsFile: path })).toEqual([
      `CONFIG_FILE: stripeCredentialsFile names ${path}, which holds no secretKey`,
    ]);
    writeFileSync(path, '{"secretKey": "pk_test_51Hx9QweRtZuIoP"}');
    expect(problemsOf({ stripeCredentialsFile: path })).toEqual([
      'STRIPE_SECRET_KEY: must begin with sk_ or rk_',
    ]);
  });
});

describe('the parts of an address', () => {
  const cases: [string, NodeJS.ProcessEnv, string][] = [
    ['a user for nowhere', { DB_USERNAME: 'u' }, 'DB_HOST: is needed with DB_USERNAME'],
    ['nobody to log in', { DB_HOST: 'h' }, 'DB_USERNAME: is needed with DB_HOST'],
    [
      'no certificate',
      { DB_HOST: 'h', DB_USERNAME: 'u', DB_CA_CERT: 'x' },
      'DB_CA_CERT: must be a certificate in PEM',
    ],
    ['a word for a port', { DB_PORT: 'dbport' }, 'DB_PORT: must be a whole number from 1 to 65535'],
  ];
  it.each(cases)('are refused: %s', (_, env, problem) => {
    expect(problemsOf({}, { ADMIN_API_KEY: ADMIN_KEY, API_KEY_PEPPER: PEPPER, ...env })).toEqual([problem]);
  });

  it('are not what Kubernetes says of a service that is called db', () => {
    expect(loadConfig({ DB_PORT: 'tcp://10.0.0.7:3306' }).databaseUrl).toBeNull();
  });

  it('are an external Postgres, which has no secrets made for it', () => {
    expect(problemsOf({}, { DB_HOST: 'h', DB_USERNAME: 'u' })).toEqual([
      'ADMIN_API_KEY: is required with DB_HOST (generated only with the embedded Postgres)',
      'API_KEY_PEPPER: is required with DB_HOST, the same for all replicas (generated only with the embedded Postgres)',
    ]);
  });
});

function grpc(service: unknown): unknown {
  return { server: { services: { grpc: service } } };
}
