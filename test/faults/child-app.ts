import { readFileSync } from 'node:fs';
import { freePort, TEST_ADMIN_KEY } from '../support/app';
import { createTestDatabase } from '../support/postgres';
import { TestProcess } from '../support/processes';

const PEPPER = 'Wm4-pepper-of-a-test-run-0123456789abcdef';

/** The service as a process of its own: its memory can be looked at, and a failure nobody heard ends it. */
export interface ChildApp {
  readonly rest: string;
  readonly adminKey: string;
  readonly databaseUrl: string;
  readonly process: TestProcess;
  /** Memory it holds now, in MiB. */
  residentMiB(): number;
  /** Ends it as a supervisor would; throws when it has ended by itself before. */
  close(): Promise<void>;
}

/** Starts the service on a fresh database, or on the one `DATABASE_URL` in `env` names. */
export async function startChildApp(env: NodeJS.ProcessEnv = {}): Promise<ChildApp> {
  const database = env.DATABASE_URL ? undefined : await createTestDatabase();
  const [api, grpc] = [await freePort(), await freePort()];
  const child = new TestProcess('src/main.ts', [], {
    API_PORT: String(api),
    GRPC_PORT: String(grpc),
    DATABASE_URL: database?.url,
    ADMIN_API_KEY: TEST_ADMIN_KEY,
    API_KEY_PEPPER: PEPPER,
    RATE_LIMIT_REQUESTS: '10000000',
    LOG_LEVEL: 'error',
    ...env,
  });
  await child.says(/Tallyhouse is open/);
  const close = async (): Promise<void> => {
    const crash = await Promise.race([child.exited, Promise.resolve(null)]);
    child.kill('SIGTERM');
    const code = await child.exited;
    await database?.drop();
    if (crash !== null || code !== 0)
      throw new Error(`ended with ${crash ?? code}:\n${child.output.slice(-4_000)}`);
  };
  return {
    rest: `http://127.0.0.1:${api}`,
    adminKey: TEST_ADMIN_KEY,
    databaseUrl: database?.url ?? env.DATABASE_URL!,
    process: child,
    residentMiB: () => residentMiB(child.pid),
    close,
  };
}

function residentMiB(pid: number): number {
  const kiB = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
  return Math.round(parseInt(kiB, 10) / 1024);
}
