import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError, loadConfig, type Config } from '../../src/platform/config';
import { ENVIRONMENT_ONLY, VARIABLES } from '../../src/platform/config-variables';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Long, varied and no sample: good enough for every secret. */
const STRONG = 'kZ8-qv3TnB7xW1mR5pYc9sLd2fGh4jXa6e';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('without any setting', () => {
  it('is a complete installation on this machine', () => {
    expect(loadConfig({})).toMatchObject({
      production: false,
      apiHost: '127.0.0.1',
      apiPort: 8082,
      grpcHost: '127.0.0.1',
      grpcPort: 9001,
      bodyLimit: 1_048_576,
      databaseUrl: null,
      redisUrl: null,
      adminApiKey: null,
      dataDir: resolve(__dirname, '../../.tallyhouse'),
      priceComputeGbHour: '0.000463',
      eventPastToleranceMs: 35 * DAY,
      eventFutureToleranceMs: 5 * MINUTE,
      controllerScheduleMs: MINUTE,
      resetUsageScheduleMs: 15 * MINUTE,
      budgetAlertIntervalMs: 15 * MINUTE,
      creditsPerMinute: new Map<string, string>(),
      defaultSpendingLimit: { forTeams: 0, forUsers: 500 },
      stripePrices: { team: { usd: null, eur: null }, individual: { usd: null, eur: null } },
      testClocks: true,
      grpcAuth: 'token',
      role: 'all',
      rateLimitRequests: 1000,
      rateLimitWindowMs: 1000,
      requireKnownAccounts: false,
      logLevel: 'info',
    } satisfies Partial<Config>);
  });
});

describe('a setting', () => {
  const cases: [string, NodeJS.ProcessEnv, Partial<Config>][] = [
    ['PORT wins over API_PORT', { API_PORT: '8090', PORT: '8091' }, { apiPort: 8091 }],
    ['a prefix names the same variable', { TALLYHOUSE_API_PORT: '8090' }, { apiPort: 8090 }],
    ['nothing is as good as not set', { API_PORT: '', REDIS_URL: ' ' }, { apiPort: 8082, redisUrl: null }],
    ['an empty schedule is a job switched off', { CONTROLLER_SCHEDULE: '' }, { controllerScheduleMs: null }],
    ['durations add up', { RESET_USAGE_SCHEDULE: '1h30m' }, { resetUsageScheduleMs: 90 * MINUTE }],
    ['durations have fractions', { CONTROLLER_SCHEDULE: '0.5s' }, { controllerScheduleMs: 500 }],
    [
      'rates stay decimals',
      { CREDITS_PER_MINUTE: 'default=0.1666666667, g1-large=0.50,free=0' },
      {
        creditsPerMinute: new Map([
          ['default', '0.1666666667'],
          ['g1-large', '0.50'],
          ['free', '0'],
        ]),
      },
    ],
    [
      'limits are whole credits',
      { DEFAULT_SPENDING_LIMIT_FOR_TEAMS: '2147483647', DEFAULT_SPENDING_LIMIT_FOR_USERS: '0' },
      { defaultSpendingLimit: { forTeams: 2_147_483_647, forUsers: 0 } },
    ],
    [
      'prices of Stripe by payer and currency',
      { STRIPE_PRICE_TEAM_USD: 'price_1', STRIPE_PRICE_INDIVIDUAL_EUR: 'price_2' },
      { stripePrices: { team: { usd: 'price_1', eur: null }, individual: { usd: null, eur: 'price_2' } } },
    ],
    ['sizes are binary', { BODY_LIMIT: '2kB' }, { bodyLimit: 2048 }],
    ['production has no test clocks', { NODE_ENV: 'production' }, { testClocks: false, production: true }],
    ['production may ask for them', { NODE_ENV: 'production', TEST_CLOCKS: 'yes' }, { testClocks: true }],
    ['DEBUG is a log level', { DEBUG: '1', LOG_LEVEL: 'warn' }, { logLevel: 'debug' }],
    [
      'REDIS_DB completes the address',
      { REDIS_URL: 'redis://r:6379', REDIS_DB: '2' },
      { redisUrl: 'redis://r:6379/2' },
    ],
    [
      'the address has the last word',
      { REDIS_URL: 'redis://r/7', REDIS_DB: '2' },
      { redisUrl: 'redis://r/7' },
    ],
    ['prices stay decimals', { PRICE_BUILD_MINUTE: '0.010' }, { priceBuildMinute: '0.010' }],
    [
      'several webhook secrets',
      { STRIPE_WEBHOOK_SECRET: 'whsec_aaaabbbb, whsec_ccccdddd' },
      { stripeWebhookSecrets: ['whsec_aaaabbbb', 'whsec_ccccdddd'] },
    ],
    ['network trust on loopback', { GRPC_AUTH: 'network', GRPC_HOST: '::1' }, { grpcAuth: 'network' }],
    [
      'network trust acknowledged',
      { GRPC_AUTH: 'network', GRPC_HOST: '0.0.0.0', GRPC_AUTH_ACKNOWLEDGED: '1' },
      { grpcHost: '0.0.0.0' },
    ],
    [
      'an address has lines, written in one or in several',
      { INVOICE_SELLER_NAME: 'Acme', INVOICE_SELLER_ADDRESS: 'Street 1\\n10115 Berlin\nGermany' },
      {
        invoiceSeller: {
          ...{ name: 'Acme', taxId: '', footer: [] },
          address: ['Street 1', '10115 Berlin', 'Germany'],
        },
      },
    ],
    ['a strong secret', { JWT_SECRET: STRONG }, { jwtSecret: STRONG }],
  ];
  it.each(cases)('%s', (_, env, expected) => {
    expect(loadConfig(env)).toMatchObject(expected);
  });

  it('of the caller wins unchecked, so that a test may ask for any free port', () => {
    expect(loadConfig({ API_PORT: '8090' }, { apiPort: 0 }).apiPort).toBe(0);
  });
});

