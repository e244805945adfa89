import type { UsageFigure } from './organization-usage.repository';

interface Series {
  readonly name: string;
  readonly help: string;
  /** As the original exposed it. Two sums of running periods are called counters there: they fall when a period ends. */
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[];
}

/** The computed series in Prometheus's text format, each with its HELP and TYPE even when it is empty. */
export function toScorpiusSeries(figures: readonly UsageFigure[]): string {
  const of = (kind: UsageFigure['kind']) => figures.filter((figure) => figure.kind === kind);
  const total = of('plan').reduce((sum, { value }) => sum + BigInt(value), 0n);
  const series: Series[] = [
    {
      ...{ name: 'scorpius_total_organizations', help: 'Organizations with a plan', type: 'gauge' },
      samples: [{ labels: {}, value: total.toString() }],
    },
    {
      ...{
        name: 'scorpius_feature_usage_total',
        help: 'Usage of the running period by feature and plan',
        type: 'counter',
      },
      samples: of('feature').map(({ name: feature, plan, value }) => ({ labels: { feature, plan }, value })),
    },
    {
      ...{ name: 'scorpius_plan_distribution', help: 'Organizations by plan', type: 'gauge' },
      samples: of('plan').map(({ name: plan, value }) => ({ labels: { plan }, value })),
    },
    {
      ...{
        name: 'scorpius_org_usage_total',
        help: 'Usage of the running period of the ten that use most',
        type: 'counter',
      },
      samples: of('organisation').map(({ name, value }) => ({ labels: { org_id: name }, value })),
    },
  ];
  return series.map(textOf).join('\n');
}

function textOf({ name, help, type, samples }: Series): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
