import { BENCH_LIMIT, GIVE_LIMITS } from '../fixtures/limits.mjs';
import { httpLoad } from '../harness/http-load.mjs';
import { withRedis } from '../harness/redis.mjs';

const EVENTS = '/api/v1/events';
const CONSUME = '/api/v1/consume';
const underWay = (connections) => 2 * connections;

/** One kind of request against the service; `settle` = what its database is told before. */
function against(bench, { name, path, settle, connections, ...load }) {
  return bench.withService({ name, settle, underWay: underWay(connections) }, (node) =>
    bench.measure({
      name,
      node,
      load: (seconds) => httpLoad({ ...load, url: node.base, path, key: bench.key, connections, seconds }),
    }),
  );
}

const consume = (connections) => (bench) =>
  against(bench, {
    ...{ name: `consume, ${connections}`, path: CONSUME, shape: 'consume', settle: GIVE_LIMITS },
    connections,
  });

const record =
  (settle, more = {}) =>
  (bench) =>
    against(bench, { name: 'single events', path: EVENTS, settle, connections: 64, ...more });

function bareFastify(bench) {
  return bench.withFixture('bare-fastify.mjs', {}, (node, address) =>
    bench.measure({
      name: 'bare Fastify',
      node,
      load: (seconds) => httpLoad({ url: `http://${address}`, path: '/events', connections: 64, seconds }),
    }),
  );
}

/** Redis counts under the limit and stores the event, each request synced to disk before its answer. */
const redisLua = (connections) => (bench) =>
  withRedis((redis) =>
    bench.withFixture('redis-lua.mjs', { REDIS_PORT: String(redis), LIMIT: BENCH_LIMIT }, (node, address) =>
      bench.measure({
        name: `Redis Lua, ${connections}`,
        node,
        load: (seconds) =>
          httpLoad({ url: `http://${address}`, path: '/consume', shape: 'consume', connections, seconds }),
      }),
    ),
  );

const NEIGHBOURS = 8;
const STORM = 32;

/** Neighbours at a steady pace, alone or while one customer sends all he can. */
const neighbours = (hasStorm) => (bench) =>
  bench.withService({ name: 'neighbours', underWay: underWay(NEIGHBOURS + STORM) }, (node) => {
    const load = { url: node.base, path: EVENTS, key: bench.key };
    let stormed = 0;
    const measured = bench.measure({
      name: 'neighbours',
      node,
      load: async (seconds) => {
        const storm = hasStorm
          ? httpLoad({ ...load, connections: STORM, seconds, oneAccount: true })
          : Promise.resolve({ requests: 0, errors: 0 });
        const result = await httpLoad({ ...load, connections: NEIGHBOURS, seconds });
        const { requests, errors } = await storm;
        stormed += requests;
        return { ...result, errors: result.errors + errors };
      },
    });
    return measured.then((result) => ({ ...result, acknowledged: result.acknowledged + stormed }));
  });

/** "May I?" and "count it" in one durable step. */
export const consumption = {
  title: 'Limits: consume',
  cases: {
    'single POST, no limits': record([]),
    'single POST, limits on every account': record(GIVE_LIMITS),
    'Fastify no-op for track, 64': bareFastify,
    'track, 64': (bench) =>
      against(bench, { name: 'track', path: '/usage/track', shape: 'track', connections: 64 }),
    'consume, 64': consume(64),
    'consume, 256': consume(256),
    'Redis Lua with the event, synced, 64': redisLua(64),
    'Redis Lua with the event, synced, 256': redisLua(256),
  },
  targets: [
    {
      number: '18',
      title: 'single POST with limits on / off, 64 connections',
      top: 'single POST, limits on every account',
      bottom: 'single POST, no limits',
      aim: 0.95,
      floor: 0.9,
    },
    {
      number: '22',
      title: '`POST /usage/track` / no-op of bare Fastify, 64 connections',
      top: 'track, 64',
      bottom: 'Fastify no-op for track, 64',
    },
    {
      number: '19',
      title:
        'durable consume / Redis Lua with `appendfsync always` that also stores the event, 64 connections',
      top: 'consume, 64',
      bottom: 'Redis Lua with the event, synced, 64',
      aim: 1,
      floor: 0.9,
    },
    {
      number: '19b',
      title: 'the same at 256 connections',
      top: 'consume, 256',
      bottom: 'Redis Lua with the event, synced, 256',
      aim: 1,
      floor: 0.9,
    },
  ],
};

/** One customer with all the traffic. */
export const crowd = {
  title: 'Limits: hot accounts',
  cases: {
    'single POST, 10,000 accounts': record([]),
    'single POST, one account': record([], { oneAccount: true }),
    'neighbours alone': neighbours(false),
    'neighbours under a storm': neighbours(true),
  },
  targets: [
    {
      number: '20',
      title: 'one hot account / 10,000 accounts, 64 connections',
      top: 'single POST, one account',
      bottom: 'single POST, 10,000 accounts',
      aim: 1,
      floor: 0.9,
    },
    {
      number: '21',
      title: "neighbours' p99 while one customer sends all he can / alone",
      top: 'neighbours under a storm',
      bottom: 'neighbours alone',
      by: 'p99',
      lowerIsBetter: true,
      aim: 1.5,
      floor: 1.5,
    },
  ],
};
