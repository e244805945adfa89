import { toConfig } from './config-assembly';
import { NO_FILE, readConfigFile, type KnownNames } from './config-file';
import { conflicts } from './config-rules';
import { read } from './config-values';
import { ENVIRONMENT_ONLY, VARIABLES, type Settings, type VariableName } from './config-variables';

/** Injection token of the configuration. */
export const CONFIG = Symbol('config');

/** What one process runs with: read once at the start, checked as a whole, never changed. Durations are milliseconds. */
export interface Config {
  /** Keys of CONFIG_FILE that were understood and mean nothing here. */
  readonly withoutEffect: readonly string[];
  readonly production: boolean;
  readonly apiHost: string;
  readonly apiPort: number;
  readonly grpcHost: string;
  readonly grpcPort: number;
  /** Largest request body of a door, in bytes. */
  readonly bodyLimit: number;
  /** Null until the embedded Postgres has been started. */
  readonly databaseUrl: string | null;
  readonly databasePoolSize: number;
  /** Start although Postgres may forget what it acknowledged: for throw-away tests only. */
  readonly allowUnsafeDatabase: boolean;
  /** In bytes. */
  readonly embeddedSharedBuffers: number;
  /** An absolute path. */
  readonly dataDir: string;
  /** With the number of the database in it. */
  readonly redisUrl: string | null;
  /** Null until `completeSecrets` generated it (embedded mode). */
  readonly adminApiKey: string | null;
  readonly internalApiKey: string | null;
  /** Mixed into the stored hash of every API key, so that a stolen table alone is of no use. Empty until `completeSecrets` generated it (embedded mode). */
  readonly apiKeyPepper: string;
  /** Encrypts secrets that are stored; null = derived from the pepper. */
  readonly encryptionKey: string | null;
  /** What was encrypted before the key was changed. */
  readonly encryptionKeyBefore: string | null;
  readonly jwtSecret: string | null;
  readonly jwtIssuer: string | null;
  readonly jwtAudience: string | null;
  readonly jwksUrl: string | null;
  readonly stripeSecretKey: string | null;
  readonly stripeWebhookSecrets: readonly string[];
  readonly stripeApiBase: string | null;
  /** Ids of the prices of Stripe that subscriptions of credits are made with. */
  readonly stripePrices: { readonly team: StripePrices; readonly individual: StripePrices };
  /** Waybill's unit prices as plain decimals. */
  readonly priceComputeGbHour: string;
  readonly priceBuildMinute: string;
  readonly priceStorageGbMonth: string;
  readonly priceBandwidthGb: string;
  readonly eventPastToleranceMs: number;
  readonly eventFutureToleranceMs: number;
  /** Null = the job is off. */
  readonly controllerScheduleMs: number | null;
  readonly resetUsageScheduleMs: number | null;
  /** Credits per minute by workspace class, as the decimals that were written. */
  readonly creditsPerMinute: ReadonlyMap<string, string>;
  /** Whole credits a cost centre may spend until somebody sets a limit. */
  readonly defaultSpendingLimit: { readonly forTeams: number; readonly forUsers: number };
  readonly testClocks: boolean;
  readonly grpcAuth: 'token' | 'network';
  readonly grpcAuthAcknowledged: boolean;
  /** Paths of PEM files. */
  readonly grpcTlsCa: string | null;
  readonly grpcTlsCert: string | null;
  readonly grpcTlsKey: string | null;
  readonly role: 'all' | 'api' | 'jobs';
  /** Percent of a limit, ascending: reaching one is recorded and told, once per period. */
  readonly limitThresholds: readonly number[];
  /** Of one principal in one window; 0 = no limit. */
  readonly rateLimitRequests: number;
  readonly rateLimitWindowMs: number;
  /** How long after a period's end its invoice stays a draft, for usage that comes late. */
  readonly invoiceGraceMs: number;
  /** How long after an invoice became final it is due. */
  readonly invoicePaymentTermMs: number;
  /** What stands before the running number of an invoice. */
  readonly invoicePrefix: string;
  /** Who bills; what is empty is not shown. */
  readonly invoiceSeller: {
    readonly name: string;
    readonly address: readonly string[];
    readonly taxId: string;
    readonly footer: readonly string[];
  };
  /** Path of a font for what the built-in one lacks. */
  readonly invoiceFont: string | null;
  readonly retentionEventsMs: number;
  readonly retentionWindowsMs: number;
  /** Of messages that were delivered; others stay. */
  readonly retentionOutboxMs: number;
  /** Of webhook deliveries. */
  readonly retentionDeliveriesMs: number;
  readonly requireKnownAccounts: boolean;
  readonly budgetAlertUrl: string | null;
  readonly budgetAlertSecret: string | null;
  /** How often budgets are weighed; null = never by itself. */
  readonly budgetAlertIntervalMs: number | null;
  /** Whether webhooks may go to private, loopback and other special addresses. */
  readonly webhookAllowPrivate: boolean;
  /** Whether webhooks may go without TLS. */
  readonly webhookAllowHttp: boolean;
  readonly metricsToken: string | null;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly otelEndpoint: string | null;
}

