import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Stripe from 'stripe';
import { StripeApi, type Outcome } from './api';
import { Chance } from './chance';
import { Control } from './control';
import { answerControl } from './control-api';
import { ContractLog } from './contract-log';
import { Faults } from './faults';
import { RateLimiter, type RateLimits } from './rate-limit';
import { watchForSearch } from './search-index';
import { SimulatedClock } from './simulated-clock';
import { Webhooks } from './webhooks';
import { DEFAULT_SETTINGS, World, type WorldSettings } from './world';

/** How a simulator starts. */
export interface SimulatorOptions extends Partial<WorldSettings> {
  /** 0 lets the machine choose. */
  port?: number;
  /** Unix seconds at which its clock stands; without it the clock runs with the machine's. */
  now?: number;
  /** Repeats faults and shuffles. */
  seed?: number;
  rateLimits?: RateLimits;
  /** File that every request is appended to. */
  contractFile?: string;
}

/** A Stripe of our own on 127.0.0.1, which Stripe's own SDK talks to. */
export class StripeSimulator {
  static readonly key = 'sk_test_simulator';

  private constructor(
    private readonly server: Server,
    readonly port: number,
    /** Everything a test may do to Stripe and its world. */
    readonly control: Control,
    private readonly api: StripeApi,
  ) {}

  static async start(options: SimulatorOptions = {}): Promise<StripeSimulator> {
    const { port = 0, now, seed = 1, rateLimits, contractFile, ...settings } = options;
    const world = new World(new SimulatedClock(now ?? null), { ...DEFAULT_SETTINGS, ...settings });
    watchForSearch(world);
    const api = new StripeApi(world, new Faults(new Chance(seed)), new ContractLog(contractFile ?? null));
    if (rateLimits) api.limiter = new RateLimiter(rateLimits);
    const control = new Control(world, api, new Webhooks(world, new Chance(seed + 1)));
    const server = createServer({ keepAliveTimeout: 60_000 });
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(port, '127.0.0.1', listening);
    });
    const simulator = new StripeSimulator(server, (server.address() as AddressInfo).port, control, api);
    server.on('request', (request, response) => void simulator.#take(request, response));
    return simulator;
  }

  /** What `new Stripe(key, ...)` needs to talk to this simulator. */
  get clientConfig(): Stripe.StripeConfig {
    return { host: '127.0.0.1', port: this.port, protocol: 'http', telemetry: false };
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    await this.control.webhooks.settled();
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request).catch(() => null);
    if (body === null) return;
    const url = new URL(request.url!, this.url);
    const method = request.method!;
    const wire = { method, path: url.pathname, query: url.search.slice(1), body, headers: request.headers };
    const controls = url.pathname.startsWith('/_control');
    try {
      const headers = wire.headers as Record<string, string | undefined>;
      send(
        response,
        controls ? await answerControl(this.control, wire) : await this.api.answer({ ...wire, headers }),
      );
    } catch (error) {
      // A mistake of the simulator's own is said in words, so that it is not taken for a fault that was asked for.
      const message = `The simulator itself failed: ${(error as Error).stack}`;
      send(response, {
        status: 500,
        body: { error: { type: 'api_error', message } },
        headers: { 'stripe-should-retry': 'false' },
      });
    }
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, outcome: Outcome): void {
  if (outcome === 'reset') return void response.socket?.resetAndDestroy();
  if (outcome === 'closed') return void response.socket?.destroy();
  response.writeHead(outcome.status, { 'content-type': 'application/json', ...outcome.headers });
  response.end(JSON.stringify(outcome.body));
}
