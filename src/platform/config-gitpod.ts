import { formatQuantity, quantityFromDouble } from '../core/quantity';
import { objectIn, readJsonObject } from './config-json';

/** Our variables, by name, out of one key; null = the key means nothing here. Throws what is wrong, the value not in it. */
type Meaning = (
  value: unknown,
  isOverruled: (name: string) => boolean,
) => Readonly<Record<string, string>> | null;

/**
 * Every key of the original's file, written as a path: the shape its binary reads, and the one its documentation prints
 * (design row 27).
 */
const KEYS: Readonly<Record<string, Meaning>> = {
  controllerSchedule: word('CONTROLLER_SCHEDULE'),
  resetUsageSchedule: word('RESET_USAGE_SCHEDULE'),
  creditsPerMinuteByWorkspaceClass: rates,
  stripeCredentialsFile: secretKey,
  'server.services.grpc.address': listenAddress,
  'server.services.grpc.tls.caPath': word('GRPC_TLS_CA'),
  'server.services.grpc.tls.certPath': word('GRPC_TLS_CERT'),
  'server.services.grpc.tls.keyPath': word('GRPC_TLS_KEY'),
  'server.services.http.address': nothing,
  'server.services.http.tls.caPath': nothing,
  'server.services.http.tls.certPath': nothing,
  'server.services.http.tls.keyPath': nothing,
  'server.address': word('GRPC_HOST'),
  'server.port': whole('GRPC_PORT'),
  'defaultSpendingLimit.forTeams': whole('DEFAULT_SPENDING_LIMIT_FOR_TEAMS'),
  'defaultSpendingLimit.forUsers': whole('DEFAULT_SPENDING_LIMIT_FOR_USERS'),
  'defaultSpendingLimit.minForUsersOnStripe': nothing,
  'stripePrices.individualUsagePriceIds.eur': word('STRIPE_PRICE_INDIVIDUAL_EUR'),
  'stripePrices.individualUsagePriceIds.usd': word('STRIPE_PRICE_INDIVIDUAL_USD'),
  'stripePrices.teamUsagePriceIds.eur': word('STRIPE_PRICE_TEAM_EUR'),
  'stripePrices.teamUsagePriceIds.usd': word('STRIPE_PRICE_TEAM_USD'),
  'stripePrices.individualUsagePriceId': word('STRIPE_PRICE_INDIVIDUAL_USD'),
  'stripePrices.teamUsagePriceId': word('STRIPE_PRICE_TEAM_USD'),
  'redis.address': redisUrl,
  serverAddress: nothing,
  gitpodHost: nothing,
};

/** What the original's keys come to, with everything that is wrong with them. */
export interface GitpodKeys {
  readonly values: Readonly<Record<string, string>>;
  /** The path of the key each value came from. */
  readonly origins: Readonly<Record<string, string>>;
  /** Paths of keys that were understood and mean nothing here. */
  readonly withoutEffect: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Reads keys as the original's file has them, at any depth; null counts as not written. `isOverruled` says of a variable
 * that something stronger sets it, so that a file of secrets that is not needed is not asked for.
 */
export function readGitpodKeys(
  keys: Readonly<Record<string, unknown>>,
  isOverruled: (name: string) => boolean,
): GitpodKeys {
  const reader = new KeyReader(isOverruled);
  reader.read(keys, '');
  const { values, origins, withoutEffect, problems } = reader;
  return { values, origins, withoutEffect, problems };
}

class KeyReader implements GitpodKeys {
  readonly values: Record<string, string> = {};
  readonly origins: Record<string, string> = {};
  readonly withoutEffect: string[] = [];
  readonly problems: string[] = [];

  constructor(private readonly isOverruled: (name: string) => boolean) {}

  read(keys: Readonly<Record<string, unknown>>, prefix: string): void {
    for (const [key, value] of Object.entries(keys)) this.#key(key, prefix + key, value);
  }

