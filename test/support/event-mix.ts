/** A small deterministic generator, so that a failing run can be repeated from its seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The same things in another order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** One event of every kind of meter, as the native REST door takes it; accounts are named without their scheme. */
export interface MixedEvent {
  readonly id: string;
  readonly source: string;
  readonly account: string;
  readonly type: string;
  readonly occurred_at: string;
  readonly quantity?: string;
  readonly resource?: string;
  readonly properties: Record<string, string>;
}

/** Meters of every aggregation; all but the gauges listen to `mixed.amount`. */
export const MIXED_METERS: Readonly<Record<string, object>> = {
  'mixed.sum': { aggregation: 'sum', dimensions: ['region'] },
  'mixed.pool': {
    aggregation: 'sum',
    event_types: ['mixed.amount', 'mixed.level'],
    weights: { 'mixed.amount': '0.333333333333333', 'mixed.level': '2.5' },
    dimensions: ['region'],
  },
  'mixed.count': { aggregation: 'count', filters: [{ property: 'region', values: ['eu'] }] },
  'mixed.max': { aggregation: 'max' },
  'mixed.min': { aggregation: 'min' },
  'mixed.latest': { aggregation: 'latest' },
  'mixed.average': { aggregation: 'average' },
  'mixed.unique': { aggregation: 'unique', value_property: 'user' },
  'mixed.integral': { aggregation: 'gauge_integral', event_types: ['mixed.level'], dimensions: ['region'] },
  'mixed.peak': { aggregation: 'gauge_peak', event_types: ['mixed.level'] },
};

/** The body that makes one of them. */
export function mixedMeter(key: string): object {
  return { unit: 'units', event_types: ['mixed.amount'], ...MIXED_METERS[key] };
}

const HOUR = 3_600_000;

/** `count` events over `hours` hours from `start`, for ten accounts, amounts and levels, with exact decimals. */
export function mixedEvents(
  seed: number,
  { count, start, hours }: { count: number; start: number; hours: number },
): MixedEvent[] {
  const random = randomOf(seed);
  const pick = (n: number): number => Math.floor(random() * n);
  return Array.from({ length: count }, (_, i) => {
    const level = random() < 0.1;
    return {
      id: `mixed-${i}`,
      source: 'mix',
      account: `a${pick(10)}`,
      type: level ? 'mixed.level' : 'mixed.amount',
      // Whole seconds make equal instants ordinary, so that ties are tried too.
      occurred_at: new Date(start + Math.floor((pick(hours * 3_600) * 1_000) / 1_000) * 1_000).toISOString(),
      quantity: `${pick(1_000)}.${String(pick(1_000_000)).padStart(6, '0')}`,
      ...(level ? { resource: `r${pick(5)}` } : {}),
      properties: { region: ['eu', 'us', 'ap'][pick(3)]!, user: `u${pick(40)}` },
    };
  }).map((event) => (event.type === 'mixed.level' ? { ...event, quantity: String(pick(20)) } : event));
}

/** The start of the hour some days ago: recent enough for every door, complete enough for rollups. */
export function daysAgo(days: number): number {
  const now = Date.now() - days * 24 * HOUR;
  return now - (now % HOUR);
}
