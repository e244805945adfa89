import fc from 'fast-check';

type Json = Record<string, unknown>;
type Change = (body: Json) => Json;

/** Texts on both sides of every limit, counted in letters and in letters that need two units each. */
const LENGTHS = [0, 1, 100, 101, 127, 128, 255, 256, 1_000, 1_001, 2_000, 2_001];
const anySized = fc
  .tuple(fc.constantFrom('x', 'é', '🙂'), fc.constantFrom(...LENGTHS))
  .map(([letter, length]) => letter.repeat(length));
const anyUnit = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 3 });
const anyText = fc.oneof(
  anySized,
  fc.string(),
  anyUnit.map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom('a\nb', 'a\u0000b', 'a\u0085b', '\ud83d', 'a\ude42', ' ', '__proto__', 'constructor'),
);
const anyName = fc.oneof(fc.stringMatching(/^[a-z0-9._-]{1,20}$/), fc.uuid(), fc.constant('🙂'.repeat(255)));

const anyQuantity = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '-1',
    '007.10',
    '0.000000000000001',
    '9'.repeat(23),
    0,
    -0,
    1,
    -1,
    1e15,
    2 ** 53 - 1,
  ),
  fc.integer(),
);
const wrongQuantity = fc.constantFrom<unknown>(
  '',
  '+1',
  '1e3',
  '.5',
  '5.',
  '1,0',
  '1\n',
  '9'.repeat(24),
  `0.${'0'.repeat(16)}`,
  0.5,
  2 ** 53,
  -(2 ** 53),
  1e300,
  1e-9,
);
const anyInstant = fc.constantFrom(
  '2024-01-01T00:00:00Z',
  '2024-01-01t00:00:00.123456789+05:30',
  '2016-12-31T23:59:60z',
  '2023-02-30T00:00:00Z',
);
const wrongInstant = fc.constantFrom(
  '2024-01-01',
  '2024-01-01T24:00:00Z',
  '2024-13-01T00:00:00Z',
  '1704067200',
);
const anyAccount = fc.constantFrom('org:acme', `user:${'x'.repeat(200)}`, `${'o'.repeat(32)}:a`, 'team:a:b');
const wrongAccount = fc.constantFrom(
  'acme',
  'Org:acme',
  'org:',
  'org:a b',
  `org:${'x'.repeat(201)}`,
  'org:é',
);

const anyProperties = fc.dictionary(fc.oneof(anyName, anySized), fc.jsonValue({ maxDepth: 3 }), {
  maxKeys: 4,
});
const anyAttributes = fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), anyText, { maxKeys: 3 });

const anyValid: fc.Arbitrary<Json> = fc.record(
  {
    id: anyName,
    account: anyAccount,
    kind: fc.constantFrom('usage', 'void', 'amend'),
    source: fc.oneof(anyName, fc.constant('')),
    type: anyName,
    occurred_at: anyInstant,
    quantity: anyQuantity,
    resource: anyName,
    subject: fc.record({ id: anyName, attributes: anyAttributes }, { requiredKeys: ['id'] }),
    properties: anyProperties,
    target: fc.record({ id: anyName, source: anyName }, { requiredKeys: ['id'] }),
    reason: fc.string(),
  },
  { requiredKeys: ['id', 'account'] },
);

const FIELDS = ['id', 'account', 'kind', 'source', 'type', 'occurred_at', 'quantity', 'resource', 'reason'];
const NESTED = ['subject', 'target', 'properties'];

const anyValue = fc.oneof(
  anyText,
  wrongQuantity,
  wrongInstant,
  wrongAccount,
  fc.constantFrom<unknown>(null, true, [], {}, [1], { id: 'a' }, { id: null }, 'USAGE'),
);

/** One thing done to a body: a member set to anything, taken away, or added where none belongs. */
const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...FIELDS, ...NESTED), anyValue)
    .map(([name, value]) => (body: Json) => ({ ...body, [name]: value })),
  fc.constantFrom('id', 'account').map(
    (name) =>
      ({ [name]: _gone, ...rest }: Json) =>
        rest,
  ),
  fc
    .tuple(fc.constantFrom('Id', 'time', 'constructor', '', 'x'.repeat(200)), anyValue)
    .map(([name, value]) => (body: Json) => ({ ...body, [name]: value })),
  fc
    .tuple(
      fc.constantFrom('subject', 'target'),
      fc.constantFrom('id', 'source', 'attributes', 'age'),
      anyValue,
    )
    .map(([nested, name, value]) => (body: Json) => ({
      ...body,
      [nested]: { id: 'a', ...(body[nested] as Json | undefined), [name]: value },
    })),
  fc.tuple(anyText, anyText).map(([name, value]) => (body: Json) => ({
    ...body,
    subject: { id: 'a', attributes: { [name]: value } },
  })),
  fc
    .tuple(anyText, fc.jsonValue())
    .map(([name, value]) => (body: Json) => ({ ...body, properties: { [name]: value } })),
);

/** A body of the native door, valid or with up to two things changed; always something that JSON can carry. */
export const anyEventBody: fc.Arbitrary<unknown> = fc
  .tuple(anyValid, fc.array(anyChange, { maxLength: 2 }))
  .map(([body, changes]) => changes.reduce((changed, change) => change(changed), body))
  .map((body): unknown => JSON.parse(JSON.stringify(body)));
