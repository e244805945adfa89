import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type TestApp, startTestApp } from '../support/app';

const README = readFileSync(join(resolve(__dirname, '..', '..'), 'README.md'), 'utf8');
const run = promisify(execFile);

interface Step {
  readonly command: string;
  readonly output: string;
}

/** The commands of the blocks marked as tour, each with the output printed below it. */
function tour(markdown: string): Step[] {
  const blocks = [...markdown.matchAll(/<!-- tour -->\s*```console\n([\s\S]*?)```/g)].map(
    (match) => match[1]!,
  );
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .filter((part) => part.trim() !== '')
      .map((part) => {
        const end = part.indexOf('\n');
        return { command: part.slice(0, end), output: part.slice(end + 1).trimEnd() };
      }),
  );
}

/** Output with `…` where anything may stand. */
function pattern(output: string): RegExp {
  const literal = output.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('[^]*?')}$`);
}

describe('the README', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('prints what its commands really answer', async () => {
    const steps = tour(README);
    expect(steps.length).toBeGreaterThanOrEqual(9);
    for (const { command, output } of steps) {
      const { stdout } = await run('bash', ['-c', command], {
        env: { ...process.env, API: app.rest, KEY: app.adminKey },
      });
      const shown = pattern(output).test(stdout.trimEnd()) ? output : stdout.trimEnd();
      expect([command, shown]).toEqual([command, output]);
    }
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(
      readFileSync(join(resolve(__dirname, '..', '..'), 'package.json'), 'utf8'),
    ) as {
      scripts: Record<string, string>;
    };
    const named = [...README.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1]!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
