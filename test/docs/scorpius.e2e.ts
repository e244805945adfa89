import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/platform/package-root';
import { type TestApp, startTestApp } from '../support/app';

const PAGE = readFileSync(join(packageRoot(), 'docs', 'scorpius.md'), 'utf8');
const run = promisify(execFile);

/** The commands of the block marked as tour, each with the line printed below it. */
function steps(): { command: string; output: string }[] {
  const [, block] = /<!-- tour -->\s*```console\n([\s\S]*?)```/.exec(PAGE)!;
  return [...block!.matchAll(/^\$ (.+)\n(.+)$/gm)].map(([, command, output]) => ({
    command: command!,
    output: output!,
  }));
}

/** Output with `…` where anything may stand. */
function pattern(output: string): RegExp {
  const literal = output.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('[^]*?')}$`);
}

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

it('docs/scorpius.md prints what its commands really answer', async () => {
  expect(steps()).toHaveLength(8);
  for (const { command, output } of steps()) {
    const { stdout } = await run('bash', ['-c', command], {
      env: { ...process.env, API: app.rest, KEY: app.adminKey },
    });
    const shown = pattern(output).test(stdout.trimEnd()) ? output : stdout.trimEnd();
    expect([command, shown]).toEqual([command, output]);
  }
});

it('docs/scorpius.md tells of every figure there is, with its kind', async () => {
  const told = [...PAGE.matchAll(/^\| `(scorpius_\w+)` +\| (\w+)/gm)].map(
    ([, name, kind]) => `${name} ${kind}`,
  );
  const answer = await fetch(`${app.rest}/metrics/usage`, { headers: { 'x-api-key': app.adminKey } });
  const found = [...(await answer.text()).matchAll(/^# TYPE (\w+ \w+)$/gm)].map(([, each]) => each!);
  expect(found.sort()).toEqual(told.sort());
});
