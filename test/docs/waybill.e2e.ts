import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { fillSmall, WaybillTables } from '../importers/waybill-tables';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { TestProcess } from '../support/processes';

const ROOT = resolve(__dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'waybill.md'), 'utf8');
const run = promisify(execFile);

/** As an installation has it, but from the sources. */
const NPX = `npx() { shift; "${process.execPath}" -r "${ROOT}/test/support/register.cjs" "${ROOT}/src/cli/tallyhouse.ts" "$@"; }`;

/** The commands of the blocks marked as tour, each with the output printed below it. */
function steps(): { command: string; output: string }[] {
  const blocks = [...PAGE.matchAll(/<!-- tour -->\s*```console\n\$ ([^\n]+)\n([\s\S]*?)```/g)];
  return blocks.map(([, command, output]) => ({ command: command!, output: output!.trimEnd() }));
}

let tables: WaybillTables;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-'));
  tables = await WaybillTables.make('W1');
  database = await createTestDatabase();
  const small = await fillSmall(tables);
  await tables.events(small.w12, [
    {
      ...{ at: '2026-04-16T10:00:00Z', type: 'addon.ready', metrics: { storage_gb: 10 } },
      id: '3f0e3c5e-8a4f-4f6c-9b1d-0c9a1c2b7e55',
    },
  ]);
  env = {
    ...{ DATABASE_URL: database.url, ADMIN_API_KEY: 'Tq7-admin-key-of-a-test-run-0123456789' },
    ...{ API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef', DATABASE_ALLOW_UNSAFE: 'true' },
  };
});
afterAll(async () => {
  await database.drop();
  await tables.drop();
  rmSync(folder, { recursive: true });
});

it('docs/waybill.md prints what its commands really answer', async () => {
  expect(steps().length).toBe(3);
  for (const { command, output } of steps()) {
    const { stdout } = await run('bash', ['-c', `${NPX}\n${command}`], {
      cwd: folder,
      env: { ...process.env, ...env, WAYBILL: tables.url },
    });
    expect({ command, stdout: stdout.trimEnd() }).toEqual({ command, stdout: output });
  }
});

it.each([
  ['no database', [], 2, /--from: which database\?/],
  ['an address that is none', ['--from', 'mysql://localhost/x'], 2, /--from: must be postgres:/],
  [
    'a time that is none',
    ['--from', 'postgres://localhost/x', '--since', 'yesterday'],
    2,
    /--since: must be/,
  ],
  ['an option nobody knows', ['--force'], 2, /Unknown option '--force'/],
  ['a service without a key', ['--to', 'http://127.0.0.1:1', '--api-key', ''], 2, /--to needs --api-key/],
  ['a service that is not there', ['--to', 'nowhere', '--api-key', 'k'], 2, /--to: nowhere is no address/],
])('import waybill ends badly for %s', async (_, args, code, message) => {
  const from = args.includes('--to') ? ['--from', tables.url] : [];
  const child = new TestProcess('src/cli/tallyhouse.ts', ['import', 'waybill', ...from, ...args], env);
  expect([await child.exited, child.output]).toEqual([code, expect.stringMatching(message)]);
});

it('import waybill ends with 2 where there is no Waybill', async () => {
  const child = new TestProcess(
    'src/cli/tallyhouse.ts',
    ['import', 'waybill', '--from', database.url, '--dry-run'],
    env,
  );
  expect([await child.exited, child.output]).toEqual([
    2,
    expect.stringContaining('cannot be read as a Waybill: there is no table usage_events'),
  ]);
});
