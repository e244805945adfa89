import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

const DEPLOY = join(__dirname, '..', '..', 'deploy');

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
}

export interface GridPlace {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: GridPlace;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly options?: { readonly legend?: { readonly showLegend: boolean } };
  readonly targets?: readonly Target[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[];
  };
  readonly panels: readonly Panel[];
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly description: string };
}

/** A query of a panel or an alert, with the labels that its legend or its words put in. */
export interface Query {
  readonly where: string;
  readonly text: string;
  readonly shown: readonly string[];
}

export const DASHBOARDS = ['tallyhouse-usage', 'tallyhouse-operations'] as const;

export function dashboard(name: (typeof DASHBOARDS)[number]): Dashboard {
  return JSON.parse(readFileSync(join(DEPLOY, 'grafana', `${name}.json`), 'utf8')) as Dashboard;
}

export function deployYaml<Shape>(path: string): Shape {
  return load(readFileSync(join(DEPLOY, path), 'utf8')) as Shape;
}

export function alertRules(): AlertRule[] {
  const { groups } = deployYaml<{ groups: { rules: AlertRule[] }[] }>('prometheus/alerts.yml');
  return groups.flatMap(({ rules }) => rules);
}

/** Every query there is, with Grafana's variables put in. */
export function allQueries(): Query[] {
  const panels = DASHBOARDS.flatMap((name) =>
    dashboard(name).panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr, legendFormat }) => ({
        where: `${name}, ${title}, ${refId}`,
        text: expr.replaceAll('$instance', 'a|b').replaceAll('$__rate_interval', '2m'),
        shown: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!),
      })),
    ),
  );
  const alerts = alertRules().map(({ alert, expr, annotations }) => ({
    where: `alert ${alert}`,
    text: expr,
    shown: [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!),
  }));
  return [...panels, ...alerts];
}

/** Panels of a dashboard that share a place. */
export function overlaps(panels: readonly Panel[]): string[] {
  return panels.flatMap(({ title, gridPos: a }, i) =>
    panels
      .slice(i + 1)
      .filter(({ gridPos: b }) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h)
      .map((other) => `${title} and ${other.title}`),
  );
}
