import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestApp, TEST_ADMIN_KEY, type TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { TestProcess } from '../support/processes';
import { Rest } from '../support/rest';

let app: TestApp;
let folder: string;

beforeAll(async () => {
  app = await startTestApp();
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

async function tallyhouse(...args: string[]): Promise<{ code: unknown; output: string }> {
  const child = new TestProcess('src/cli/tallyhouse.ts', args, {
    DATABASE_URL: app.databaseUrl,
    ADMIN_API_KEY: TEST_ADMIN_KEY,
    API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef',
    DATABASE_ALLOW_UNSAFE: 'true',
  });
  return { code: await child.exited, output: child.output };
}

describe('tallyhouse job', () => {
  it('runs a job, and lists what became of it', async () => {
    expect(await tallyhouse('job', 'run', 'rollup')).toMatchObject({
      ...{ code: 0, output: expect.stringMatching(/^rollup ran for \d+ ms\n$/) },
    });
    const { output } = await tallyhouse('job', 'list');
    expect(output).toMatch(/^rollup +every 5 s +last \d{4}-/m);
    expect(await tallyhouse('job', 'run', 'nothing')).toMatchObject({ code: 1, output: 'No job nothing\n' });
    expect((await tallyhouse('job', 'walk')).code).toBe(2);
  });
});

describe('tallyhouse audit', () => {
  it('says that the chains are whole, or which row is the first broken one', async () => {
    const rest = new Rest(app.rest, app.adminKey);
    for (const unit of ['calls', 'requests', 'hits'])
      await rest.put('/api/v1/meters/calls', { unit, aggregation: 'sum' });
    const heads = await tallyhouse('audit', 'heads');
    const { account, sequence } = JSON.parse(heads.output) as Record<string, string>;
    expect(account).toBe('installation');
    expect(await tallyhouse('audit', 'verify')).toEqual({
      code: 0,
      output: `1 chains with ${sequence} rows are whole.\n`,
    });
    const file = join(folder, 'heads');
    writeFileSync(file, heads.output);
    expect((await tallyhouse('audit', 'verify', '--heads', file)).code).toBe(0);
    await withClient(app.databaseUrl, (client) =>
      client.query(
        `alter table audit_entry disable trigger user; update audit_entry set actor = 'x' where sequence = 2`,
      ),
    );
    expect(await tallyhouse('audit', 'verify', '--account', 'installation')).toEqual({
      code: 1,
      output: 'installation: broken at row 2: its content differs from its hash\n1 of 1 chains are broken.\n',
    });
    expect((await tallyhouse('audit', 'verify', '--account', 'org:nobody')).output).toBe(
      'No account org:nobody\n',
    );
    expect((await tallyhouse('audit')).code).toBe(2);
  });
});
