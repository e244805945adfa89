import fc from 'fast-check';
import { doubleOfRatio } from '../../src/core/double';
import { estimateMonth, type UnitPrices, type WorkloadSpecs } from '../../src/core/estimate';
import { formatRatio, parseQuantity, quantityRatio } from '../../src/core/quantity';
import { ratio } from '../../src/core/ratio';

const price = (text: string) => quantityRatio(parseQuantity(text));
const DEFAULT: UnitPrices = {
  computeGbHour: price('0.000463'),
  buildMinute: price('0.01'),
  storageGbMonth: price('0.25'),
};
const DEARER: UnitPrices = {
  computeGbHour: price('0.001'),
  buildMinute: price('0.05'),
  storageGbMonth: price('0.50'),
};

type Specs = [replicas: number, cpuMillicores: number, memoryMb: number, storageGb: number, builds: number];
const specsOf = ([
  replicas,
  cpuMillicores,
  memoryMb,
  storageGb,
  averageBuildMinutes,
]: Specs): WorkloadSpecs => ({
  ...{ replicas, cpuMillicores, memoryMb, storageGb, averageBuildMinutes },
});

function shown(specs: Specs, prices: UnitPrices): string[] {
  const { computeHourly, computeMonthly, storageMonthly, buildCostPerBuild, totalMonthly } = estimateMonth(
    specsOf(specs),
    prices,
  );
  return [computeHourly, computeMonthly, storageMonthly, buildCostPerBuild, totalMonthly].map(formatRatio);
}

describe('an estimate', () => {
  it.each<[string, Specs, UnitPrices, string[]]>([
    ['W-37', [2, 500, 1024, 10, 5], DEFAULT, ['0.000926', '0.66672', '2.5', '0.05', '4.66672']],
    ['W-38', [1, 4000, 512, 0, 0], DEFAULT, ['0.001852', '1.33344', '0', '0', '1.33344']],
    ['W-39', [1, 1000, 1024, 5, 10], DEARER, ['0.001', '0.72', '2.5', '0.5', '18.22']],
    ['W-40', [2, 500, 512, 10, 5], DEFAULT, ['0.000463', '0.33336', '2.5', '0.05', '4.33336']],
    ['W-90', [0, 0, 0, 0, 0], DEFAULT, ['0', '0', '0', '0', '0']],
    ['a tenth of a GB, exactly', [0, 0, 0, 0.1, 0], DEFAULT, ['0', '0', '0.025', '0', '0.025']],
    [
      'below zero, as the original',
      [-1, 1000, 0, 0, 0],
      DEFAULT,
      ['-0.000463', '-0.33336', '0', '0', '-0.33336'],
    ],
  ])('%s: %j', (_vector, specs, prices, expected) => {
    expect(shown(specs, prices)).toEqual(expected);
  });

  it('adds up: the month is its hours, its storage and 30 builds', () => {
    const count = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(fc.tuple(count, count, count, count, count), (specs) => {
        const all = specsOf(specs);
        const only = (part: Partial<WorkloadSpecs>) =>
          estimateMonth({ ...specsOf([0, 0, 0, 0, 0]), ...part }, DEFAULT).totalMonthly;
        const { replicas, cpuMillicores, memoryMb, storageGb, averageBuildMinutes } = all;
        const parts = [
          only({ replicas, cpuMillicores, memoryMb }),
          only({ storageGb }),
          only({ averageBuildMinutes }),
        ].map(formatRatio);
        const sum = parts.reduce((total, part) => total + parseQuantity(part), 0n);
        expect(sum).toBe(parseQuantity(formatRatio(estimateMonth(all, DEFAULT).totalMonthly)));
      }),
    );
  });
});

describe('the double of an exact amount', () => {
  it.each([
    [ratio(463n, 1_000_000n), 0.000463],
    [ratio(1n, 3n), 1 / 3],
    [ratio(-1n, 20n), -0.05],
    [ratio(0n), 0],
    [ratio(463n, 1_024_000_000n), 463 / 1_024_000_000],
    [ratio(10n ** 30n), 1e30],
  ])('%j is %d', (value, expected) => {
    expect(doubleOfRatio(value)).toBe(expected);
  });

  it('is the very one for every double between a billionth and a billion', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (value) => {
        const [digits, exponent = '0'] = value.toExponential(20).split('e');
        const numerator = BigInt(digits!.replace('.', ''));
        const power = parseInt(exponent, 10) - 20;
        const exact =
          power < 0 ? ratio(numerator, 10n ** BigInt(-power)) : ratio(numerator * 10n ** BigInt(power));
        expect(doubleOfRatio(exact)).toBe(value);
      }),
    );
  });
});
