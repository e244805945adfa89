import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvRecords, type CsvRecord } from '../../src/importers/csv-records';

/** Reads a file that arrives in chunks of so many bytes. */
async function read(file: string | Buffer, chunk = 7): Promise<CsvRecord[]> {
  const bytes = Buffer.from(file);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }
  const records: CsvRecord[] = [];
  for await (const part of csvRecords(chunks())) part.records.forEach((record) => records.push(record));
  return records;
}

const cells = (records: readonly CsvRecord[]) =>
  records.map((record) => ('cells' in record ? record.cells : null));
const told = (records: readonly CsvRecord[]) =>
  records.map((record) => `${record.line}: ${'cells' in record ? record.cells.join('|') : record.problem}`);

describe('records of CSV', () => {
  it('are read with their lines', async () => {
    expect(await read('a,b\n1,"two, 2"\n"say ""hi""",\n')).toEqual([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, cells: ['1', 'two, 2'] },
      { line: 3, cells: ['say "hi"', ''] },
    ]);
  });

  it.each([
    ['windows lines', 'a,b\r\n1,2\r\n'],
    ['no newline at the end', 'a,b\n1,2'],
    ['a byte order mark', '\uFEFFa,b\n1,2\n'],
    ['empty lines', 'a,b\n\n1,2\n\n'],
  ])('may come with %s', async (_, file) => {
    expect(cells(await read(file))).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
  });

  it('may span lines, which are counted', async () => {
    expect(told(await read('a,b\n1,"x\ny\nz"\n2,w\n'))).toEqual(['1: a|b', '2: 1|x\ny\nz', '5: 2|w']);
  });

  it('of other languages survive being cut anywhere', async () => {
    expect(told(await read('a,b\ngröße,日本\n', 1))).toEqual(['1: a|b', '2: größe|日本']);
  });

  it('of an empty file are none', async () => {
    expect(await read('')).toEqual([]);
  });
});

describe('a line that is no record', () => {
  it.each([
    ['"x,2', 'opens a quote and never closes it'],
    ['"x"y,2', 'has text behind a closing quote'],
    ['x"y,2', 'has a quote inside of a cell that does not begin with one'],
  ])('%s is told by its number, and nothing else is lost', async (line, problem) => {
    expect(told(await read(`a,b\n1,2\n${line}\n3,4\n"5",6\n7,"8"\n`))).toEqual([
      '1: a|b',
      '2: 1|2',
      `3: ${problem}`,
      '4: 3|4',
      '5: 5|6',
      '6: 7|8',
    ]);
  });

  it('is found out when the quote it opens is closed by the next row', async () => {
    const records = await read('a,b\n1,"2\n3,","4"\n5,6\n');
    expect(told(records).slice(-1)).toEqual(['4: 5|6']);
    expect(told(records)[1]).toMatch(/^2: opens a quote that makes it one record of 3 cells/);
  });

  it('is found out after a megabyte, and the rows below it are read', async () => {
    const rows = 150_000;
    const records = await read(`a,b\n1,"2\n${'3,4444\n'.repeat(rows)}`, 65_536);
    expect(records).toHaveLength(rows + 2);
    expect(records[1]).toEqual({ line: 2, problem: 'opens a quote and never closes it' });
    expect(records.at(-1)).toEqual({ line: rows + 2, cells: ['3', '4444'] });
  });

  it('may be no text at all', async () => {
    const file = Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xc3, 0x28]), Buffer.from('\n3,4\n')]);
    expect(told(await read(file))).toEqual(['1: a|b', '2: is not text in UTF-8', '3: 3|4']);
  });
});

describe('the fast reader', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'ß', ' ', ',', '"', '\n', '\r\n', '1'), maxLength: 6 });
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

  it('agrees with a general parser on everything that is CSV', async () => {
    const file = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 40 }), async (rows, chunk) => {
        const text = rows.map((row) => row.map(quoted).join(',')).join('\n');
        const general: string[][] = parse(text, { relax_column_count: true });
        expect(cells(await read(text, chunk))).toEqual(general);
        expect(general).toEqual(rows);
      }),
    );
  });

  it('accounts for every line of anything', async () => {
    const anything = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '1'), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(anything, fc.integer({ min: 1, max: 20 }), async (text, chunk) => {
        const records = await read(text, chunk);
        expect(records).toEqual(await read(text, 1_000));
        const filled = text.split('\n').flatMap((line, index) => (line === '' ? [] : [index + 1]));
        const first = new Set(records.map(({ line }) => line));
        // A line is the first of its record, or is held by the cells of the record above it.
        const held = records.flatMap((record) => {
          const below = 'cells' in record ? record.cells.join('').split('\n').length - 1 : 0;
          return Array.from({ length: below }, (__, index) => record.line + index + 1);
        });
        expect(filled.filter((line) => !first.has(line) && !held.includes(line))).toEqual([]);
      }),
    );
  });
});
