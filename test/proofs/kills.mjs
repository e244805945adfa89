import { setTimeout as sleep } from 'node:timers/promises';
import { brokenBooks, compareIds } from './books.mjs';
import { callJson, NoAnswer } from './clients.mjs';
import { Load, METERS } from './load.mjs';
import { freePorts, PostgresServer, ServiceProcess, withDatabase } from './processes.mjs';
import { Writers } from './writers.mjs';

/** What twenty kills are made of: rows 1, 2, 3 and 18 of the fault table. */
const FAULTS = { app: 6, postgres: 3, both: 5, checkpoint: 5, recovery: 1 };

const DECK = Object.entries(FAULTS).flatMap(([fault, count]) => Array(count).fill(fault));

/**
 * Kills the service and its Postgres at random moments while clients write, and looks at the books afterwards. Ends when
 * both numbers are reached.
 */
export async function proveKills({ kills, events, random, isSource, log, pauseMs = 400 }) {
  const world = await openWorld(isSource);
  const load = new Load(random);
  const writers = new Writers({ load, random, services: world.services });
  const started = performance.now();
  try {
    await makeMeters(world.services[0]);
    writers.start({ singles: 6, batches: 3, calls: 2 });
    const killer = new Killer(world, random);
    for (let i = 0; i < kills || load.acknowledged < events; i++) {
      await progress(load, (events * i) / Math.max(kills, 1), random.below(pauseMs));
      if (i < kills) await killer.strike();
      else await sleep(200);
      if ((i + 1) % 20 === 0)
        log(`${Math.min(i + 1, kills)} kills, ${load.acknowledged} events acknowledged`);
    }
    await killer.settle();
    await writers.finish();
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    const { figures, wrong } = writers;
    const crashes = world.services.flatMap((service) => service.crashes);
    return { seconds, ...killer.figures(), ...figures, ...(await books(world, load)), wrong, crashes };
  } finally {
    await world.close();
  }
}

/** Two processes of the service in front of one Postgres, so that a retry meets another process than the first try. */
async function openWorld(isSource) {
  const postgres = await PostgresServer.start();
  const ports = await freePorts(4);
  const services = [0, 1].map(
    (i) =>
      new ServiceProcess({
        isSource,
        databaseUrl: postgres.url,
        restPort: ports[i * 2],
        grpcPort: ports[i * 2 + 1],
      }),
  );
  const close = async () => {
    await Promise.all(services.map((service) => service.kill()));
    await postgres.stop();
  };
  try {
    await services[0].start();
    await services[1].start();
  } catch (error) {
    await close();
    throw error;
  }
  return { postgres, services, close };
}

async function makeMeters(service) {
  for (const [key, meter] of Object.entries(METERS)) {
    const { status, text } = await callJson(service.rest, {
      method: 'PUT',
      path: `/api/v1/meters/${key}`,
      body: { unit: 'units', ...meter },
    });
    if (status !== 200) throw new Error(`meter ${key}: ${status} ${text}`);
  }
}

/** Waits for the load to come as far as it should, and then a little. */
async function progress(load, target, pauseMs) {
  const before = load.acknowledged;
  const deadline = performance.now() + 30_000;
  while (load.acknowledged < target || load.acknowledged === before) {
    if (performance.now() > deadline) throw new Error(`nothing was acknowledged after ${before} events`);
    await sleep(10);
  }
  await sleep(pauseMs);
}

/** Kills, and starts again what does not start by itself. */
class Killer {
  #world;
  #random;
  #strikes = Object.fromEntries(Object.keys(FAULTS).map((name) => [name, 0]));
  #recoveries = [];
  #deck = [];
  #starting = new Map();

  constructor(world, random) {
    this.#world = world;
    this.#random = random;
  }

  async strike() {
    if (this.#deck.length === 0) this.#deck = this.#random.shuffled(DECK);
    const fault = this.#deck.pop();
    this.#strikes[fault] += 1;
    await this[fault]();
  }

  app() {
    return this.#killService();
  }

  async postgres() {
    await this.#killPostgres();
  }

  async both() {
    await Promise.all([this.#killService(), this.#killPostgres()]);
  }

  /** In the middle of a checkpoint, so that recovery begins at the one before. */
  async checkpoint() {
    const forced = withDatabase(this.#world.postgres.url, (client) => client.query('checkpoint'));
    await Promise.race([forced.catch(() => undefined), sleep(this.#random.below(60))]);
    await this.#killPostgres();
    await forced.catch(() => undefined);
  }

  /** Once more while it recovers. */
  async recovery() {
    this.#world.postgres.kill();
    await sleep(this.#random.between(20, 400));
    await this.#killPostgres();
  }

  async #killPostgres() {
    this.#world.postgres.kill();
    this.#recoveries.push(await this.#world.postgres.untilAnswering());
  }

  /** Which of the two is killed is chance; it may be one that is still starting. */
  async #killService() {
    const running = this.#world.services.filter((service) => service.isOpen);
    const service = this.#random.pick(
      running.length > 0 && this.#random.chance(0.8) ? running : this.#world.services,
    );
    await service.kill();
    const before = this.#starting.get(service);
    this.#starting.set(
      service,
      Promise.resolve(before).then(() => service.start().catch((error) => error)),
    );
  }

  /** Waits until everything is up again. */
  async settle() {
    for (const failure of await Promise.all(this.#starting.values())) if (failure) throw failure;
  }

  figures() {
    const sorted = [...this.#recoveries].sort((a, b) => a - b);
    return {
      kills: Object.values(this.#strikes).reduce((sum, count) => sum + count, 0),
      faults: this.#strikes,
      starts: total(this.#world.services, 'starts'),
      failedStarts: total(this.#world.services, 'failedStarts'),
      recoveryMsMedian: sorted[sorted.length >> 1] ?? 0,
      recoveryMsMax: sorted.at(-1) ?? 0,
    };
  }
}

function total(services, name) {
  return services.reduce((sum, service) => sum + service[name], 0);
}

function ignoreNoAnswer(error) {
  if (!(error instanceof NoAnswer)) throw error;
}

async function books({ postgres, services }, load) {
  return withDatabase(postgres.url, async (client) => {
    const started = performance.now();
    for (;;) {
      const { rows } = await client.query('select count(*)::int as n from work_mark');
      if (rows[0].n === 0) break;
      if (performance.now() - started > 300_000) throw new Error(`${rows[0].n} work marks are left over`);
      // Reading usage rolls up what is left, so nobody has to wait for the job; it goes on when the reader gives up waiting.
      await callJson(services[0].rest, {
        method: 'GET',
        path: '/api/v1/meters/proof_sum/usage?account=org:proof-1',
      }).catch(ignoreNoAnswer);
      await sleep(50);
    }
    const ids = await compareIds(client, load.sent);
    return { ...ids, broken: await brokenBooks(client) };
  });
}
