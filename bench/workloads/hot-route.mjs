import { httpLoad } from '../harness/http-load.mjs';

const CONNECTIONS = 64;

async function bareFastify(bench) {
  return bench.withFixture('bare-fastify.mjs', {}, (node, address) =>
    bench.measure({
      name: 'bare Fastify',
      node,
      load: (seconds) =>
        httpLoad({
          url: `http://${address}`,
          path: '/events',
          connections: CONNECTIONS,
          seconds,
          fixed: true,
        }),
    }),
  );
}

async function hotRoute(bench) {
  return bench.withOwnFixture('hot-noop.mjs', (node, { rest }) => {
    const load = {
      url: `http://${rest}`,
      path: '/noop',
      key: bench.key,
      connections: CONNECTIONS,
      fixed: true,
    };
    return bench.measure({ name: 'hot route', node, load: (seconds) => httpLoad({ ...load, seconds }) });
  });
}

/** What the front door costs: the same schema and the same answer, ours with its guard, correlation id and metrics. */
export const hotRouteNoop = {
  title: 'Front door without a database',
  cases: { 'Fastify no-op, fixed body': bareFastify, 'hot route no-op, fixed body': hotRoute },
  targets: [
    {
      number: '5',
      title: 'our hot route no-op / bare Fastify no-op',
      top: 'hot route no-op, fixed body',
      bottom: 'Fastify no-op, fixed body',
      aim: 0.95,
      floor: 0.7,
    },
  ],
};
