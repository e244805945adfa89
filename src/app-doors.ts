import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { bracketed, grpcAddress } from './app';
import type { Config } from './platform/config';
import { Readiness } from './platform/readiness';

/** Where the doors of a running process are. */
export interface OpenDoors {
  readonly rest: string;
  readonly grpc: string;
}

/** How long requests under way may take to finish after the doors have closed. */
const DRAIN_MS = 15_000;
const SWEEP_MS = 50;

/** Opens gRPC, then REST, and only then says that this process wants traffic. Throws a sentence when a port is taken. */
export async function openDoors(app: NestFastifyApplication, config: Config): Promise<OpenDoors> {
  await explain(app.startAllMicroservices(), `GRPC_PORT: ${grpcAddress(config)}`);
  await explain(app.listen(config.apiPort, config.apiHost), `API_PORT: ${config.apiHost}:${config.apiPort}`);
  app.get(Readiness).open();
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { rest: `http://${bracketed(config.apiHost)}:${port}`, grpc: grpcAddress(config) };
}

/**
 * Shuts down in the order that loses nothing: say "not ready", accept no more, let what is under way finish, then the
 * shutdown hooks flush committers and close connections. After 15 seconds whatever still runs is cut off.
 */
export async function closeApp(app: NestFastifyApplication): Promise<void> {
  app.get(Readiness).drain();
  // A connection kept alive after its last answer would hold up the end until its client leaves it.
  const sweep = setInterval(() => app.getHttpServer().closeIdleConnections(), SWEEP_MS);
  const doors = Promise.all([
    app.getHttpAdapter().close(),
    ...app.getMicroservices().map((one) => one.close()),
  ]);
  const late = await Promise.race([doors.then(() => false), sleep(DRAIN_MS, true, { ref: false })]);
  clearInterval(sweep);
  if (late) cutOff(app);
  await app.close();
}

/** Streams that never end, and clients that never read, must not keep the process. */
function cutOff(app: NestFastifyApplication): void {
  app.getHttpServer().closeAllConnections();
  for (const microservice of app.getMicroservices()) {
    microservice.unwrap<{ forceShutdown(): void } | null>()?.forceShutdown();
  }
}

async function explain(opening: Promise<unknown>, where: string): Promise<void> {
  try {
    await opening;
  } catch (error) {
    const taken = error instanceof Error && /EADDRINUSE|No address added/.test(error.message);
    throw taken ? new Error(`${where} is in use by another program`) : error;
  }
}
