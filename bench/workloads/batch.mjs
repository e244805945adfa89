import { CopyFeed, copyInto } from '../harness/copy-feed.mjs';
import { untilIdle } from '../harness/cpu.mjs';
import { ACCOUNTS, eventMaker } from '../harness/events.mjs';
import { httpLoad } from '../harness/http-load.mjs';
import { TEMPLATE } from '../harness/template.mjs';

const BATCH = 1000;
const CONNECTIONS = 4;
const COPY_ROWS = 200_000;
const COPY_ROWS_QUICK = 40_000;

/** Batches of 1,000 over HTTP into the service; stored, deduplicated and counted. */
export async function serviceBatches(bench, { ids = 'v7', oneAccount = false }) {
  const name = `batches, ids ${ids}, ${oneAccount ? 'one account each' : 'random accounts'}`;
  return bench.withService({ name, underWay: 2 * CONNECTIONS * BATCH }, (service) =>
    measureBatches(bench, { name, service, ids, oneAccount }),
  );
}

export function measureBatches(bench, { name, service, ids, oneAccount = false }) {
  return bench.measure({
    name,
    node: service,
    events: BATCH,
    load: (seconds) =>
      httpLoad({
        url: service.base,
        path: '/api/v1/events',
        key: bench.key,
        connections: CONNECTIONS,
        seconds,
        batch: BATCH,
        ids,
        oneAccount,
      }),
  });
}

/** The same rows by server-side COPY over one connection, into the same tables in the same state; no counters. */
async function copyReference(bench, feed) {
  return bench.withDatabase(TEMPLATE, (database) =>
    bench.postgres.connected(database, async (client) => {
      await client.query('checkpoint');
      await untilIdle(bench.options.wait);
      const before = bench.postgres.cpu();
      const seconds = await copyInto(client, feed);
      const postgresUs = ((bench.postgres.cpu() - before) * 1000) / feed.rows;
      return { rate: feed.rows / seconds, nodeUs: 0, postgresUs };
    }),
  );
}

async function writeFeeds(bench) {
  const files = new CopyFeed();
  const rows = bench.options.quick ? COPY_ROWS_QUICK : COPY_ROWS;
  const found = await bench.postgres.query(TEMPLATE, 'select key, id, bucket from account');
  const accounts = new Map(found.map(({ key, id, bucket }) => [key, { id, bucket }]));
  let made = 0;
  const inRuns = () => Math.imul(Math.floor(made++ / BATCH), 7919) % ACCOUNTS;
  const write = (name, options) => files.write({ name, rows, accounts, next: eventMaker(options) });
  return {
    oneAccount: write('one-account', { seed: 11, account: inRuns }),
    random: write('random', { seed: 12 }),
    randomIds: write('random-ids', { seed: 13, ids: 'v4' }),
    remove: () => files.remove(),
  };
}

export const batch = {
  title: 'Batches of 1,000 over HTTP',
  prepare: writeFeeds,
  finish: (_bench, feeds) => feeds.remove(),
  cases: {
    'COPY, one account per 1,000': (bench, feeds) => copyReference(bench, feeds.oneAccount),
    'COPY, random accounts': (bench, feeds) => copyReference(bench, feeds.random),
    'COPY, random accounts and ids': (bench, feeds) => copyReference(bench, feeds.randomIds),
    'batches, one account each': (bench) => serviceBatches(bench, { oneAccount: true }),
    'batches, random accounts': (bench) => serviceBatches(bench, {}),
    'batches, random accounts and ids': (bench) => serviceBatches(bench, { ids: 'v4' }),
  },
  targets: [
    {
      number: '7',
      title: 'batches of 1,000 with counters / COPY into the same tables: one account per batch',
      top: 'batches, one account each',
      bottom: 'COPY, one account per 1,000',
      aim: 0.9,
      floor: 0.6,
    },
    {
      number: '7',
      title: 'the same, random accounts',
      top: 'batches, random accounts',
      bottom: 'COPY, random accounts',
      aim: 0.5,
      floor: 0.35,
    },
    {
      number: '7b',
      title: 'one account per batch / COPY of random accounts',
      top: 'batches, one account each',
      bottom: 'COPY, random accounts',
    },
    {
      number: '7c',
      title: 'random accounts and random ids / COPY of the same',
      top: 'batches, random accounts and ids',
      bottom: 'COPY, random accounts and ids',
    },
  ],
};
