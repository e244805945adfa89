import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config';

/** Secrets an installation made for itself, by name. */
type GeneratedSecrets = Readonly<Record<string, string>>;

/** Where generated secrets are kept. */
export function secretsFile(dataDir: string): string {
  return join(dataDir, 'secrets.json');
}

export interface CompleteSecrets {
  readonly config: Config;
  /** Whether this start made the admin key: the one time it is shown. */
  readonly adminKeyIsNew: boolean;
}

/**
 * Fills in the secrets the environment did not give, out of `DATA_DIR/secrets.json`, or made new. An ephemeral
 * installation keeps them in memory only. Only called with the embedded Postgres: an external one demands its own.
 */
export function completeSecrets(config: Config, ephemeral: boolean): CompleteSecrets {
  const take = (name: string) =>
    ephemeral ? { value: newSecret(), isNew: true } : generatedSecret(config.dataDir, name);
  const admin =
    config.adminApiKey === null ? take('adminApiKey') : { value: config.adminApiKey, isNew: false };
  const pepper = config.apiKeyPepper === '' ? take('apiKeyPepper').value : config.apiKeyPepper;
  return {
    config: { ...config, adminApiKey: admin.value, apiKeyPepper: pepper },
    adminKeyIsNew: admin.isNew,
  };
}

/** The named secret out of `DATA_DIR/secrets.json` (mode 600), made and stored durably when it is not there yet. */
export function generatedSecret(dataDir: string, name: string): { value: string; isNew: boolean } {
  const known = readSecrets(dataDir);
  const existing = known[name];
  if (existing !== undefined) return { value: existing, isNew: false };
  const value = newSecret();
  writeSecrets(dataDir, { ...known, [name]: value });
  return { value, isNew: true };
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function readSecrets(dataDir: string): GeneratedSecrets {
  const path = secretsFile(dataDir);
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as GeneratedSecrets;
  } catch {
    throw new Error(`${path} cannot be read as JSON; restore it, or remove DATA_DIR to begin anew`);
  }
}

/** Written beside and renamed, so that a crash leaves the old file or the new one, never half of one. */
function writeSecrets(dataDir: string, secrets: GeneratedSecrets): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const path = secretsFile(dataDir);
  const file = openSync(`${path}.new`, 'w', 0o600);
  writeSync(file, `${JSON.stringify(secrets, null, 2)}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
}