describe('a schedule', () => {
  // Milliseconds; Go's own notation, the last of them cut to the millisecond.
  const cases: [string, number][] = [
    ['15m0s', 900_000],
    ['1h', 3_600_000],
    ['1.5h', 5_400_000],
    ['2m', 120_000],
    ['500ms', 500],
    ['1000us', 1],
    ['1000\u00b5s', 1],
    ['1000\u03bcs', 1],
    ['1000000ns', 1],
    ['.5s', 500],
    ['1.s', 1_000],
    ['+10s', 10_000],
    ['1h15m30.918273645s', 4_530_918],
    ['24d', 24 * DAY],
  ];
  it.each(cases)('of %s is read as Go reads it', (text, expected) => {
    expect(loadConfig({ CONTROLLER_SCHEDULE: text }).controllerScheduleMs).toBe(expected);
    expect(loadConfig({ RESET_USAGE_SCHEDULE: text }).resetUsageScheduleMs).toBe(expected);
  });

  const refused: [string, string][] = [
    ...['90', '-5m', '5 m', 'abc', 'm', '.s', '1h-5m', '1w', '--1s', '1,5h'].map((text): [string, string] => [
      text,
      'must be a duration such as 35d, 5m, 1s or 1h30m',
    ]),
    ...['0', '0s', '0h0m'].map((text): [string, string] => [text, 'must be longer than nothing']),
    ...['1ns', '100us', '999999ns'].map((text): [string, string] => [text, 'must be at least a millisecond']),
    ['25d', 'must be at most 24d'],
    ['9999999h', 'must not be longer than 292 years'],
  ];
  it.each(refused)('of %s is refused', (text, problem) => {
    expect(problemsOf({ RESET_USAGE_SCHEDULE: text })).toEqual([`RESET_USAGE_SCHEDULE: ${problem}`]);
  });
});

