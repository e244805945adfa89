import { setTimeout as sleep } from 'node:timers/promises';
import { NAIVE_TABLES, warmNaiveCounters } from '../fixtures/naive-tables.mjs';
import { ACCOUNTS, METERS, eventMaker } from './events.mjs';
import { Service } from './service.mjs';

const BATCH = 1000;
const MARKS_PATIENCE_MS = 300_000;
export const TEMPLATE = 'bench_template';

/**
 * The database every case starts from: eight sum meters, ten thousand accounts, an API key, and a counter for every
 * account and meter, as in the middle of a month. The naive server's tables are in the same state.
 */
export async function buildTemplate(postgres) {
  await postgres.createMigrated(TEMPLATE);
  const service = await Service.start(postgres.url(TEMPLATE));
  try {
    for (const key of METERS) {
      await service.admin.send('PUT', `/api/v1/meters/${key}`, { unit: 'units', aggregation: 'sum' });
    }
    await countEverythingOnce(service);
    const { key } = await service.admin.send('POST', '/api/v1/api-keys', {
      name: 'bench',
      role: 'writer',
      accounts: ['*'],
    });
    await untilRolledUp(postgres, TEMPLATE);
    return { key };
  } finally {
    await service.stop();
    await postgres.connected(TEMPLATE, async (client) => {
      await client.query(NAIVE_TABLES);
      await warmNaiveCounters(client);
      await client.query('vacuum analyze');
    });
  }
}

async function countEverythingOnce(service) {
  let turn = 0;
  const next = eventMaker({ seed: 3, account: () => Math.floor(turn / METERS.length) });
  while (turn < ACCOUNTS * METERS.length) {
    const events = Array.from({ length: BATCH }, () => ({ ...next(), type: METERS[turn++ % METERS.length] }));
    await service.admin.send('POST', '/api/v1/events', { events });
  }
}

/** Waits until the service has turned every work mark into rollups, so that old work is not measured as new. */
export async function untilRolledUp(postgres, database) {
  const deadline = performance.now() + MARKS_PATIENCE_MS;
  while (performance.now() < deadline) {
    const [row] = await postgres.query(database, 'select exists (select from work_mark) as waiting');
    if (!row.waiting) return;
    await sleep(500);
  }
  throw new Error(`the work marks of ${database} were not rolled up in time`);
}
