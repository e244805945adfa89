import { join, resolve } from 'node:path';
import { databaseUrlOf } from './config-database';
import type { Settings } from './config-variables';
import { packageRoot } from './package-root';

/** What a process runs with, out of variables that were read and checked. */
export function toConfig(s: Settings, { withoutEffect }: { readonly withoutEffect: readonly string[] }) {
  const dataDir = s.DATA_DIR ? resolve(s.DATA_DIR) : join(packageRoot(), '.tallyhouse');
  const production = s.NODE_ENV === 'production';
  return {
    production,
    apiHost: s.API_HOST,
    apiPort: s.PORT ?? s.API_PORT,
    ...grpcConfig(s),
    bodyLimit: s.BODY_LIMIT,
    withoutEffect,
    databaseUrl: databaseUrlOf(s, dataDir),
    databasePoolSize: s.DATABASE_POOL_SIZE,
    allowUnsafeDatabase: s.DATABASE_ALLOW_UNSAFE,
    embeddedSharedBuffers: s.EMBEDDED_SHARED_BUFFERS,
    dataDir,
    redisUrl: withDatabaseNumber(s.REDIS_URL, s.REDIS_DB),
    adminApiKey: s.ADMIN_API_KEY,
    internalApiKey: s.INTERNAL_API_KEY,
    apiKeyPepper: s.API_KEY_PEPPER ?? '',
    encryptionKey: s.ENCRYPTION_KEY,
    encryptionKeyBefore: s.ENCRYPTION_KEY_BEFORE,
    jwtSecret: s.JWT_SECRET,
    jwtIssuer: s.JWT_ISSUER,
    jwtAudience: s.JWT_AUDIENCE,
    jwksUrl: s.JWKS_URL,
    stripeSecretKey: s.STRIPE_SECRET_KEY,
    stripeWebhookSecrets: s.STRIPE_WEBHOOK_SECRET,
    stripeApiBase: s.STRIPE_API_BASE,
    priceComputeGbHour: s.PRICE_COMPUTE_GB_HOUR,
    priceBuildMinute: s.PRICE_BUILD_MINUTE,
    priceStorageGbMonth: s.PRICE_STORAGE_GB_MONTH,
    priceBandwidthGb: s.PRICE_BANDWIDTH_GB,
    eventPastToleranceMs: s.EVENT_PAST_TOLERANCE,
    eventFutureToleranceMs: s.EVENT_FUTURE_TOLERANCE,
    testClocks: s.TEST_CLOCKS ?? !production,
    role: s.ROLE,
    limitThresholds: s.LIMIT_THRESHOLDS,
    rateLimitRequests: s.RATE_LIMIT_REQUESTS,
    rateLimitWindowMs: s.RATE_LIMIT_WINDOW,
    ...invoiceConfig(s),
    ...creditConfig(s),
    retentionEventsMs: s.RETENTION_EVENTS,
    retentionWindowsMs: s.RETENTION_WINDOWS,
    retentionOutboxMs: s.RETENTION_OUTBOX,
    retentionDeliveriesMs: s.RETENTION_DELIVERIES,
    requireKnownAccounts: s.REQUIRE_KNOWN_ACCOUNTS,
    budgetAlertUrl: s.BUDGET_ALERT_URL,
    budgetAlertSecret: s.BUDGET_ALERT_SECRET,
    budgetAlertIntervalMs: s.BUDGET_ALERT_INTERVAL,
    webhookAllowPrivate: s.WEBHOOK_ALLOW_PRIVATE,
    webhookAllowHttp: s.WEBHOOK_ALLOW_HTTP,
    metricsToken: s.METRICS_TOKEN,
    logLevel: s.DEBUG ? ('debug' as const) : s.LOG_LEVEL,
    otelEndpoint: s.OTEL_EXPORTER_OTLP_ENDPOINT,
  };
}

function grpcConfig(s: Settings) {
  return {
    grpcHost: s.GRPC_HOST,
    grpcPort: s.GRPC_PORT,
    grpcAuth: s.GRPC_AUTH,
    grpcAuthAcknowledged: s.GRPC_AUTH_ACKNOWLEDGED,
    grpcTlsCa: s.GRPC_TLS_CA,
    grpcTlsCert: s.GRPC_TLS_CERT,
    grpcTlsKey: s.GRPC_TLS_KEY,
  };
}

function invoiceConfig(s: Settings) {
  return {
    invoiceGraceMs: s.INVOICE_GRACE,
    invoicePaymentTermMs: s.INVOICE_PAYMENT_TERM,
    invoicePrefix: s.INVOICE_PREFIX ?? '',
    invoiceSeller: sellerOf(s),
    invoiceFont: s.INVOICE_FONT,
  };
}

function creditConfig(s: Settings) {
  return {
    controllerScheduleMs: s.CONTROLLER_SCHEDULE,
    resetUsageScheduleMs: s.RESET_USAGE_SCHEDULE,
    creditsPerMinute: s.CREDITS_PER_MINUTE,
    defaultSpendingLimit: {
      forTeams: s.DEFAULT_SPENDING_LIMIT_FOR_TEAMS,
      forUsers: s.DEFAULT_SPENDING_LIMIT_FOR_USERS,
    },
    stripePrices: {
      team: { usd: s.STRIPE_PRICE_TEAM_USD, eur: s.STRIPE_PRICE_TEAM_EUR },
      individual: { usd: s.STRIPE_PRICE_INDIVIDUAL_USD, eur: s.STRIPE_PRICE_INDIVIDUAL_EUR },
    },
  };
}

function sellerOf(s: Settings) {
  const { INVOICE_SELLER_NAME: name, INVOICE_SELLER_ADDRESS: address, INVOICE_SELLER_TAX_ID: taxId } = s;
  return { name, address, taxId, footer: s.INVOICE_FOOTER };
}

/** REDIS_DB counts only where the address names no database itself. */
function withDatabaseNumber(address: string | null, database: number): string | null {
  if (!address) return null;
  const url = new URL(address);
  if (url.pathname.length <= 1) url.pathname = `/${database}`;
  return url.toString();
}
