import { ZERO } from '../../src/core/quantity';
import { readCostCenter } from '../../src/importers/gitpod-cost-center';
import { readGitpodTime } from '../../src/importers/gitpod-time';
import { readUsageRow, transferOf } from '../../src/importers/gitpod-usage';
import { growingFile } from '../../src/importers/growing-file';
import { tableRows, type TableRow } from '../../src/importers/table-file';
import { UnreadableFile } from '../../src/importers/unreadable-file';
import { team, uuid } from '../support/gitpod-world';
import { ExportFolder, type Row } from './gitpod-tables';

const TIME = '2026-01-10T09:00:00.000Z';

describe('a time of the tables', () => {
  it.each([
    ['TM-3', '2019-05-10T09:54:28.185Z', '2019-05-10T09:54:28.185Z'],
    ['with an offset', '2019-05-10T11:54:28+02:00', '2019-05-10T09:54:28.000Z'],
    ['as MySQL writes its own', '2019-05-10 09:54:28.185999', '2019-05-10T09:54:28.185Z'],
    ['a day', '2019-05-10', '2019-05-10T00:00:00.000Z'],
  ])('is read: %s', (_, text, instant) => {
    expect(new Date(readGitpodTime(text, 'at')!).toISOString()).toBe(instant);
  });

  it.each(['', ' ', '0001-01-01T00:00:00Z', '0000-00-00 00:00:00'])('%j is unset', (text) => {
    expect(readGitpodTime(text, 'at')).toBeNull();
  });

  it('is refused by the name of its column', () => {
    expect(() => readGitpodTime('2019-02-30', 'startedTime')).toThrow('startedTime: has no day 30');
  });
});

function transfer(kind: string, creditCents: string, row: Record<string, string> = {}) {
  const fixed = { id: uuid(1), attributionId: team(1), effectiveTime: TIME };
  const { postings, note } = transferOf(readUsageRow({ ...fixed, kind, creditCents, ...row }), []);
  const moves = postings.map((each) => `${each.kind} ${each.debit} ${each.credit} ${each.source}`);
  return { moves, credits: note?.credits, owed: postings[0]?.amount ?? ZERO };
}

describe('a row of the ledger', () => {
  const SOURCE = `gitpod:${uuid(1)}`;
  const NOTE = `usage-credit-note:${uuid(1)}`;

  it.each([
    ['invoice', '-500', `invoice settlement receivable ${SOURCE}`, undefined],
    ['invoice', '500', `adjustment receivable adjustments ${SOURCE}`, undefined],
    ['creditnote', '-500', `usage_credit_note adjustments receivable ${NOTE}`, 5],
    ['creditnote', '500', `usage_credit_note receivable adjustments ${NOTE}`, -5],
    ['creditnote', '-550', `usage_credit_note adjustments receivable ${SOURCE}`, undefined],
  ])('%s of %s cents', (kind, cents, move, credits) => {
    const { moves, ...rest } = transfer(kind, cents);
    expect([moves, rest.credits]).toEqual([[move], credits]);
  });

  it('CN-5: a note of nothing moves nothing and is kept', () => {
    expect(transfer('creditnote', '0')).toEqual({ moves: [], credits: 0, owed: ZERO });
  });

  it.each([
    ['a debt, when the version just after it begins to pay', ['other', 'stripe'], 20, 'debt_settled'],
    ['a new cycle, when who pays had paid before', ['stripe', 'stripe'], 20, 'allowance_reset'],
    ['a new cycle, when somebody began to pay much later', ['other', 'stripe'], 60_001, 'allowance_reset'],
    ['a new cycle, when its own version came before', ['other', 'other'], -5, 'allowance_reset'],
  ] as const)('Credits: %s', (_, strategies, afterMs, kind) => {
    const at = Date.parse(TIME);
    const history = strategies.map((billingStrategy, n) => {
      const creationTime = new Date(n === 0 ? at - 86_400_000 : at + afterMs).toISOString();
      return readCostCenter({ id: team(1), creationTime, billingStrategy }).version;
    });
    const cells = { id: uuid(1), attributionId: team(1), kind: 'invoice', creditCents: '-400' };
    const row = readUsageRow({ ...cells, effectiveTime: TIME, description: 'Credits' });
    expect(transferOf(row, history).postings.map((each) => each.kind)).toEqual([kind]);
  });
});

describe('a row of a cost centre', () => {
  const read = (row: Record<string, string>) =>
    readCostCenter({ id: team(1), creationTime: TIME, billingStrategy: 'other', ...row }).version;

  it('keeps its cycle, and the next ones are counted from its end', () => {
    const cycle = {
      billingCycleStart: '2026-01-31T10:00:00.000Z',
      nextBillingTime: '2026-03-03T10:00:00.000Z',
    };
    expect(read({ ...cycle, spendingLimit: '500' })).toMatchObject({
      spendingLimit: 500,
      cycle: { from: new Date(cycle.billingCycleStart), to: new Date(cycle.nextBillingTime) },
    });
    expect(read(cycle).cycle.anchor).toEqual(new Date(cycle.nextBillingTime));
  });

  it('of the time before cycles begins one when it was made', () => {
    expect(read({}).cycle).toEqual({
      ...{ anchor: new Date(TIME), from: new Date(TIME), to: new Date('2026-02-10T09:00:00.000Z') },
    });
  });

  it.each(['-1', '2147483648', '1.5'])('with a limit of %s is refused', (spendingLimit) => {
    expect(() => read({ spendingLimit })).toThrow('spendingLimit: must be a whole number of 0 to 2147483647');
  });
});

async function rowsOf(text: string, format: 'csv' | 'ndjson'): Promise<TableRow[]> {
  // Cut in the middle of lines and signs, as chunks of files are.
  const bytes = Buffer.from(text);
  const chunks = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5);
  };
  const rows: TableRow[] = [];
  for await (const part of tableRows(chunks(), format, ['id'])) rows.push(...part.rows);
  return rows;
}

describe('a table in a file', () => {
  const cells = (row: Row): Row => row;

  it('is read alike as CSV and as NDJSON, with the lines of its rows', async () => {
    const expected = [
      { line: 2, cells: cells({ id: 'ü', note: 'a,"b"', flag: '1' }) },
      { line: 3, cells: cells({ id: 'x', note: '', flag: '' }) },
    ];
    expect(await rowsOf('id,note,flag\nü,"a,""b""",1\r\nx,\\N,NULL', 'csv')).toEqual(expected);
    const json = '\n{"id":"ü","note":"a,\\"b\\"","flag":true}\n{"id":"x","note":null,"flag":""}';
    expect(await rowsOf(json, 'ndjson')).toEqual(expected);
  });

  it('tells a row that has not the cells of the header', async () => {
    expect(await rowsOf('id,note\nx\n', 'csv')).toEqual([
      { line: 2, problem: 'has 1 cells, the header has 2' },
    ]);
  });
});

describe('a file that is followed', () => {
  it('must not become shorter', async () => {
    const folder = new ExportFolder();
    try {
      const lines = growingFile(folder.write('a.csv', 'one\ntwo\n'), new AbortController().signal);
      expect((await lines.next()).value!.toString()).toBe('one\ntwo\n');
      expect((await lines.next()).value).toHaveLength(0);
      folder.write('a.csv', 'one\n');
      await expect(lines.next()).rejects.toThrow(new UnreadableFile('the file became shorter'));
    } finally {
      folder.remove();
    }
  });
});