/** Ids by currency; null = none. */
export interface StripePrices {
  readonly usd: string | null;
  readonly eur: string | null;
}

/** Everything that is wrong with a configuration, each problem beginning with the variable's name and showing no value. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

const PREFIX = 'TALLYHOUSE_';

/**
 * Reads the environment, and below it the JSON file CONFIG_FILE names, once and as a whole. Any variable may also be written
 * with the prefix TALLYHOUSE_. Throws ConfigError with all problems at once. `overrides` win over everything and are not checked.
 */
export function loadConfig(env: NodeJS.ProcessEnv, overrides: Partial<Config> = {}): Config {
  const names = Object.keys(VARIABLES) as VariableName[];
  const problems = unknownNames(env, names);
  const path = env[`${PREFIX}CONFIG_FILE`] ?? env.CONFIG_FILE;
  const told = (name: string): string | undefined => env[PREFIX + name] ?? env[name];
  const file = path ? readConfigFile(path, fileNames(names, told)) : NO_FILE;
  problems.push(...file.problems);
  const settings = Object.fromEntries(
    names.map((name) => {
      const reading = read<unknown>(VARIABLES[name], told(name) ?? file.values[name]);
      if ('value' in reading) return [name, reading.value];
      const origin = told(name) === undefined ? file.origins[name] : undefined;
      problems.push(`${name}: ${reading.problem}${origin ? ` (${origin} of CONFIG_FILE)` : ''}`);
      return [name, VARIABLES[name].fallback];
    }),
  ) as Settings;
  problems.push(...conflicts(settings).filter((problem) => !mentioned(problems, problem)));
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...toConfig(settings, file), ...overrides };
}

function fileNames(names: readonly VariableName[], told: (name: string) => string | undefined): KnownNames {
  return {
    names: names.filter((name) => !ENVIRONMENT_ONLY.includes(name)),
    isOverruled: (name) => told(name) !== undefined,
  };
}

/** A typo in a prefixed name would otherwise silently leave the default in force. */
function unknownNames(env: NodeJS.ProcessEnv, names: readonly VariableName[]): string[] {
  const known = new Set<string>([...names, ...ENVIRONMENT_ONLY]);
  const problems = [];
  for (const name of Object.keys(env).filter((candidate) => candidate.startsWith(PREFIX))) {
    const plain = name.slice(PREFIX.length);
    if (!known.has(plain)) problems.push(`${name}: is unknown`);
    else if (env[plain] !== undefined && env[plain] !== env[name])
      problems.push(`${name}: differs from ${plain}; set one of them`);
  }
  return problems;
}

/** A variable that could not be read has its own problem; what follows from its default would only confuse. */
function mentioned(problems: readonly string[], problem: string): boolean {
  const name = problem.slice(0, problem.indexOf(':'));
  return problems.some((other) => other.startsWith(`${name}:`));
}
