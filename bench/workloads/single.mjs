import { httpLoad } from '../harness/http-load.mjs';

const SINGLE = '/api/v1/events';

/** Warm-up and measurement each may end with one request of every connection unanswered. */
const underWay = (connections) => 2 * connections;

async function bare(bench, file, connections) {
  const name = `${file} ${connections}`;
  return bench.withFixture(file, {}, (node, address) =>
    bench.measure({
      name,
      node,
      load: (seconds) => httpLoad({ url: `http://${address}`, path: '/events', connections, seconds }),
    }),
  );
}

async function service(bench, connections) {
  const name = `service, ${connections} connections`;
  return bench.withService({ name, underWay: underWay(connections) }, (node) =>
    bench.measure({
      name,
      node,
      load: (seconds) => httpLoad({ url: node.base, path: SINGLE, key: bench.key, connections, seconds }),
    }),
  );
}

async function naive(bench, mode, connections) {
  const name = `${mode}, ${connections} connections`;
  return bench.withNaive({ name, mode, underWay: underWay(connections) }, (node, address) =>
    bench.measure({
      name,
      node,
      load: (seconds) => httpLoad({ url: `http://${address}`, path: '/events', connections, seconds }),
    }),
  );
}

/** Single events, each acknowledged after its commit, beside servers that store nothing and servers that commit each. */
export const single = {
  title: 'Single events over HTTP',
  cases: {
    'Fastify no-op, 64': (bench) => bare(bench, 'bare-fastify.mjs', 64),
    'Fastify no-op, 256': (bench) => bare(bench, 'bare-fastify.mjs', 256),
    'http no-op, 64': (bench) => bare(bench, 'bare-http.mjs', 64),
    'single POST, 64': (bench) => service(bench, 64),
    'single POST, 256': (bench) => service(bench, 256),
    'one statement per request, 64': (bench) => naive(bench, 'tx1', 64),
    'four statements per request, 64': (bench) => naive(bench, 'tx4', 64),
  },
  targets: [
    {
      number: '1',
      title: 'durable, deduplicated, counted single POST / no-op of bare Fastify, 64 connections',
      top: 'single POST, 64',
      bottom: 'Fastify no-op, 64',
      aim: 0.36,
      floor: 0.3,
    },
    {
      number: '2',
      title: 'the same at 256 connections',
      top: 'single POST, 256',
      bottom: 'Fastify no-op, 256',
      aim: 0.43,
      floor: 0.36,
    },
    {
      number: '3',
      title: 'the same / one-statement transaction per request on a pool of 16, 64 connections',
      top: 'single POST, 64',
      bottom: 'one statement per request, 64',
      aim: 2.5,
      floor: 2,
    },
    {
      number: '4',
      title: 'its p99 / p99 of that server, 64 connections',
      top: 'single POST, 64',
      bottom: 'one statement per request, 64',
      by: 'p99',
      lowerIsBetter: true,
      aim: 0.4,
      floor: 0.6,
    },
    {
      number: '3b',
      title: 'the same / BEGIN, INSERT, UPSERT, COMMIT per request',
      top: 'single POST, 64',
      bottom: 'four statements per request, 64',
    },
    {
      number: '1b',
      title: 'the same / no-op of bare http, 64 connections',
      top: 'single POST, 64',
      bottom: 'http no-op, 64',
    },
  ],
};
