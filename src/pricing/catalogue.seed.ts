import { Injectable, type OnModuleInit } from '@nestjs/common';
import { join } from 'node:path';
import type { Aggregation } from '../core/meter';
import { ratio } from '../core/ratio';
import { INSTANCE_EVENTS, INSTANCE_LEVELS } from '../core/workspace-instance';
import { packageRoot } from '../platform/package-root';
import { Seeds } from '../platform/seeds';
import type { MeterDefinition } from './meter.repository';
import { MeterService } from './meter.service';
import { openPlanFiles, readPlanFiles } from './plan-file';
import { PlanService } from './plan.service';

const MS_PER_MINUTE = 60_000n;
const MS_PER_HOUR = 3_600_000n;

/** Who made what is built in, in the audit trail. */
const ACTOR = 'seed';

interface BuiltIn {
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  readonly aggregation: Aggregation;
  readonly eventTypes?: readonly string[];
  readonly dimensions?: readonly string[];
  readonly levels?: MeterDefinition['levels'];
  readonly posting?: MeterDefinition['posting'];
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
    eventTypes: ['deployment.started', 'deployment.scaled', 'deployment.stopped', 'deployment.snapshot'],
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
    eventTypes: ['volume.created', 'volume.resized', 'volume.deleted', 'volume.snapshot'],
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
  {
    key: 'workspace_minutes',
    name: 'Workspaces',
    unit: 'minutes',
    aggregation: 'gauge_integral',
    eventTypes: INSTANCE_EVENTS,
    dimensions: ['workspace_class'],
    levels: Object.fromEntries(
      [...INSTANCE_EVENTS].sort().map((type) => [type, String(INSTANCE_LEVELS[type])]),
    ),
    divideBy: MS_PER_MINUTE,
    posting: 'span',
  },
  { key: 'api_requests', name: 'API requests', unit: 'requests', aggregation: 'sum' },
  { key: 'scans', name: 'Scans', unit: 'scans', aggregation: 'sum' },
  { key: 'wallet_checks', name: 'Wallet checks', unit: 'checks', aggregation: 'sum' },
  {
    key: 'feature_usage',
    name: 'Features',
    unit: 'uses',
    aggregation: 'sum',
    eventTypes: ['feature.used'],
    dimensions: ['feature'],
  },
];

/** The built-in meters as they are made. */
export const BUILT_IN_METERS: readonly MeterDefinition[] = METERS.map(definitionOf);

/** The folder of the built-in plans, which are files like anybody's. */
export const BUILT_IN_PLANS = join(packageRoot(), 'catalogue');

/** Puts the built-in meters and plans in place; what an installation has under the same keys stays as it is. */
@Injectable()
export class CatalogueSeed implements OnModuleInit {
  constructor(
    private readonly seeds: Seeds,
    private readonly meters: MeterService,
    private readonly plans: PlanService,
  ) {}

  onModuleInit(): void {
    this.seeds.add('catalogue', () => this.run());
  }

  async run(): Promise<void> {
    await this.meters.makeMissing(ACTOR, BUILT_IN_METERS);
    const { files, problems: unopened } = openPlanFiles([BUILT_IN_PLANS]);
    const { plans, problems } = readPlanFiles(files);
    if (unopened.length + problems.length > 0) throw new Error([...unopened, ...problems].join('\n'));
    await this.plans.makeMissing(
      ACTOR,
      plans.map(({ offer }) => offer),
    );
  }
}

function definitionOf({
  key,
  name,
  unit,
  aggregation,
  eventTypes,
  divideBy,
  ...rest
}: BuiltIn): MeterDefinition {
  return {
    key,
    name,
    description: '',
    unit,
    aggregation,
    eventTypes: eventTypes ?? [key],
    valueProperty: null,
    resourceProperty: null,
    dimensions: rest.dimensions ?? [],
    filters: [],
    levels: rest.levels ?? {},
    weights: {},
    divideBy: ratio(divideBy ?? 1n),
    posting: rest.posting ?? 'period',
    onUnavailable: 'closed',
  };
}
