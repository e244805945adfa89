import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PlantedTree, runIn } from './planted-tree';

const PROTO = 'proto/metering/v1/metering.proto';

describe('the generator', () => {
  let tree: PlantedTree;

  /** Runs it where no Go toolchain can be found, so that it takes the same time everywhere. */
  function generate(...args: string[]) {
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:/usr/bin:/bin` };
    return runIn(tree.folder, [process.execPath, 'proto/generate.mjs', ...args], env);
  }

  function edit(path: string, from: string, to: string): void {
    const file = join(tree.folder, path);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  }

  beforeEach(() => {
    tree = new PlantedTree();
    tree.copy('proto', 'buf.yaml', 'buf.gen.yaml', 'buf.gen.go.yaml', 'src/generated');
    tree.copy('clients/typescript/generated', 'clients/go/contracts.sha256').linkPackages();
  });
  afterEach(() => tree.remove());

  it('finds what is committed in step with the contracts, and says when it cannot see to Go', () => {
    const run = generate('--check');
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('Go client left as committed: no Go toolchain on this machine');
    expect(run.stdout).toContain('generated files match the contracts');
    expect(run.status).toBe(0);
  });

  it('names a generated file that was edited, removed or added by hand', () => {
    appendFileSync(join(tree.folder, 'src/generated/metering/v1/metering.ts'), '// edited\n');
    rmSync(join(tree.folder, 'clients/typescript/generated/google/protobuf/struct.ts'));
    tree.plant({ 'src/generated/by-hand.ts': '' });
    const run = generate('--check');
    expect(run.status).toBe(1);
    expect(run.stderr.trim().split('\n').slice(1)).toEqual([
      'src/generated/by-hand.ts',
      'src/generated/metering/v1/metering.ts',
      'clients/typescript/generated/google/protobuf/struct.ts',
    ]);
  });

  it('lets a contract grow, but wants its output made again, the Go output included', () => {
    edit(PROTO, 'string batch_id = 3;', 'string batch_id = 3;\n  // A new field.\n  string added = 4;');
    expect(generate('--breaking').status).toBe(0);
    const run = generate('--check');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('clients/go/contracts.sha256');
    expect(run.stderr).toContain('src/generated/metering/v1/metering.ts');
  });

  it.each([
    ['a field changes its number', 'string batch_id = 3;', 'string batch_id = 4;'],
    ['a field changes its type', 'bool backfill = 2;', 'string backfill = 2;'],
    [
      'an rpc goes',
      '  rpc StreamEvents(stream RecordEventsRequest) returns (stream RecordEventsResponse);\n',
      '',
    ],
    ['a status is renamed', 'VERDICT_STATUS_REFUSED = 4', 'VERDICT_STATUS_REJECTED = 4'],
  ])('refuses a broken contract: %s', (_what, from, to) => {
    edit(PROTO, from, to);
    const run = generate('--breaking');
    expect(run.stderr).toContain(PROTO);
    expect(run.status).toBe(1);
  });

  it('refuses a contract against its lint', () => {
    edit(PROTO, 'string batch_id = 3;', 'string batchId = 3;');
    const run = generate();
    expect(run.stderr).toContain('lower_snake_case');
    expect(run.status).toBe(1);
  });
});