  #key(key: string, path: string, value: unknown): void {
    const meaning = Object.hasOwn(KEYS, path) ? KEYS[path] : undefined;
    const hasKeys = Object.keys(KEYS).some((known) => known.startsWith(`${path}.`));
    // A dot in a key is no step into an object.
    if (key.includes('.') || (!meaning && !hasKeys)) this.#problem(`unknown key ${JSON.stringify(path)}`);
    else if (value === null) return;
    else if (meaning) this.#leaf(path, meaning, value);
    else if (objectIn(value)) this.read(objectIn(value)!, `${path}.`);
    else this.#problem(`${path} must be an object`);
  }

  #leaf(path: string, meaning: Meaning, value: unknown): void {
    try {
      const found = meaning(value, this.isOverruled);
      if (found === null) this.withoutEffect.push(path);
      else for (const [name, text] of Object.entries(found)) this.#set(name, text, path);
    } catch (error) {
      this.#problem(`${path} ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #set(name: string, text: string, path: string): void {
    const before = this.values[name];
    if (before && text && before !== text)
      this.#problem(`${this.origins[name]} and ${path} differ on ${name}; keep one of them`);
    this.values[name] = before || text;
    this.origins[name] = before ? this.origins[name]! : path;
  }

  #problem(sentence: string): void {
    this.problems.push(`CONFIG_FILE: ${sentence}`);
  }
}

function nothing(): null {
  return null;
}

function word(name: string): Meaning {
  return (value) => ({ [name]: textIn(value) });
}

function whole(name: string): Meaning {
  return (value) => {
    if (typeof value !== 'number') throw new Error('must be a number');
    return { [name]: String(value) };
  };
}

function textIn(value: unknown): string {
  if (typeof value !== 'string') throw new Error('must be a text');
  return value.trim();
}

/** Classes with their doubles, each read as its shortest decimal (design row 25). */
function rates(value: unknown): Record<string, string> {
  const classes = objectIn(value);
  if (!classes) throw new Error('must be an object of numbers');
  const pairs = Object.entries(classes).map(([name, rate]) => {
    if (typeof rate !== 'number') throw new Error('must be an object of numbers');
    if (!/^[^,=]*[^,=\s][^,=]*$/.test(name))
      throw new Error('must have classes without a comma and an equals sign');
    return `${name}=${formatQuantity(quantityFromDouble(rate))}`;
  });
  return { CREDITS_PER_MINUTE: pairs.join(',') };
}

/** The file the original's installer mounts from a secret; its publishable key is for browsers. */
function secretKey(value: unknown, isOverruled: (name: string) => boolean): Record<string, string> {
  const path = textIn(value);
  if (path === '' || isOverruled('STRIPE_SECRET_KEY')) return {};
  const { secretKey: key } = credentialsIn(path);
  if (typeof key !== 'string' || key === '') throw new Error(`names ${path}, which holds no secretKey`);
  return { STRIPE_SECRET_KEY: key };
}

function listenAddress(value: unknown): Record<string, string> {
  const address = textIn(value);
  if (address === '') return {};
  const { host, port } = hostAndPort(address);
  // Without a host, Go listens on every interface.
  return { GRPC_HOST: host.replace(/^\[|\]$/g, '') || '0.0.0.0', GRPC_PORT: port };
}

function redisUrl(value: unknown): Record<string, string> {
  const address = textIn(value);
  if (address === '') return {};
  const { host, port } = hostAndPort(address);
  return { REDIS_URL: `redis://${host || 'localhost'}:${port}` };
}

function hostAndPort(address: string): { host: string; port: string } {
  const match = /^(\[[0-9a-f:.]+\]|[^:/@\s]*):(\d{1,5})$/i.exec(address);
  if (!match) throw new Error('must be host:port');
  return { host: match[1]!, port: match[2]! };
}

function credentialsIn(path: string): Readonly<Record<string, unknown>> {
  try {
    return readJsonObject(path);
  } catch (error) {
    throw new Error(`names a file that is not usable: ${(error as Error).message}`, { cause: error });
  }
}
