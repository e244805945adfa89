/** A word of a query, with what kind of word it is. */
export interface Word {
  readonly kind: 'number' | 'duration' | 'text' | 'name' | 'sign' | 'end';
  readonly text: string;
}

const KINDS: readonly (readonly [Word['kind'], RegExp])[] = [
  ['duration', /(?:\d+(?:ms|[smhdwy]))+(?![\w.])/y],
  ['number', /(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.])/iy],
  ['text', /"(?:[^"\\\n]|\\.)*"/y],
  ['name', /[a-zA-Z_][a-zA-Z0-9_:]*/y],
  ['sign', /==|!=|>=|<=|=~|!~|[-+*/%^(){}[\],=<>]/y],
];

/** The words of a query; throws at the first thing that is none. */
export function promqlWords(query: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < query.length;) {
    if (/\s/.test(query[at]!)) {
      at += 1;
      continue;
    }
    const word = wordAt(query, at);
    words.push(word);
    at += word.text.length;
  }
  return [...words, { kind: 'end', text: '' }];
}

function wordAt(query: string, at: number): Word {
  for (const [kind, pattern] of KINDS) {
    pattern.lastIndex = at;
    const found = pattern.exec(query);
    if (found) return { kind, text: found[0] };
  }
  throw new Error(`no word of PromQL begins at: ${query.slice(at)}`);
}
