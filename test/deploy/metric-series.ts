/** The series of one name, as a scraper stores them. */
export interface Series {
  readonly type: 'counter' | 'gauge' | 'untyped';
  readonly labels: ReadonlySet<string>;
}

/** What a metric is declared to be. */
export interface DeclaredMetric {
  readonly type: 'counter' | 'gauge' | 'histogram' | 'untyped';
  readonly labels: readonly string[];
}

/** Labels that a scraper adds, which is why it renames those of the same names. */
const TARGET_LABELS = ['job', 'instance'];

/** The labels of a metric after it was scraped with a scraper's defaults. */
function scraped(labels: readonly string[]): Set<string> {
  const renamed = labels.map((label) => (TARGET_LABELS.includes(label) ? `exported_${label}` : label));
  return new Set([...renamed, ...TARGET_LABELS]);
}

/** The names a query can ask for: of a histogram its buckets, its sum and its count. */
export function seriesOf(metrics: Readonly<Record<string, DeclaredMetric>>): Map<string, Series> {
  const series = new Map<string, Series>();
  for (const [name, { type, labels }] of Object.entries(metrics)) {
    if (type !== 'histogram') {
      series.set(name, { type, labels: scraped(labels) });
      continue;
    }
    series.set(`${name}_bucket`, { type: 'counter', labels: scraped([...labels, 'le']) });
    for (const part of ['sum', 'count']) {
      series.set(`${name}_${part}`, { type: 'counter', labels: scraped(labels) });
    }
  }
  return series;
}

const TYPE_LINE = /^# TYPE (\S+) (counter|gauge|histogram)$/;
const SAMPLE_LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/;

/**
 * Reads the text format. Labels are those of the samples; `declared` names those of metrics that have no sample yet.
 * Throws for a line it does not understand.
 */
export function metricsOfText(
  text: string,
  declared: ReadonlyMap<string, readonly string[]>,
): Record<string, DeclaredMetric> {
  const metrics: Record<string, { type: DeclaredMetric['type']; labels: string[] }> = {};
  for (const line of text.split('\n')) {
    const typed = TYPE_LINE.exec(line);
    if (typed) metrics[typed[1]!] = { type: typed[2] as DeclaredMetric['type'], labels: [] };
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labels = ''] = SAMPLE_LINE.exec(line) ?? [];
    if (name === undefined) throw new Error(`no sample: ${line}`);
    const metric = metrics[name] ?? metrics[name.replace(/_(bucket|sum|count)$/, '')];
    if (!metric) throw new Error(`a sample without a type: ${line}`);
    metric.labels = [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label]) => label!);
  }
  for (const [name, metric] of Object.entries(metrics)) {
    const labels = metric.labels.length > 0 ? metric.labels : (declared.get(name) ?? []);
    metric.labels = labels.filter((label) => label !== 'le' || metric.type !== 'histogram');
  }
  return metrics;
}
