import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { register } from 'prom-client';
import { startTestApp, type TestApp } from '../support/app';
import { MeteringClient } from '../support/metering-client';
import { Rest } from '../support/rest';
import {
  alertRules,
  allQueries,
  dashboard,
  DASHBOARDS,
  deployYaml,
  overlaps,
  type Panel,
} from './dashboard-files';
import { metricsOfText, seriesOf, type DeclaredMetric, type Series } from './metric-series';
import { judgePromql } from './promql';

/** What `GET /metrics/usage` tells, under the names of the original. Two of its counters fall when a period begins. */
const USAGE_METRICS: Record<string, DeclaredMetric> = {
  scorpius_usage_total: { type: 'counter', labels: ['org_id', 'feature', 'plan'] },
  scorpius_billing_events_total: { type: 'counter', labels: ['event_type', 'org_id'] },
  scorpius_usage_api_duration_seconds: { type: 'histogram', labels: [] },
  scorpius_total_organizations: { type: 'gauge', labels: [] },
  scorpius_feature_usage_total: { type: 'untyped', labels: ['feature', 'plan'] },
  scorpius_plan_distribution: { type: 'gauge', labels: ['plan'] },
  scorpius_org_usage_total: { type: 'untyped', labels: ['org_id'] },
};

/** Metrics that are queried and not told yet. */
const PENDING: Record<string, DeclaredMetric> = {};

/** What Prometheus itself says of its targets. */
const SCRAPER_METRICS: Record<string, DeclaredMetric> = { up: { type: 'gauge', labels: [] } };

const operationsPage = (): string[] =>
  readFileSync(join(__dirname, '..', '..', 'docs', 'operations.md'), 'utf8').split('\n');

const withoutRows = (panels: readonly Panel[]): Panel[] => panels.filter(({ type }) => type !== 'row');

describe('the queries', () => {
  let app: TestApp;
  let told: Record<string, DeclaredMetric>;
  let series: Map<string, Series>;

  beforeAll(async () => {
    app = await startTestApp();
    const rest = new Rest(app.rest, app.adminKey);
    const event = { id: 'one', account: 'org:acme', type: 'scans', quantity: '1' };
    expect((await rest.post('/api/v1/events', event)).status).toBeLessThan(300);
    expect((await rest.post('/api/v1/jobs/rollup/run', {})).status).toBeLessThan(300);
    const client = new MeteringClient(app.grpc, app.adminKey);
    const sent = { account: 'org:acme', id: 'two', type: 'scans', quantity: '1' };
    expect((await client.recordEvents({ events: [sent] })).verdicts).toHaveLength(1);
    client.close();
    const text = await (await fetch(`${app.rest}/metrics`)).text();
    const declared = register
      .getMetricsAsArray()
      .map((metric) => [metric.name, (metric as unknown as { labelNames: string[] }).labelNames] as const);
    told = metricsOfText(text, new Map(declared));
    series = seriesOf({ ...told, ...USAGE_METRICS, ...PENDING, ...SCRAPER_METRICS });
  });
  afterAll(() => app?.close());

  it.each(allQueries())('$where: asks for what is told', ({ text, shown }) => {
    const { labels } = judgePromql(text, series);
    expect(shown.filter((label) => !labels.has(label))).toEqual([]);
  });

  it('ask for what the door of Scorpius tells, as soon as it is there', async () => {
    const page = await fetch(`${app.rest}/metrics/usage`, { headers: { 'x-api-key': app.adminKey } });
    const usage = page.status === 404 ? null : metricsOfText(await page.text(), new Map());
    for (const [name, { type }] of Object.entries(usage === null ? {} : USAGE_METRICS))
      expect(usage?.[name]?.type).toBe(type === 'untyped' ? 'counter' : type);
  });

  it('ask for metrics that are told, or are known to come', () => {
    for (const name of Object.keys(PENDING)) expect(told).not.toHaveProperty(name);
    expect(told).toMatchObject({
      tallyhouse_ingest_verdicts_total: { type: 'counter', labels: ['status'] },
      tallyhouse_job_seconds: { type: 'histogram', labels: ['name', 'outcome'] },
    });
  });

  it('are of metrics that the page for operators names right', () => {
    const rows = operationsPage().filter((line) => line.startsWith('| `tallyhouse_'));
    const named = rows.flatMap((row) => [...row.matchAll(/`(tallyhouse_\w+)`/g)]).map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !(name in told) && !(name in PENDING))).toEqual([]);
  });

  it.each([
    ['sum(rate(tallyhouse_ingest_verdicts_total[5m])', ') is missing'],
    ['rate(tallyhouse_pool_connections[5m])', 'rate needs a counter, not a gauge'],
    ['rate(tallyhouse_ingest_verdicts_total)', 'only its rate says something'],
    ['tallyhouse_no_such_metric', 'there is no metric tallyhouse_no_such_metric'],
    ['tallyhouse_pool_connections{pool="a"}', 'has no label pool'],
    ['sum by (account) (rate(tallyhouse_ingest_verdicts_total[5m]))', 'the label account'],
    ['histogram_quantile(0.5, sum(rate(tallyhouse_job_seconds_bucket[5m])))', 'needs buckets, by le'],
    ['histogram_quantile(0.5, rate(tallyhouse_job_seconds_count[5m]))', 'needs buckets, by le'],
    ['sum by (name) (tallyhouse_job_failing) / max(tallyhouse_job_failing)', 'joins {name} with {}'],
    ['gitpod_logs_total{level=~"("}', 'Invalid regular expression'],
    ['up{exported_job="a"}', 'has no label exported_job'],
    ['max(up) + ', 'ends too early'],
    ['max(up) max(up)', 'unexpected max'],
    ['max_over_time(up[5 minutes])', 'no duration'],
    ['max(up) & 1', 'no word of PromQL begins at: & 1'],
  ])('would be refused: %s', (query, words) => {
    expect(() => judgePromql(query, series)).toThrow(words);
  });
});