describe('a bad setting stops the start', () => {
  const cases: [string, NodeJS.ProcessEnv, string][] = [
    ['port beyond the range', { API_PORT: '65536' }, 'API_PORT: must be a whole number from 1 to 65535'],
    ['port of zero', { GRPC_PORT: '0' }, 'GRPC_PORT: must be a whole number from 1 to 65535'],
    ['port in another notation', { API_PORT: '0x1F90' }, 'API_PORT: must be a whole number from 1 to 65535'],
    ['one port for two doors', { API_PORT: '9001' }, 'GRPC_PORT: must differ from the port of REST'],
    ['host with a scheme', { API_HOST: 'http://0.0.0.0' }, 'API_HOST: must be a host name or an IP address'],
    [
      'duration without unit',
      { EVENT_PAST_TOLERANCE: '35' },
      'EVENT_PAST_TOLERANCE: must be a duration such as 35d, 5m, 1s or 1h30m',
    ],
    [
      'negative duration',
      { EVENT_FUTURE_TOLERANCE: '-5m' },
      'EVENT_FUTURE_TOLERANCE: must be a duration such as 35d, 5m, 1s or 1h30m',
    ],
    ['no duration at all', { RATE_LIMIT_WINDOW: '0s' }, 'RATE_LIMIT_WINDOW: must be longer than nothing'],
    [
      'less than a millisecond',
      { RATE_LIMIT_WINDOW: '0.0001s' },
      'RATE_LIMIT_WINDOW: must be a whole number of milliseconds',
    ],
    [
      'unparseable schedule',
      { CONTROLLER_SCHEDULE: 'hourly' },
      'CONTROLLER_SCHEDULE: must be a duration such as 35d, 5m, 1s or 1h30m',
    ],
    [
      'class without a rate',
      { CREDITS_PER_MINUTE: 'default' },
      'CREDITS_PER_MINUTE: must be pairs such as default=0.1666666667, separated by commas',
    ],
    [
      'class with two rates',
      { CREDITS_PER_MINUTE: 'default=1,default=2' },
      'CREDITS_PER_MINUTE: must not name a class twice',
    ],
    [
      'negative rate',
      { CREDITS_PER_MINUTE: 'default=-1' },
      'CREDITS_PER_MINUTE: must have a plain decimal such as 0.25, with at most 15 places, for each class',
    ],
    [
      'limit below nothing',
      { DEFAULT_SPENDING_LIMIT_FOR_TEAMS: '-1' },
      'DEFAULT_SPENDING_LIMIT_FOR_TEAMS: must be a whole number from 0 to 2147483647',
    ],
    [
      'limit beyond 32 bits',
      { DEFAULT_SPENDING_LIMIT_FOR_USERS: '2147483648' },
      'DEFAULT_SPENDING_LIMIT_FOR_USERS: must be a whole number from 0 to 2147483647',
    ],
    ['size without unit', { BODY_LIMIT: '1048576' }, 'BODY_LIMIT: must be a size such as 512MB or 1MiB'],
    ['huge size', { BODY_LIMIT: '1GB' }, 'BODY_LIMIT: must be from 1kB to 64MiB'],
    ['unclear flag', { REQUIRE_KNOWN_ACCOUNTS: 'maybe' }, 'REQUIRE_KNOWN_ACCOUNTS: must be true or false'],
    ['unknown word', { ROLE: 'worker' }, 'ROLE: must be one of all, api, jobs'],
    [
      'price with exponent',
      { PRICE_BUILD_MINUTE: '1e-2' },
      'PRICE_BUILD_MINUTE: must be a plain decimal such as 0.25',
    ],
    [
      'negative price',
      { PRICE_BUILD_MINUTE: '-0.01' },
      'PRICE_BUILD_MINUTE: must be a plain decimal such as 0.25',
    ],
    [
      'other database',
      { DATABASE_URL: 'mysql://u:p@h/d', ADMIN_API_KEY: STRONG },
      'DATABASE_URL: must be an address beginning with postgres:// or postgresql://',
    ],
    ['short admin key', { ADMIN_API_KEY: 'kZ8-qv3TnB7x' }, 'ADMIN_API_KEY: must have at least 24 bytes'],
    ['short token secret', { JWT_SECRET: STRONG.slice(0, 31) }, 'JWT_SECRET: must have at least 32 bytes'],
    [
      'sample token secret',
      { JWT_SECRET: 'changeme-in-production-please-0123456789' },
      'JWT_SECRET: is a well-known sample value',
    ],
    [
      'sample internal key',
      { INTERNAL_API_KEY: 'dev-key-0123456789' },
      'INTERNAL_API_KEY: is a well-known sample value',
    ],
    [
      'repetition',
      { INTERNAL_API_KEY: 'abababababababab' },
      'INTERNAL_API_KEY: repeats too few different characters',
    ],
    [
      'one secret for two purposes',
      { ADMIN_API_KEY: STRONG, INTERNAL_API_KEY: STRONG },
      'INTERNAL_API_KEY: must differ from ADMIN_API_KEY',
    ],
    [
      'publishable Stripe key',
      { STRIPE_SECRET_KEY: 'pk_live_51Hx9QweRtZ' },
      'STRIPE_SECRET_KEY: must begin with sk_ or rk_',
    ],
    [
      'odd webhook secret',
      { STRIPE_WEBHOOK_SECRET: 'whsec_aaaabbbb,other' },
      'STRIPE_WEBHOOK_SECRET: must be one or more values beginning with whsec_, separated by commas',
    ],
    [
      'Stripe elsewhere',
      { STRIPE_API_BASE: 'https://stripe.example.org' },
      'STRIPE_API_BASE: is for a simulator on this machine and must name a loopback address',
    ],
    [
      'open key set',
      { JWKS_URL: 'http://keys.example.org' },
      'JWKS_URL: must begin with https:// unless it is on this machine',
    ],
    ['half of TLS', { GRPC_TLS_CERT: __filename }, 'GRPC_TLS_CERT: certificate and key are needed together'],
    [
      'absent file',
      { GRPC_TLS_CERT: __filename, GRPC_TLS_KEY: '/none' },
      'GRPC_TLS_KEY: there is no such file',
    ],
    [
      'unsigned alerts',
      { BUDGET_ALERT_URL: 'https://a.example.org' },
      'BUDGET_ALERT_SECRET: is required with BUDGET_ALERT_URL, alerts are always signed',
    ],
    [
      'alerts all the time',
      { BUDGET_ALERT_INTERVAL: '59s' },
      'BUDGET_ALERT_INTERVAL: must be from 1m to 24h',
    ],
    ['alerts hardly ever', { BUDGET_ALERT_INTERVAL: '25h' }, 'BUDGET_ALERT_INTERVAL: must be from 1m to 24h'],
    [
      'retention below tolerance',
      { RETENTION_EVENTS: '34d' },
      'RETENTION_EVENTS: must not be shorter than EVENT_PAST_TOLERANCE, or accepted events are dropped at once',
    ],
    [
      'retention that the database refuses',
      { RETENTION_EVENTS: '10d', EVENT_PAST_TOLERANCE: '5d' },
      'RETENTION_EVENTS: must be at least 35d',
    ],
    ['windows for a week', { RETENTION_WINDOWS: '7d' }, 'RETENTION_WINDOWS: must be at least 35d'],
    ['an outbox for an hour', { RETENTION_OUTBOX: '1h' }, 'RETENTION_OUTBOX: must be at least 1d'],
    [
      'unsafe in production',
      { NODE_ENV: 'production', DATABASE_ALLOW_UNSAFE: '1' },
      'DATABASE_ALLOW_UNSAFE: is for throw-away tests and refused with NODE_ENV=production',
    ],
    ['absent font', { INVOICE_FONT: '/none.ttf' }, 'INVOICE_FONT: there is no such file'],
    ['typo in a prefixed name', { TALLYHOUSE_API_PROT: '1' }, 'TALLYHOUSE_API_PROT: is unknown'],
    [
      'two answers',
      { TALLYHOUSE_API_PORT: '1', API_PORT: '2' },
      'TALLYHOUSE_API_PORT: differs from API_PORT; set one of them',
    ],
    ['absent file of settings', { CONFIG_FILE: '/none.json' }, 'CONFIG_FILE: cannot read /none.json'],
  ];
  it.each(cases)('%s', (_, env, problem) => {
    expect(problemsOf(env)).toEqual([problem]);
  });

  it('an external Postgres has no secrets made for it', () => {
    expect(problemsOf({ DATABASE_URL: 'postgres://u:p@h/d' })).toEqual([
      'ADMIN_API_KEY: is required with DATABASE_URL (generated only with the embedded Postgres)',
      'API_KEY_PEPPER: is required with DATABASE_URL, the same for all replicas (generated only with the embedded Postgres)',
    ]);
  });

  it('trust by network needs one of three safeguards', () => {
    expect(problemsOf({ GRPC_AUTH: 'network', GRPC_HOST: '0.0.0.0' })).toHaveLength(1);
    expect(problemsOf({ GRPC_AUTH: 'network', GRPC_HOST: 'localhost' })).toEqual([]);
  });

  it('with all problems at once and no value shown', () => {
    const env = {
      API_PORT: 'eighty',
      JWT_SECRET: 'hunter2',
      DATABASE_URL: 'mysql://root:hunter3@db/x',
      STRIPE_WEBHOOK_SECRET: 'hunter4',
      TALLYHOUSE_COLOUR: 'hunter5',
    };
    const problems = problemsOf(env);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'TALLYHOUSE_COLOUR',
      'API_PORT',
      'DATABASE_URL',
      'JWT_SECRET',
      'STRIPE_WEBHOOK_SECRET',
    ]);
    expect(new ConfigError(problems).message).toContain('The configuration has 5 problems');
    expect(new ConfigError(problems).message).not.toMatch(/hunter|eighty/);
  });
});

