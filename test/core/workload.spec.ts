import fc from 'fast-check';
import { formatQuantity, ONE } from '../../src/core/quantity';
import { gbEquivalents } from '../../src/core/workload';

type Deployment = [replicas: number, cpuMillicores: number, memoryMb: number];

const gb = ([replicas, cpuMillicores, memoryMb]: Deployment): string =>
  formatQuantity(gbEquivalents({ replicas, cpuMillicores, memoryMb }));

describe('GB-equivalents', () => {
  it.each<[string, Deployment, string]>([
    ['W-01', [1, 500, 1024], '1'],
    ['W-02', [3, 500, 2048], '6'],
    ['W-03', [1, 4000, 512], '4'],
    ['W-04', [2, 2000, 1024], '4'],
    ['W-05', [1, 1000, 1024], '1'],
    ['W-06', [0, 4000, 8192], '0'],
    ['W-07', [2, 500, 2048], '4'],
    ['W-08', [2, 500, 512], '1'],
    ['W-87', [0, 1000, 1024], '0'],
  ])('%s: replicas, millicores and MB of %j are %s', (_vector, deployment, expected) => {
    expect(gb(deployment)).toBe(expected);
  });

  it.each<[string, Deployment, string]>([
    ['a megabyte is a 1,024th', [1, 0, 1], '0.0009765625'],
    ['a millicore is a thousandth', [1, 1, 0], '0.001'],
    ['one megabyte short of two GB', [1, 0, 2047], '1.9990234375'],
    ['the larger of the two by a hair', [1, 1001, 1024], '1.001'],
    ['three thirds of nothing', [3, 0, 0], '0'],
    ['less than one replica is none', [-1, 1000, 1024], '0'],
    ['fractions are cut, not rounded', [2.9, 1000.9, 1024.9], '2'],
    ['fractions of a megabyte are cut', [1, 0, 0.9], '0'],
  ])('%s: %j is %s', (_words, deployment, expected) => {
    expect(gb(deployment)).toBe(expected);
  });
});

describe('laws of workloads', () => {
  const anyCount = fc.integer({ min: 0, max: 1_000 });
  const anyCpu = fc.integer({ min: 0, max: 1_000_000 });
  const anyMemory = fc.integer({ min: 0, max: 10_000_000 });

  it('n replicas are n times one, exactly', () => {
    fc.assert(
      fc.property(anyCount, anyCpu, anyMemory, (replicas, cpuMillicores, memoryMb) => {
        const one = gbEquivalents({ replicas: 1, cpuMillicores, memoryMb });
        expect(gbEquivalents({ replicas, cpuMillicores, memoryMb })).toBe(one * BigInt(replicas));
      }),
    );
  });

  it('is the larger of memory and cores, and neither is ever rounded', () => {
    fc.assert(
      fc.property(anyCpu, anyMemory, (cpuMillicores, memoryMb) => {
        const value = gbEquivalents({ replicas: 1, cpuMillicores, memoryMb });
        const [byMemory, byCpu] = [BigInt(memoryMb) * 1_000n, BigInt(cpuMillicores) * 1_024n];
        expect(value * 1_024n * 1_000n).toBe((byMemory > byCpu ? byMemory : byCpu) * ONE);
      }),
    );
  });
});
