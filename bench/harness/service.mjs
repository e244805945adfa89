import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCOUNTS, eventMaker } from './events.mjs';
import { HttpClient } from './http-client.mjs';
import { DIST } from './paths.mjs';
import { freePort } from './ports.mjs';
import { NodeProcess } from './process.mjs';

const BATCH = 1000;

/** As `npm start` runs it, and such as --cpu-prof, to look into the service under load. */
const NODE_FLAGS = ['--max-semi-space-size=64', ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? [])];

/** Keys of a throw-away installation on loopback; they guard nothing. */
export const ADMIN_KEY = 'Kf3-admin-key-of-a-bench-run-0123456789';
const PEPPER = 'Zt8-pepper-of-a-bench-run-0123456789abcdef';

/** What the service is told; everything else is its default. */
export async function serviceSettings(databaseUrl) {
  return {
    DATABASE_URL: databaseUrl,
    ADMIN_API_KEY: ADMIN_KEY,
    API_KEY_PEPPER: PEPPER,
    API_PORT: String(await freePort()),
    GRPC_PORT: String(await freePort()),
    RATE_LIMIT_REQUESTS: '10000000',
  };
}

/** The service itself: its own process, real authentication, metrics and jobs on. */
export class Service {
  #process;

  static async start(databaseUrl, role = 'all') {
    const settings = { ...(await serviceSettings(databaseUrl)), ROLE: role };
    const service = new Service(settings);
    await service.#process.ready(() => service.#isReady());
    return service;
  }

  constructor(settings) {
    this.#process = new NodeProcess({
      file: join(DIST, 'main.js'),
      flags: NODE_FLAGS,
      env: settings,
      cwd: tmpdir(),
    });
    this.base = `http://127.0.0.1:${settings.API_PORT}`;
    this.admin = new HttpClient({ base: this.base, key: ADMIN_KEY });
  }

  cpu() {
    return this.#process.cpu();
  }

  /** What it wrote so far; failures of its own stand there. */
  get output() {
    return this.#process.output;
  }

  async #isReady() {
    try {
      await this.admin.get('/ready');
      return true;
    } catch {
      return false;
    }
  }

  /** Lets this process meet every account once, as one that has run for a while has; says how many events that took. */
  async meetAccounts() {
    let account = 0;
    const next = eventMaker({ seed: 7, account: () => account++ });
    for (let sent = 0; sent < ACCOUNTS; sent += BATCH) {
      await this.admin.send('POST', '/api/v1/events', { events: Array.from({ length: BATCH }, next) });
    }
    return ACCOUNTS;
  }

  async stop() {
    this.admin.close();
    await this.#process.stop();
  }
}
