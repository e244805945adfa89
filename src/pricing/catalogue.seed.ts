import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Aggregation } from '../core/meter';
import { ratio } from '../core/ratio';
import { Seeds } from '../platform/seeds';
import { type MeterDefinition, MeterRepository } from './meter.repository';

const MS_PER_HOUR = 3_600_000n;

interface BuiltIn {
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  readonly aggregation: Aggregation;
  readonly eventTypes?: readonly string[];
  /** Base units in one shown unit; quantities stay in base units until they are shown or rated. */
  readonly divideBy?: bigint;
}

/** What a platform of deployments, builds and traffic measures, and the features an API is metered by. */
const METERS: readonly BuiltIn[] = [
  {
    key: 'compute_gb_hours',
    name: 'Compute',
    unit: 'GB-hours',
    aggregation: 'gauge_integral',
    eventTypes: ['deployment.started', 'deployment.scaled', 'deployment.stopped'],
    divideBy: MS_PER_HOUR,
  },
  {
    key: 'build_minutes',
    name: 'Build time',
    unit: 'minutes',
    aggregation: 'sum',
    eventTypes: ['build.completed'],
    divideBy: 60n,
  },
  {
    key: 'builds_started',
    name: 'Builds started',
    unit: 'builds',
    aggregation: 'count',
    eventTypes: ['build.started'],
  },
  {
    key: 'builds_failed',
    name: 'Builds failed',
    unit: 'builds',
    aggregation: 'count',
    eventTypes: ['build.failed'],
  },
  {
    key: 'storage_gb_hours',
    name: 'Volume storage',
    unit: 'GB-hours',
    aggregation: 'gauge_integral',
    eventTypes: ['volume.created', 'volume.resized', 'volume.deleted'],
    divideBy: MS_PER_HOUR,
  },
  { key: 'bandwidth_gb', name: 'Egress', unit: 'GB', aggregation: 'sum', eventTypes: ['bandwidth.usage'] },
  {
    key: 'custom_domains',
    name: 'Custom domains',
    unit: 'domains',
    aggregation: 'gauge_peak',
    eventTypes: ['domain.added', 'domain.removed'],
  },
  { key: 'api_requests', name: 'API requests', unit: 'requests', aggregation: 'sum' },
  { key: 'scans', name: 'Scans', unit: 'scans', aggregation: 'sum' },
  { key: 'wallet_checks', name: 'Wallet checks', unit: 'checks', aggregation: 'sum' },
];

/** Puts the built-in meters in place; an installation's own meters of the same key stay as they are. */
@Injectable()
export class CatalogueSeed implements OnModuleInit {
  constructor(
    private readonly seeds: Seeds,
    private readonly meters: MeterRepository,
  ) {}

  onModuleInit(): void {
    this.seeds.add('catalogue', () => this.run());
  }

  async run(): Promise<void> {
    for (const meter of METERS) await this.meters.make(definitionOf(meter));
  }
}

function definitionOf({ key, name, unit, aggregation, eventTypes, divideBy }: BuiltIn): MeterDefinition {
  return {
    key,
    name,
    description: '',
    unit,
    aggregation,
    eventTypes: eventTypes ?? [key],
    valueProperty: null,
    resourceProperty: null,
    dimensions: [],
    filters: [],
    divideBy: ratio(divideBy ?? 1n),
  };
}
