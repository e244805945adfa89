import { randomInt } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createServer, type AddressInfo } from 'node:net';
import { createApp } from '../../src/app';
import { closeApp, openDoors } from '../../src/app-doors';
import { loadConfig, type Config } from '../../src/platform/config';
import { Seeds } from '../../src/platform/seeds';
import { createTestDatabase } from './postgres';

/** Keys of a test installation; long and varied like real ones. */
export const TEST_ADMIN_KEY = 'Tq7-admin-key-of-a-test-run-0123456789';
const TEST_PEPPER = 'Wm4-pepper-of-a-test-run-0123456789abcdef';

/** The service under test, in this process, with both doors open on free ports. */
export interface TestApp {
  /** Such as http://127.0.0.1:20123. */
  readonly rest: string;
  /** Such as 127.0.0.1:20124. */
  readonly grpc: string;
  readonly adminKey: string;
  /** Of the database, for assertions on rows. */
  readonly databaseUrl: string;
  /** For services out of the container. */
  readonly app: NestFastifyApplication;
  /** Shuts down as a signal does, and drops the database unless it was given. */
  close(): Promise<void>;
}

/**
 * Starts the service on a fresh database, or on the one `overrides.databaseUrl` names. Jobs run only when `role` asks for
 * them, so that a test decides when they do; rate limits are out of the way.
 */
export async function startTestApp(overrides: Partial<Config> = {}): Promise<TestApp> {
  const database = overrides.databaseUrl ? undefined : await createTestDatabase();
  const config = loadConfig(
    {},
    {
      apiPort: 0,
      grpcPort: await freePort(),
      databaseUrl: database?.url ?? null,
      databasePoolSize: 4,
      adminApiKey: TEST_ADMIN_KEY,
      apiKeyPepper: TEST_PEPPER,
      role: 'api',
      rateLimitRequests: 10_000_000,
      logLevel: 'error',
      ...overrides,
    },
  );
  const app = await createApp(config);
  await app.init();
  await app.get(Seeds).run();
  const doors = await openDoors(app, config);
  const close = async (): Promise<void> => {
    await closeApp(app);
    await database?.drop();
  };
  return { ...doors, adminKey: TEST_ADMIN_KEY, databaseUrl: config.databaseUrl!, app, close };
}

const PORTS_OF_A_WORKER = 2_500;
const firstPort = 20_000 + (parseInt(process.env.JEST_WORKER_ID ?? '1', 10) % 2) * PORTS_OF_A_WORKER;
let nextPort = randomInt(PORTS_OF_A_WORKER);

/**
 * gRPC is told its port, so one is looked for: below the range outgoing connections use, never the same one twice, and
 * each of the two workers in a range of its own, since a port is free until the process it is meant for has opened it.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS_OF_A_WORKER; tries++) {
    const port = firstPort + (nextPort++ % PORTS_OF_A_WORKER);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port was found');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => {
      const bound = (probe.address() as AddressInfo).port === port;
      probe.close(() => resolve(bound));
    });
  });
}
