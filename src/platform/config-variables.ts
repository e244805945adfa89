import { duration, durationOrNone, schedule } from './config-duration';
import { rates } from './config-rates';
import {
  address,
  certificate,
  choice,
  decimal,
  flag,
  host,
  hostOrNone,
  integer,
  integers,
  lines,
  list,
  port,
  portBesideServices,
  secret,
  size,
  text,
  type Variable,
} from './config-values';

const POSTGRES = ['postgres:', 'postgresql:'];
const WHOLE_CREDITS = { min: 0, max: 2_147_483_647 };
const WEB = ['https:', 'http:'];

/** Every variable there is, with its default; `.env.example` tells the meaning of each. */
export const VARIABLES = {
  NODE_ENV: text('development'),
  API_HOST: host('127.0.0.1'),
  API_PORT: port(8082),
  PORT: port(null),
  GRPC_HOST: host('127.0.0.1'),
  GRPC_PORT: port(9001),
  BODY_LIMIT: size('1MiB', { min: '1kB', max: '64MiB' }),
  DATABASE_URL: address(POSTGRES),
  DB_HOST: hostOrNone(),
  DB_PORT: portBesideServices(),
  DB_USERNAME: text(null),
  DB_PASSWORD: text(null),
  DB_CA_CERT: certificate(),
  DATABASE_POOL_SIZE: integer(16, { min: 2, max: 500 }),
  DATABASE_ALLOW_UNSAFE: flag(false),
  EMBEDDED_SHARED_BUFFERS: size('512MB', { min: '16MB', max: '64GB' }),
  DATA_DIR: text(null),
  REDIS_URL: address(['redis:', 'rediss:']),
  REDIS_DB: integer(0, { min: 0, max: 1023 }),
  ADMIN_API_KEY: secret(24),
  INTERNAL_API_KEY: secret(16),
  API_KEY_PEPPER: secret(32),
  ENCRYPTION_KEY: secret(32),
  ENCRYPTION_KEY_BEFORE: secret(32),
  JWT_SECRET: secret(32),
  JWT_ISSUER: text(null),
  JWT_AUDIENCE: text(null),
  JWKS_URL: address(WEB),
  STRIPE_SECRET_KEY: secret(16),
  STRIPE_WEBHOOK_SECRET: list('whsec_'),
  STRIPE_API_BASE: address(WEB),
  STRIPE_PRICE_TEAM_USD: text(null),
  STRIPE_PRICE_TEAM_EUR: text(null),
  STRIPE_PRICE_INDIVIDUAL_USD: text(null),
  STRIPE_PRICE_INDIVIDUAL_EUR: text(null),
  PRICE_COMPUTE_GB_HOUR: decimal('0.000463'),
  PRICE_BUILD_MINUTE: decimal('0.01'),
  PRICE_STORAGE_GB_MONTH: decimal('0.25'),
  PRICE_BANDWIDTH_GB: decimal('0.10'),
  EVENT_PAST_TOLERANCE: duration('35d'),
  EVENT_FUTURE_TOLERANCE: duration('5m'),
  CONTROLLER_SCHEDULE: schedule('1m'),
  RESET_USAGE_SCHEDULE: schedule('15m'),
  CREDITS_PER_MINUTE: rates(),
  DEFAULT_SPENDING_LIMIT_FOR_TEAMS: integer(0, WHOLE_CREDITS),
  DEFAULT_SPENDING_LIMIT_FOR_USERS: integer(500, WHOLE_CREDITS),
  TEST_CLOCKS: flag(null),
  GRPC_AUTH: choice('token', ['token', 'network']),
  GRPC_AUTH_ACKNOWLEDGED: flag(false),
  GRPC_TLS_CA: text(null),
  GRPC_TLS_CERT: text(null),
  GRPC_TLS_KEY: text(null),
  ROLE: choice('all', ['all', 'api', 'jobs']),
  LIMIT_THRESHOLDS: integers([80, 100], { min: 1, max: 1000 }),
  RATE_LIMIT_REQUESTS: { ...integer(1000, { min: 0, max: 10_000_000 }), whenEmpty: 0 },
  RATE_LIMIT_WINDOW: duration('1s'),
  INVOICE_GRACE: durationOrNone('1h'),
  INVOICE_PAYMENT_TERM: durationOrNone('14d'),
  INVOICE_PREFIX: text('INV-'),
  INVOICE_SELLER_NAME: text(''),
  INVOICE_SELLER_ADDRESS: lines(),
  INVOICE_SELLER_TAX_ID: text(''),
  INVOICE_FOOTER: lines(),
  INVOICE_FONT: text(null),
  RETENTION_EVENTS: duration('400d'),
  RETENTION_WINDOWS: duration('800d'),
  RETENTION_OUTBOX: duration('30d'),
  RETENTION_DELIVERIES: duration('90d'),
  REQUIRE_KNOWN_ACCOUNTS: flag(false),
  BUDGET_ALERT_URL: address(WEB),
  BUDGET_ALERT_SECRET: secret(16),
  BUDGET_ALERT_INTERVAL: schedule('15m'),
  WEBHOOK_ALLOW_PRIVATE: flag(false),
  WEBHOOK_ALLOW_HTTP: flag(false),
  METRICS_TOKEN: secret(16),
  DEBUG: flag(false),
  LOG_LEVEL: choice('info', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  OTEL_EXPORTER_OTLP_ENDPOINT: address(WEB),
} satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof VARIABLES;

/** Every variable read. */
export type Settings = {
  readonly [K in VariableName]:
    ReturnType<(typeof VARIABLES)[K]['parse']> | (typeof VARIABLES)[K]['fallback'];
};

/** Names that may be set in the environment and nowhere else. */
export const ENVIRONMENT_ONLY: readonly string[] = ['CONFIG_FILE', 'NODE_ENV'];