describe.each(DASHBOARDS)('the dashboard %s', (name) => {
  const { panels, ...board } = dashboard(name);
  const shown = withoutRows(panels);

  it('opens as the original does, on any Prometheus', () => {
    expect(board).toMatchObject({ uid: name, refresh: '30s', time: { from: 'now-1h', to: 'now' } });
    expect(board.schemaVersion).toBeGreaterThanOrEqual(42);
    expect(board.tags).toContain('tallyhouse');
    const variable = { name: 'datasource', type: 'datasource', query: 'prometheus' };
    expect(board.templating.list[0]).toMatchObject(variable);
    for (const { datasource } of shown)
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
  });

  it('has panels that say what they show', () => {
    const silent = shown.filter(({ title, description, fieldConfig, targets = [] }) => {
      const isNamed = targets.length > 0 && targets.every(({ legendFormat }) => legendFormat !== '');
      return !title || !description || !fieldConfig?.defaults.unit || !isNamed;
    });
    expect(silent.map(({ title }) => title)).toEqual([]);
    expect(new Set(shown.map(({ type }) => type))).toEqual(new Set(TYPES[name]));
    for (const { type, options } of shown)
      if (['timeseries', 'piechart'].includes(type)) expect(options?.legend?.showLegend).toBe(true);
  });

  it('gives each panel an id and a place of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x < 0 || w < 1 || x + w > 24)).toEqual([]);
    expect(overlaps(panels)).toEqual([]);
  });
});

const TYPES = {
  'tallyhouse-usage': ['stat', 'timeseries', 'piechart', 'table'],
  'tallyhouse-operations': ['stat', 'timeseries', 'table'],
};

