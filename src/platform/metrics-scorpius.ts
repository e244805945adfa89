import { Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry } from 'prom-client';
import type { DoorTimer } from './metrics-door-histogram';

/** The doors whose requests the original timed. */
const TIMED: ReadonlySet<string> = new Set([
  'POST /usage/track',
  'GET /usage/:org_id',
  'POST /billing/update',
]);

/** How many values a label takes in one process; whatever comes later is counted under `other`. */
export const LABEL_VALUES_MAX = 100;
const OTHER = 'other';

/**
 * What Scorpius counted in its process. A registry of its own: these name organisations, and `/metrics` is open to everybody.
 */
@Injectable()
export class ScorpiusMetrics {
  readonly #registry = new Registry();
  readonly #organisations = new Set<string>();
  readonly #features = new Set<string>();
  readonly #usage = new Counter({
    name: 'scorpius_usage_total',
    help: 'Units tracked by this process',
    labelNames: ['org_id', 'feature', 'plan'],
    registers: [this.#registry],
  });
  readonly #billingEvents = new Counter({
    name: 'scorpius_billing_events_total',
    help: 'Billing events of this process',
    labelNames: ['event_type', 'org_id'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'scorpius_usage_api_duration_seconds',
    help: 'How long requests of the usage API took, from their first byte to their answer',
    registers: [this.#registry],
  });

  /** Counts tracked units. */
  countUsage(
    { orgId, feature, plan }: { orgId: string; feature: string; plan: string },
    units: number,
  ): void {
    const labels = {
      org_id: known(this.#organisations, orgId),
      feature: known(this.#features, feature),
      plan,
    };
    this.#usage.inc(labels, units);
  }

  /** Counts a billing event, such as `plan_update`. */
  countBillingEvent(type: string, orgId: string): void {
    this.#billingEvents.inc({ event_type: type, org_id: known(this.#organisations, orgId) });
  }

  /** The timer of a door, which also times the usage API where the door belongs to it. */
  timed(door: string, timer: DoorTimer): DoorTimer {
    if (!TIMED.has(door)) return timer;
    return {
      observe: (code, seconds) => {
        this.#seconds.observe(seconds);
        timer.observe(code, seconds);
      },
    };
  }

  /** All of it in Prometheus's text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

function known(values: Set<string>, value: string): string {
  if (values.has(value)) return value;
  if (values.size >= LABEL_VALUES_MAX) return OTHER;
  values.add(value);
  return value;
}
