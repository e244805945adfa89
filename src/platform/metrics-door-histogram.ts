import {
  Histogram,
  type MetricObjectWithValues,
  type MetricType,
  type MetricValueWithName,
} from 'prom-client';

/** Counts the answers of one door: a status code (HTTP or gRPC) and how long it took. */
export interface DoorTimer {
  observe(code: number, seconds: number): void;
}

type Samples = MetricObjectWithValues<MetricValueWithName<string>>;
type Labels = Readonly<Record<string, string>>;

const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** The library's types call the type of a metric a number, its code a word. */
const HISTOGRAM = 'histogram' as unknown as MetricType;

/** Observations of one door with one status: a count per bucket, the last beyond every bound. */
class Tally {
  readonly buckets = new Array<number>(BOUNDS.length + 1).fill(0);
  seconds = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]!) bucket += 1;
    this.buckets[bucket]! += 1;
    this.seconds += seconds;
  }
}

class Door implements DoorTimer {
  readonly tallies = new Map<number, Tally>();

  constructor(readonly labels: Labels) {}

  observe(code: number, seconds: number): void {
    let tally = this.tallies.get(code);
    if (tally === undefined) {
      tally = new Tally();
      this.tallies.set(code, tally);
    }
    tally.observe(seconds);
  }
}

/**
 * A Prometheus histogram whose doors keep plain counters, read when somebody scrapes. The library's own hashes the labels on
 * every observation, about a microsecond: several per cent of what a whole request may cost here.
 */
export class DoorHistogram extends Histogram<string> {
  // Not a private field: the base class's constructor calls `reset` before fields of this class exist.
  private doors: Map<string, Door> | undefined;
  private readonly description: { name: string; help: string };

  constructor({ name, help, labelNames }: { name: string; help: string; labelNames: string[] }) {
    super({ name, help, labelNames: [...labelNames, 'code'], buckets: BOUNDS });
    this.description = { name, help };
  }

  /** The timer of the door with these labels; the same one for the same labels. */
  door(labels: Labels): DoorTimer {
    this.doors ??= new Map();
    const key = JSON.stringify(labels);
    const door = this.doors.get(key) ?? new Door(labels);
    this.doors.set(key, door);
    return door;
  }

  override get(): Promise<Samples> {
    return Promise.resolve(this.samples());
  }

  /** What the registry asks when it writes the text format. */
  getForPromString(): Promise<Samples> {
    return this.get();
  }

  /** Back to nothing counted; the doors keep their timers. */
  override reset(): void {
    this.doors?.forEach((door) => door.tallies.clear());
  }

  private samples(): Samples {
    const values = [...(this.doors?.values() ?? [])].flatMap((door) =>
      [...door.tallies].flatMap(([code, tally]) => this.tallySamples({ ...door.labels, code }, tally)),
    );
    return { ...this.description, type: HISTOGRAM, aggregator: 'sum', collect: () => undefined, values };
  }

  private tallySamples(labels: Record<string, string | number>, tally: Tally): MetricValueWithName<string>[] {
    const { name } = this.description;
    let count = 0;
    const buckets = tally.buckets.map((observed, index) => {
      count += observed;
      return {
        metricName: `${name}_bucket`,
        labels: { ...labels, le: BOUNDS[index] ?? '+Inf' },
        value: count,
      };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: tally.seconds },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
