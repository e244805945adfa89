import { Histogram } from 'prom-client';
import { histogramSamples, Tally, type Labels, type Samples } from './metrics-tally';

/** Counts the answers of one door: a status code (HTTP or gRPC) and how long it took. */
export interface DoorTimer {
  observe(code: number, seconds: number): void;
}

const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

class Door implements DoorTimer {
  readonly tallies = new Map<number, Tally>();

  constructor(readonly labels: Labels) {}

  observe(code: number, seconds: number): void {
    let tally = this.tallies.get(code);
    if (tally === undefined) {
      tally = new Tally(BOUNDS);
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
    const { name } = this.description;
    const values = [...(this.doors?.values() ?? [])].flatMap((door) =>
      [...door.tallies].flatMap(([code, tally]) => tally.samples(name, { ...door.labels, code })),
    );
    return histogramSamples(this.description, values);
  }
}
