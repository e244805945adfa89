import type { MetricObjectWithValues, MetricType, MetricValueWithName } from 'prom-client';

export type Samples = MetricObjectWithValues<MetricValueWithName<string>>;
export type Labels = Readonly<Record<string, string | number>>;

/** The library's types call the type of a metric a number, its code a word. */
const HISTOGRAM = 'histogram' as unknown as MetricType;

/** Plain counters of one histogram: a count per bucket, the last beyond every bound. */
export class Tally {
  readonly buckets: number[];
  seconds = 0;

  constructor(private readonly bounds: readonly number[]) {
    this.buckets = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && seconds > this.bounds[bucket]!) bucket += 1;
    this.buckets[bucket]! += 1;
    this.seconds += seconds;
  }

  /** As Prometheus wants them: cumulative buckets, the sum, the count. */
  samples(name: string, labels: Labels): MetricValueWithName<string>[] {
    let count = 0;
    const buckets = this.buckets.map((observed, index) => {
      count += observed;
      return {
        metricName: `${name}_bucket`,
        labels: { ...labels, le: this.bounds[index] ?? '+Inf' },
        value: count,
      };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: { ...labels }, value: this.seconds },
      { metricName: `${name}_count`, labels: { ...labels }, value: count },
    ];
  }
}

/** What a registry asks of a histogram. */
export function histogramSamples(
  description: { readonly name: string; readonly help: string },
  values: MetricValueWithName<string>[],
): Samples {
  return { ...description, type: HISTOGRAM, aggregator: 'sum', collect: () => undefined, values };
}