describe('CONFIG_FILE', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'config-'))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (content: string): string => {
    const path = join(folder, 'config.json');
    writeFileSync(path, content);
    return path;
  };

  it('carries the same names, and the environment wins', () => {
    const path = file('{"API_PORT": 8090, "GRPC_PORT": 9090, "REQUIRE_KNOWN_ACCOUNTS": true}');
    expect(loadConfig({ CONFIG_FILE: path, GRPC_PORT: '9091' })).toMatchObject({
      apiPort: 8090,
      grpcPort: 9091,
      requireKnownAccounts: true,
    });
  });

  it('lists every unknown key and every wrong value', () => {
    const path = file(
      '{"apiPort": 1, "API_PORT": {"hunter2": 1}, "ROLE": "worker", "NODE_ENV": "production"}',
    );
    expect(problemsOf({ CONFIG_FILE: path })).toEqual([
      'CONFIG_FILE: API_PORT must be a text, a number or a boolean',
      'CONFIG_FILE: unknown key "apiPort"',
      'CONFIG_FILE: unknown key "NODE_ENV"',
      'ROLE: must be one of all, api, jobs',
    ]);
  });

  it.each(['', '[]', 'null', '{"JWT_SECRET": "hunter2"', 'hunter2'])(
    'refuses %j without repeating it',
    (content) => {
      const path = file(content);
      expect(problemsOf({ CONFIG_FILE: path })).toEqual([
        `CONFIG_FILE: ${path} does not hold one JSON object`,
      ]);
    },
  );
});

describe('.env.example', () => {
  const lines = readFileSync(resolve(__dirname, '../../.env.example'), 'utf8').split('\n');
  const entries = lines.flatMap((line) => {
    const match = /^#?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    return match ? [[match[1]!, match[2]!] as const] : [];
  });

  it('names every variable once and nothing else', () => {
    const names = [...new Set([...Object.keys(VARIABLES), ...ENVIRONMENT_ONLY])];
    expect(entries.map(([name]) => name).sort()).toEqual(names.sort());
  });

  it('tells the true defaults', () => {
    expect(loadConfig(Object.fromEntries(entries))).toEqual(loadConfig({}));
  });
});
