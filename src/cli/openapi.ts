import { createApp } from '../app';
import { apiDocument } from '../app-docs';
import { loadConfig } from '../platform/config';
import { EmbeddedPostgres } from '../platform/embedded-postgres';
import { UsageError } from './usage-error';

export const OPENAPI_HELP = `tallyhouse openapi

Prints the OpenAPI document of the REST doors, which a running service has at /docs-json, out of a throw-away service:
  tallyhouse openapi > docs/api/openapi.json`;

/** Not a secret: nothing is stored with it. */
const THROW_AWAY_PEPPER = 'pepper-of-a-service-that-opens-no-door';

/** Prints the API document as it is committed. */
export async function openapi(args: readonly string[]): Promise<void> {
  if (args.length > 0) throw new UsageError(`openapi does not know ${args[0]}`, OPENAPI_HELP);
  const postgres = await EmbeddedPostgres.start({ dataDir: '', ephemeral: true, sharedBuffers: '16MB' });
  try {
    process.stdout.write(await documentOf(postgres.url()));
  } finally {
    await postgres.stop();
  }
}

async function documentOf(databaseUrl: string): Promise<string> {
  const app = await createApp(
    loadConfig({}, { databaseUrl, apiKeyPepper: THROW_AWAY_PEPPER, role: 'api', logLevel: 'error' }),
  );
  try {
    await app.init();
    return `${JSON.stringify(apiDocument(app), null, 2)}\n`;
  } finally {
    await app.close();
  }
}
