import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { freePort } from '../support/app';
import { readBooks } from '../support/books';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';
import { eventually, TestProcess } from '../support/processes';
import { SAMPLE } from './sample';

const ADMIN_KEY = 'Tq7-admin-key-of-a-test-run-0123456789';
const PEPPER = 'Wm4-pepper-of-a-test-run-0123456789abcdef';

let folder: string;
let database: TestDatabase;
const running: TestProcess[] = [];

beforeEach(async () => {
  folder = join(tmpdir(), `focus-${process.pid}-${process.hrtime.bigint()}`);
  mkdirSync(folder, { mode: 0o755 });
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
  await database.drop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

const onDatabase = (): NodeJS.ProcessEnv => ({
  DATABASE_URL: database.url,
  ADMIN_API_KEY: ADMIN_KEY,
  API_KEY_PEPPER: PEPPER,
  DATABASE_ALLOW_UNSAFE: 'true',
});

function tallyhouse(args: readonly string[], env: NodeJS.ProcessEnv = onDatabase()): TestProcess {
  const child = new TestProcess('src/cli/tallyhouse.ts', args, env);
  running.push(child);
  return child;
}

async function run(args: readonly string[], env?: NodeJS.ProcessEnv) {
  const child = tallyhouse(args, env);
  return { code: await child.exited, output: child.output };
}

/** The sample over and over, each row under an id of its own. */
function longBill(times: number): string {
  const [header, ...rows] = readFileSync(SAMPLE, 'utf8').trimEnd().split('\n');
  const id = /,(\d+),("[^"]*","[^"]*","[^"]*","[^"]*","[^"]*",(?:NULL|"(?:[^"]|"")*"))$/;
  const copies = Array.from({ length: times }, (_, copy) =>
    rows.map((row) => row.replace(id, `,${copy}-$1,$2`)),
  );
  const path = join(folder, 'long.csv');
  writeFileSync(path, [header, ...copies.flat(), ''].join('\n'));
  return path;
}

const storedEvents = (): Promise<number> =>
  withClient(database.url, async (client) => {
    const { rows } = await client.query<{ n: string }>('select count(*) as n from event_key');
    return Number(rows[0]!.n);
  });

describe('tallyhouse import focus', () => {
  it('tells what became of every row, writes the report, and ends with 0', async () => {
    const report = join(folder, 'report.json');
    const first = await run(['import', 'focus', SAMPLE, '--report', report]);
    expect(first.output).toMatch(
      /rows read +1,000\nrecorded +987\nduplicate +0 .*\nrefused +13\ndiffering +26 /,
    );
    expect(first.output).toContain('line 458 (2555992): refused: ListUnitPrice: is missing');
    expect(first.code).toBe(0);
    const { rows, summary } = JSON.parse(readFileSync(report, 'utf8')) as { rows: object[]; summary: object };
    expect(rows).toHaveLength(39);
    expect(summary).toMatchObject({ rows: 1_000, recorded: 987, refused: 13, differing: 26 });

    const packed = join(folder, 'sample.csv.gz');
    writeFileSync(packed, gzipSync(readFileSync(SAMPLE)));
    const again = await run(['import', 'focus', packed]);
    expect([again.code, again.output]).toEqual([0, expect.stringMatching(/recorded +0\nduplicate +987 /)]);
  });

  it('killed in the middle is simply run again: nothing is lost and nothing counts twice', async () => {
    const path = longBill(12);
    const killed = tallyhouse(['import', 'focus', path]);
    await eventually(async () => (await storedEvents()) >= 1_000, 'the first thousand rows');
    killed.kill('SIGKILL');
    expect(await killed.exited).toBe('SIGKILL');
    const before = await storedEvents();
    expect(before).toBeLessThan(12 * 987);

    const { code, output } = await run(['import', 'focus', path]);
    expect(code).toBe(0);
    const [, recorded, duplicate] = /recorded +([\d,]+)\nduplicate +([\d,]+)/
      .exec(output)!
      .map((text) => text.replace(',', ''));
    expect(Number(recorded) + Number(duplicate)).toBe(12 * 987);
    const books = await readBooks(database.url);
    expect([books.events, books.keys]).toEqual([12 * 987, 12 * 987]);
    const whole = await withClient(database.url, (client) =>
      client.query(
        'select (select sum(sum) from usage_counter) = (select sum(quantity) from usage_event) as same',
      ),
    );
    expect(whole.rows).toEqual([{ same: true }]);
  });

  it('works on the embedded Postgres beside the service that runs it, and the service knows what came', async () => {
    const [api, grpc] = [await freePort(), await freePort()];
    const env = {
      ...{ DATA_DIR: folder, EMBEDDED_SHARED_BUFFERS: '16MB', ADMIN_API_KEY: ADMIN_KEY },
      ...{ API_PORT: String(api), GRPC_PORT: String(grpc) },
    };
    const service = new TestProcess('src/main.ts', [], env);
    running.push(service);
    await service.says(/Tallyhouse is open\./);
    const { code, output } = await run(['import', 'focus', SAMPLE], env);
    expect([code, output]).toEqual([0, expect.stringMatching(/recorded +987\n/)]);
    const overTheDoor = await run(['import', 'focus', SAMPLE, '--url', `http://127.0.0.1:${api}`], env);
    expect([overTheDoor.code, overTheDoor.output]).toEqual([
      0,
      expect.stringMatching(/recorded +0\nduplicate +987 /),
    ]);
    const account = await fetch(`http://127.0.0.1:${api}/api/v1/accounts/focus:11353890204`, {
      headers: { 'x-api-key': ADMIN_KEY },
    });
    expect(account.status).toBe(200);
    service.kill('SIGTERM');
    expect(await service.exited).toBe(0);
  });

  it.each([
    [
      'a file that is not there',
      ['missing.csv'],
      /missing\.csv cannot be read as a FOCUS bill: there is no such file/,
    ],
    [
      'a file without the columns of a bill',
      ['other.csv'],
      /cannot be read as a FOCUS bill: The header lacks BillingCurrency/,
    ],
    ['gzip that is none', ['other.csv.gz'], /cannot be read as a FOCUS bill/],
    ['no file', [], /Which file\?/],
    ['an option nobody knows', ['other.csv', '--force'], /Unknown option '--force'/],
  ])('ends with 2 for %s', async (_, args, message) => {
    for (const name of ['other.csv', 'other.csv.gz']) writeFileSync(join(folder, name), 'Id,Name\n1,2\n');
    const [file, ...rest] = args;
    const { code, output } = await run(['import', 'focus', ...(file ? [join(folder, file), ...rest] : [])]);
    expect([code, output]).toEqual([2, expect.stringMatching(message)]);
  });

  it('ends with 1 when the service does not let it in', async () => {
    const port = await freePort();
    const env = { ...onDatabase(), API_PORT: String(port), GRPC_PORT: String(await freePort()) };
    const service = new TestProcess('src/main.ts', [], env);
    running.push(service);
    await service.says(/Tallyhouse is open\./);
    const args = ['import', 'focus', SAMPLE, '--url', `http://127.0.0.1:${port}`, '--api-key', 'wrong'];
    const { code, output } = await run(args);
    expect([code, output]).toEqual([1, expect.stringContaining('recorded               0')]);
    expect(await storedEvents()).toBe(0);
  });
});

describe('tallyhouse export focus', () => {
  it('writes a file when it is whole, or to standard output, and tells what it left out', async () => {
    await run(['import', 'focus', SAMPLE]);
    const out = join(folder, 'out.csv');
    const written = await run([
      'export',
      'focus',
      '--by',
      'period',
      '--from',
      '2024-09-01',
      '--to',
      '2024-10-01',
      '--out',
      out,
    ]);
    expect([written.code, written.output]).toEqual([0, '']);
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    expect(lines[0]).toMatch(/^BilledCost,BillingAccountId,/);
    const printed = await run(['export', 'focus', '--by', 'period', '--account', 'focus:11353890204']);
    expect(printed.code).toBe(0);
    expect(printed.output.trimEnd().split('\n').slice(1)).toEqual(
      lines.filter((line) => line.includes(',focus:11353890204,')),
    );
  });

  it.each([
    ['an account that is none', ['--account', 'shop'], 2, /--account: must be scheme:value/],
    ['a date that is none', ['--from', '2024-09-31'], 2, /--from: has no day 31/],
    ['half a day', ['--from', '2024-09-01T12:00:00Z'], 2, /--from: must be a date/],
    [
      'a stretch that is none',
      ['--from', '2024-09-01', '--to', '2024-09-01'],
      2,
      /--to: must be after --from/,
    ],
    ['an account nobody knows', ['--account', 'org:nobody'], 1, /No account org:nobody/],
  ])('ends badly for %s', async (_, args, expected, message) => {
    const { code, output } = await run(['export', 'focus', ...args]);
    expect([code, output]).toEqual([expected, expect.stringMatching(message)]);
  });
});
