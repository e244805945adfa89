/** Values nobody should send: each has been somebody's bug somewhere. */
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  -0,
  9_007_199_254_740_991,
  '',
  ' ',
  'NaN',
  'Infinity',
  '1e5',
  '-0.1',
  '1'.repeat(24),
  `0.${'1'.repeat(16)}`,
  '１２',
  'x'.repeat(300),
  '\u0000',
  '\ud800',
  'a\nb',
  "'; drop table usage_event; --",
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '0001-01-01T00:00:00Z',
  'org:',
  ':x',
  'org:a b',
  'constructor',
  '__proto__',
  [],
  [[]],
  {},
  { toString: 1 },
  { $ne: null },
  [null],
];

/** Draws from a list. */
export type Random = () => number;
export const pick = <T>(items: readonly T[], random: Random): T =>
  items[Math.floor(random() * items.length)]!;

/** A value of its own: a later spoiling that descends into it must not change the list. */
const spoiler = (random: Random): unknown => structuredClone(pick(VALUES, random));

/** The same object with one to three of its members (at any depth) spoilt, removed or added. */
export function spoilt(body: unknown, random: Random): unknown {
  let result: unknown = structuredClone(body);
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) result = spoiltOnce(result, random);
  return result;
}

function spoiltOnce(body: unknown, random: Random): unknown {
  if (typeof body !== 'object' || body === null || random() < 0.05) return spoiler(random);
  const object = body as Record<string, unknown>;
  const name = pick([...Object.keys(object), 'unheard_of'], random);
  const how = random();
  if (how < 0.15) delete object[name];
  else if (how < 0.35 && typeof object[name] === 'object') object[name] = spoiltOnce(object[name], random);
  else object[name] = spoiler(random);
  return object;
}

/** A body as bytes, now and then broken in a way JSON cannot express. */
export function bytesOf(body: unknown, random: Random): Buffer {
  const json = Buffer.from(JSON.stringify(body) ?? '');
  const how = random();
  if (how < 0.03) return Buffer.from(`${'['.repeat(1_000)}1${']'.repeat(1_000)}`);
  if (how < 0.05) return json.subarray(0, Math.floor(random() * json.length));
  if (how < 0.08) return Buffer.concat([json.subarray(0, -1), Buffer.from([0xff, 0xfe, 0x7d])]);
  if (how < 0.09) return Buffer.from('{"__proto__":{"x":1},"id":"p"}');
  if (how < 0.1) return Buffer.from(`{"id":"${'x'.repeat(1_048_576)}"}`);
  if (how < 0.12) return Buffer.from('{"id":NaN}');
  return json;
}
