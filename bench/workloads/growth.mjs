import { countEvents } from '../harness/books.mjs';
import { httpLoad } from '../harness/http-load.mjs';
import { Service } from '../harness/service.mjs';
import { TEMPLATE, untilRolledUp } from '../harness/template.mjs';
import { measureBatches } from './batch.mjs';

const BATCH = 1000;
const CONNECTIONS = 4;
const GROW_SECONDS = 10;
const SIZES = { quick: [150_000, 400_000], usual: [1_000_000, 3_000_000], full: [1_000_000, 10_000_000] };

function sizesOf({ quick, full }) {
  if (quick) return SIZES.quick;
  return full ? SIZES.full : SIZES.usual;
}

/** Grows a database through the door to at least so many events, then leaves it as a service at rest would. */
async function grow(bench, { database, ids, rows }) {
  const { postgres } = bench;
  const service = await Service.start(postgres.url(database));
  try {
    const load = {
      url: service.base,
      path: '/api/v1/events',
      key: bench.key,
      connections: CONNECTIONS,
      batch: BATCH,
      ids,
    };
    while ((await countEvents(postgres, database)) < rows) {
      const seconds = bench.options.quick ? 1 : GROW_SECONDS;
      const { errors } = await httpLoad({ ...load, seconds });
      if (errors > 0) bench.fail(`growing with ids ${ids}: ${errors} requests failed`);
    }
    await untilRolledUp(postgres, database);
  } finally {
    await service.stop();
  }
  await postgres.query(database, 'vacuum analyze');
}

async function growBoth(bench, ids) {
  const [few, many] = sizesOf(bench.options);
  const small = await bench.postgres.clone(TEMPLATE);
  await grow(bench, { database: small, ids, rows: few });
  const large = await bench.postgres.clone(small);
  await grow(bench, { database: large, ids, rows: many });
  const sizes = [await countEvents(bench.postgres, small), await countEvents(bench.postgres, large)];
  console.log(`grown with ids ${ids}: ${sizes.join(' and ')} events`);
  return { small, large };
}

async function dropBoth(bench, { small, large }) {
  await bench.postgres.drop(small);
  await bench.postgres.drop(large);
}

async function ingestOn(bench, { database, ids }) {
  const name = `batches into ${database}, ids ${ids}`;
  return bench.withServiceOn({ name, underWay: 2 * CONNECTIONS * BATCH, database }, async (service) => {
    const measured = await measureBatches(bench, { name, service, ids });
    await untilRolledUp(bench.postgres, database);
    return measured;
  });
}

/** Two databases of different size side by side; each round measures both, so that drift of the machine meets both. */
function growthOf(ids, { aim, floor }) {
  const kind = ids === 'v7' ? 'UUIDv7 ids' : 'random ids';
  return {
    title: `Growth with ${kind}`,
    prepare: (bench) => growBoth(bench, ids),
    finish: dropBoth,
    cases: {
      [`batches into the small table, ${kind}`]: (bench, { small }) =>
        ingestOn(bench, { database: small, ids }),
      [`batches into the large table, ${kind}`]: (bench, { large }) =>
        ingestOn(bench, { database: large, ids }),
    },
    targets: [
      {
        number: '8',
        title: `ingest rate, large table / small table, ${kind}`,
        top: `batches into the large table, ${kind}`,
        bottom: `batches into the small table, ${kind}`,
        aim,
        floor,
      },
    ],
  };
}

export const growthOfOrdered = growthOf('v7', { aim: 0.95, floor: 0.85 });
export const growthOfRandom = growthOf('v4', { aim: 0.9, floor: 0.8 });
