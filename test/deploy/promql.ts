import type { Series } from './metric-series';
import { promqlWords, type Word } from './promql-words';

/** What a part of a query is worth: whether it is one number or many series, and the labels these have. */
export interface Worth {
  readonly kind: 'scalar' | 'vector' | 'range';
  readonly labels: ReadonlySet<string>;
  readonly type: Series['type'];
}

const NONE: ReadonlySet<string> = new Set();
const SCALAR: Worth = { kind: 'scalar', labels: NONE, type: 'gauge' };
const LEVELS = [
  ['or'],
  ['and', 'unless'],
  ['==', '!=', '>', '<', '>=', '<='],
  ['+', '-'],
  ['*', '/', '%'],
  ['^'],
];
const AGGREGATIONS = ['sum', 'avg', 'min', 'max', 'count'];
const PICKS = ['topk', 'bottomk'];
const OF_COUNTERS = ['rate', 'increase', 'irate'];
const OF_GAUGES = ['delta', 'avg_over_time', 'max_over_time', 'min_over_time'];

/**
 * Reads a query as Prometheus does and judges it by the series there are: functions get the types they need, labels exist, and two
 * sides of an operator have the same labels. The part of the language that our queries use; the rest is refused. Throws
 * with words for whoever wrote the query.
 */
export function judgePromql(query: string, series: ReadonlyMap<string, Series>): Worth {
  return new Reader(promqlWords(query), series).whole();
}

class Reader {
  #at = 0;

  constructor(
    private readonly words: readonly Word[],
    private readonly series: ReadonlyMap<string, Series>,
  ) {}

  whole(): Worth {
    const worth = this.#binary(0);
    if (this.#peek().kind !== 'end') throw new Error(`unexpected ${this.#peek().text}`);
    if (worth.kind === 'range') throw new Error('a range of samples is no answer');
    return worth;
  }

  #binary(level: number): Worth {
    if (level === LEVELS.length) return this.#operand();
    let left = this.#binary(level + 1);
    while (LEVELS[level]!.includes(this.#peek().text)) {
      const operator = this.#take().text;
      this.#maybe('bool');
      const on = this.#maybe('on') ? this.#labels() : null;
      left = join(operator, { left, right: this.#binary(level + 1), on });
    }
    return left;
  }

  #operand(): Worth {
    const word = this.#take();
    if (word.text === '-') return this.#operand();
    if (word.kind === 'number') return SCALAR;
    if (word.text === '(') return this.#closed();
    if (word.kind !== 'name') throw new Error(`unexpected ${word.text || 'end'}`);
    if (AGGREGATIONS.includes(word.text)) return this.#aggregation();
    if (this.#peek().text === '(') return this.#call(word.text);
    return this.#selector(word.text);
  }

  #closed(): Worth {
    const worth = this.#binary(0);
    this.#expect(')');
    return worth;
  }

  #aggregation(): Worth {
    const by = this.#maybe('by') ? this.#labels() : [];
    this.#expect('(');
    const { labels } = vector(this.#closed());
    for (const label of by)
      if (!labels.has(label)) throw new Error(`nothing to aggregate has the label ${label}`);
    return { kind: 'vector', labels: new Set(by), type: 'gauge' };
  }

  #call(name: string): Worth {
    this.#expect('(');
    if (name === 'time') return (this.#expect(')'), SCALAR);
    if (OF_COUNTERS.includes(name)) return rated(name, this.#closed(), 'counter');
    if (OF_GAUGES.includes(name)) return rated(name, this.#closed(), 'gauge');
    if (name === 'absent') return (vector(this.#closed()), { ...SCALAR, kind: 'vector' });
    if (name !== 'histogram_quantile' && !PICKS.includes(name))
      throw new Error(`no function ${name} is known`);
    if (this.#binary(0).kind !== 'scalar') throw new Error(`${name} begins with a number`);
    this.#expect(',');
    const worth = vector(this.#closed());
    if (PICKS.includes(name)) return worth;
    if (!worth.labels.has('le')) throw new Error('histogram_quantile needs buckets, by le');
    return { ...worth, labels: new Set([...worth.labels].filter((label) => label !== 'le')) };
  }

  #selector(name: string): Worth {
    const found = this.series.get(name);
    if (!found) throw new Error(`there is no metric ${name}`);
    if (this.#maybe('{')) this.#matchers(name, found);
    const { labels, type } = found;
    if (!this.#maybe('[')) {
      if (type === 'counter') throw new Error(`${name} is a counter: only its rate says something`);
      return { kind: 'vector', labels, type };
    }
    if (this.#take().kind !== 'duration') throw new Error(`the range of ${name} is no duration`);
    this.#expect(']');
    return { kind: 'range', labels, type };
  }

  #matchers(name: string, { labels }: Series): void {
    do {
      const label = this.#take().text;
      if (!labels.has(label)) throw new Error(`${name} has no label ${label}`);
      const operator = this.#take().text;
      if (!['=', '!=', '=~', '!~'].includes(operator)) throw new Error(`${operator} matches nothing`);
      const value = this.#take();
      if (value.kind !== 'text') throw new Error(`${label} is matched with no text`);
      if (operator.endsWith('~')) new RegExp(JSON.parse(value.text) as string);
    } while (this.#maybe(','));
    this.#expect('}');
  }

  #labels(): string[] {
    this.#expect('(');
    const labels: string[] = [];
    do labels.push(this.#take().text);
    while (this.#maybe(','));
    this.#expect(')');
    return labels;
  }

  #peek(): Word {
    return this.words[this.#at]!;
  }

  #take(): Word {
    const word = this.#peek();
    this.#at += 1;
    if (word.kind === 'end') throw new Error('the query ends too early');
    return word;
  }

  #maybe(text: string): boolean {
    const is = this.#peek().text === text;
    if (is) this.#at += 1;
    return is;
  }

  #expect(text: string): void {
    if (!this.#maybe(text)) throw new Error(`${text} is missing before ${this.#peek().text || 'the end'}`);
  }
}

function vector(worth: Worth): Worth {
  if (worth.kind !== 'vector') throw new Error(`series are needed, not a ${worth.kind}`);
  return worth;
}

function rated(name: string, { kind, type, labels }: Worth, needed: Series['type']): Worth {
  if (kind !== 'range') throw new Error(`${name} needs a range of samples`);
  if (type !== needed) throw new Error(`${name} needs a ${needed}, not a ${type}`);
  return { kind: 'vector', labels, type: 'gauge' };
}

/** Series of two sides meet where their labels are the same: sides of different labels never do. */
function join(
  operator: string,
  { left, right, on }: { left: Worth; right: Worth; on: readonly string[] | null },
): Worth {
  if (left.kind === 'range' || right.kind === 'range')
    throw new Error(`${operator} takes no range of samples`);
  if (left.kind === 'scalar') return right;
  if (right.kind === 'scalar') return left;
  for (const side of [left, right]) {
    const missing = on?.find((label) => !side.labels.has(label));
    if (missing) throw new Error(`one side of ${operator} has no label ${missing}`);
  }
  if (on) return ['and', 'or', 'unless'].includes(operator) ? left : { ...left, labels: new Set(on) };
  const words = [left, right].map(({ labels }) => [...labels].sort().join(','));
  if (words[0] !== words[1]) throw new Error(`${operator} joins {${words[0]}} with {${words[1]}}`);
  return left;
}