describe('the usage dashboard', () => {
  it('has the panels of the original', () => {
    expect(dashboard('tallyhouse-usage').panels.map(({ title, type }) => [title, type])).toEqual([
      ['Total Organizations', 'stat'],
      ['Usage Events Rate', 'timeseries'],
      ['Plan Distribution', 'piechart'],
      ['Feature Usage by Plan', 'timeseries'],
      ['Billing Events', 'timeseries'],
      ['API Response Time', 'timeseries'],
      ['Top Organizations by Usage', 'table'],
      ['Daily Usage Trends', 'timeseries'],
    ]);
  });

  it('asks for every metric of the original', () => {
    const queries = JSON.stringify(dashboard('tallyhouse-usage').panels);
    expect(Object.keys(USAGE_METRICS).filter((name) => !queries.includes(name))).toEqual([]);
  });
});

describe('the alerts', () => {
  it('have names of their own, a weight and words', () => {
    const rules = alertRules();
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { labels, annotations } of rules) {
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(annotations.summary && annotations.description).toBeTruthy();
    }
  });

  it('are all in the page for operators', () => {
    const rows = operationsPage().filter((line) => /^\| `(Tallyhouse|Usage)[A-Z]/.test(line));
    const named = rows
      .flatMap((row) => [...row.matchAll(/`([A-Z][a-z]+[A-Z]\w+)`/g)])
      .map(([, name]) => name!);
    expect(named.sort()).toEqual(
      alertRules()
        .map(({ alert }) => alert)
        .sort(),
    );
  });

  it('have the one of the original', () => {
    expect(alertRules().find(({ alert }) => alert === 'UsageMeteringHighLatency')).toMatchObject({
      expr: expect.stringMatching(/^histogram_quantile\(0\.95, .*scorpius_usage_api_duration.*\[5m\].* > 1$/),
      for: '5m',
      labels: { severity: 'warning', service: 'usage-metering', sla: 'latency' },
    });
  });
});

describe('the files of Prometheus and Grafana', () => {
  interface Scrape {
    job_name: string;
    metrics_path: string;
    authorization?: { type: string; credentials_file: string };
  }
  const prometheus = deployYaml<{
    global: { scrape_interval: string };
    rule_files: string[];
    scrape_configs: Scrape[];
  }>('prometheus/prometheus.yml');

  it('scrape both pages, the one that names organizations with a token', () => {
    expect(prometheus.global.scrape_interval).toBe('30s');
    expect(prometheus.rule_files).toEqual(['alerts.yml']);
    expect(prometheus.scrape_configs).toMatchObject([
      { job_name: 'tallyhouse', metrics_path: '/metrics' },
      {
        job_name: 'tallyhouse-usage',
        metrics_path: '/metrics/usage',
        authorization: { type: 'Bearer', credentials_file: '/run/secrets/metrics-token' },
      },
    ]);
    expect(prometheus.scrape_configs[0]!.authorization).toBeUndefined();
  });

  it('ask only for jobs that are scraped', () => {
    const jobs = prometheus.scrape_configs.map(({ job_name }) => job_name);
    const asked = alertRules().flatMap(({ expr }) => [...expr.matchAll(/\bjob="([^"]+)"/g)]);
    expect(asked.map(([, job]) => job).filter((job) => !jobs.includes(job!))).toEqual([]);
  });

  it('lead Grafana to Prometheus and to the dashboards, where the compose file puts them', () => {
    const { services } = deployYaml<{ services: Record<string, { volumes: string[] }> }>(
      'compose/compose.yaml',
    );
    const source = deployYaml<{ datasources: object[] }>('grafana/provisioning/datasources/prometheus.yaml');
    const provider = deployYaml<{ providers: { options: { path: string } }[] }>(
      'grafana/provisioning/dashboards/tallyhouse.yaml',
    );
    expect(source.datasources).toMatchObject([{ type: 'prometheus', url: 'http://prometheus:9090' }]);
    const { path } = provider.providers[0]!.options;
    expect(services.grafana!.volumes).toEqual(
      expect.arrayContaining(DASHBOARDS.map((name) => `../grafana/${name}.json:${path}/${name}.json:ro`)),
    );
    expect(services.prometheus!.volumes).toContain('../prometheus:/etc/prometheus:ro');
  });
});
