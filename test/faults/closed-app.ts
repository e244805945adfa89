import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app';
import { Clock } from '../../src/platform/clock';
import { loadConfig } from '../../src/platform/config';

/** The service on a migrated database, without doors and jobs, at an instant at which its clock stands still. */
export async function startClosedApp(databaseUrl: string, now: string): Promise<NestFastifyApplication> {
  const app = await createApp(
    loadConfig(
      {},
      {
        ...{ databaseUrl, databasePoolSize: 4, role: 'api', logLevel: 'silent', testClocks: false },
        ...{ adminApiKey: 'Tq7-admin-key-of-a-test-run-0123456789' },
        ...{ apiKeyPepper: 'Wm4-pepper-of-a-test-run-0123456789abcdef' },
      },
    ),
  );
  await app.init();
  app.get(Clock).now = () => new Date(now);
  return app;
}
