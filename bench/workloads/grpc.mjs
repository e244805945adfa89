import { grpcLoad } from '../harness/grpc-load.mjs';

async function fixtureServer(bench, file) {
  return bench.withFixture(file, {}, (node, address) =>
    bench.measure({ name: file, node, load: (seconds) => grpcLoad({ address, seconds }) }),
  );
}

async function wholeDoor(bench) {
  return bench.withOwnFixture('door-grpc.mjs', (node, { grpc: address }) =>
    bench.measure({
      name: 'gRPC door',
      node,
      load: (seconds) => grpcLoad({ address, key: bench.key, seconds }),
    }),
  );
}

/** Unary RecordEvents of one event, answered with its verdict and stored nowhere. */
export const grpc = {
  title: 'gRPC without a database',
  cases: {
    'grpc-js unary': (bench) => fixtureServer(bench, 'bare-grpc.mjs'),
    'gRPC unary through Nest': (bench) => fixtureServer(bench, 'nest-grpc.mjs'),
    'gRPC door with guard and wire': wholeDoor,
  },
  targets: [
    {
      number: '6',
      title: 'gRPC unary through Nest / bare grpc-js',
      top: 'gRPC unary through Nest',
      bottom: 'grpc-js unary',
      aim: 0.95,
      floor: 0.85,
    },
    {
      number: '6b',
      title: 'our whole gRPC door (guard, filter, wire, metrics) / bare grpc-js',
      top: 'gRPC door with guard and wire',
      bottom: 'grpc-js unary',
    },
  ],
};
