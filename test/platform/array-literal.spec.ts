import fc from 'fast-check';
import type { Client } from 'pg';
import { lines, plainArray, textArray } from '../../src/platform/array-literal';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';

const same = <T>(value: T): T => value;

/** Text that Postgres can store: no NUL, no half of a surrogate pair. */
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', ',', '{', '}', "'", ' ', '\n', '\t', 'N', 'U', 'L', 'é', '🙂'),
  }),
  fc.constantFrom('', 'NULL', 'null', '{}', '{"a"}', '\\"', '""', '\\N', '\u0001', '\u2028', '\r\n', ' a '),
);

describe('an array literal', () => {
  it.each<[readonly (string | number | bigint | null)[], string]>([
    [[], '{}'],
    [[1], '{1}'],
    [[1, -2.5, 10n ** 30n], '{1,-2.5,1000000000000000000000000000000}'],
    [[null, 0, null], '{NULL,0,NULL}'],
    [['0.000000000000001', null], '{0.000000000000001,NULL}'],
  ])('of %p is %s', (values, literal) => {
    expect(plainArray(values, same)).toBe(literal);
  });

  it.each<[readonly (string | null)[], string]>([
    [[], '{}'],
    [['a', 'b'], '{"a","b"}'],
    [[''], '{""}'],
    [[null], '{NULL}'],
    [['NULL'], '{"NULL"}'],
    [['say "hi"'], '{"say \\"hi\\""}'],
    [['a\\b'], '{"a\\\\b"}'],
    [['{a,b}'], '{"{a,b}"}'],
    [['two\nlines'], '{"two\nlines"}'],
  ])('of the texts %j is %s', (values, literal) => {
    expect(textArray(values, same)).toBe(literal);
  });

  it('takes its values out of rows', () => {
    const rows = [
      { id: 1, name: 'a' },
      { id: 2, name: null },
    ];
    expect(plainArray(rows, (row) => row.id)).toBe('{1,2}');
    expect(textArray(rows, (row) => row.name)).toBe('{"a",NULL}');
  });
});

describe('lines', () => {
  it.each<[readonly (string | null)[], string]>([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a\nb'],
    [['a', null, '', 'b'], 'a\n\n\nb'],
    [['say "hi" \\ {a,b}'], 'say "hi" \\ {a,b}'],
  ])('of %j are %j', (values, text) => {
    expect(lines(values, same)).toBe(text);
  });

  it('hold no line break', () => {
    expect(() => lines(['a', 'b\nc'], same)).toThrow(RangeError);
    expect(lines(['a\r', 'b'], same)).toBe('a\r\nb');
  });
});

describe('what Postgres reads', () => {
  let database: TestDatabase;
  let stop: () => void;
  let client: Client;
  let open: Promise<void>;

  beforeAll(async () => {
    database = await createTestDatabase();
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    await new Promise<void>((ready) => {
      open = withClient(database.url, (own) => {
        client = own;
        ready();
        return stopped;
      });
    });
  });
  afterAll(async () => {
    stop();
    await open;
    await database.drop();
  });

  /** The elements of an array parameter, each as text, as a statement that unnests it sees them. */
  async function elements(parameter: string, array: string): Promise<(string | null)[]> {
    const text = `select element::text from unnest(${array}) with ordinality as u(element, at) order by at`;
    const { rows } = await client.query<{ element: string | null }>(text, [parameter]);
    return rows.map((row) => row.element);
  }

  it('of any texts is the same texts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(anyText)), async (texts) => {
        expect(await elements(textArray(texts, same), '$1::text[]')).toEqual(texts);
      }),
      { numRuns: 300 },
    );
  });

  it('of any decimals, uuids and integers is the same', async () => {
    const anyDecimal = fc
      .tuple(fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n }), fc.stringMatching(/^\d{15}$/))
      .map(([whole, fraction]) => `${whole}.${fraction}`)
      .filter((text) => !text.startsWith('-0') && text !== '0.000000000000000');
    const anyInteger = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(anyDecimal)),
        fc.array(fc.option(fc.uuid())),
        fc.array(fc.option(anyInteger)),
        async (decimals, uuids, integers) => {
          expect(await elements(plainArray(decimals, same), '$1::numeric[]')).toEqual(decimals);
          expect(await elements(plainArray(uuids, same), '$1::uuid[]')).toEqual(uuids);
          expect(await elements(plainArray(integers, same), '$1::bigint[]')).toEqual(
            integers.map((value) => (value === null ? null : `${value}`)),
          );
        },
      ),
    );
  });

  it('of JSON texts is the same JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1 }), async (values) => {
        const texts = values.map((value) => JSON.stringify(value));
        expect(await elements(textArray(texts, same), '$1::json[]')).toEqual(texts);
      }),
    );
  });

  it('of lines is one element a line, empty for nothing', async () => {
    const anyLine = anyText.map((text) => text.replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(anyLine), { minLength: 2 }), async (texts) => {
        const read = await elements(lines(texts, same), String.raw`string_to_array($1, E'\n')`);
        expect(read).toEqual(texts.map((text) => text ?? ''));
      }),
      { numRuns: 200 },
    );
  });

  it('of a single empty line is no element at all, which beside other columns is null', async () => {
    expect(await elements(lines([null], same), String.raw`string_to_array($1, E'\n')`)).toEqual([]);
    const { rows } = await client.query(
      String.raw`select id, nullif(name, '') as name from unnest($1::int[], string_to_array($2, E'\n')) as u(id, name)`,
      [plainArray([7], same), lines([''], same)],
    );
    expect(rows).toEqual([{ id: 7, name: null }]);
  });
});
