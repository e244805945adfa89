import { spawn, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const FOLDER = join(resolve(__dirname, '..', '..'), 'clients', 'go');

/**
 * A test that runs the Go client. Where there is no toolchain, or the packages of go.sum are not to be had, the run says so by
 * the name of the test.
 */
export function itInGo(name: string, work: () => Promise<void>): void {
  const canBuild = spawnSync('go', ['build', '-o', '/dev/null', './...'], { cwd: FOLDER }).status === 0;
  if (canBuild) it(name, work);
  else it(`${name}: skipped, clients/go cannot be built here`, () => expect(canBuild).toBe(false));
}

/** What an example of the Go client prints; rejects with its complaint when it fails. */
export function runGo(
  example: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<string> {
  return new Promise((done, failed) => {
    const run = spawn('go', ['run', `./${example}`, ...args], {
      cwd: FOLDER,
      env: { ...process.env, ...env },
    });
    let printed = '';
    let complaint = '';
    run.stdout.on('data', (data: Buffer) => (printed += data.toString()));
    run.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
    run.on('error', failed);
    run.on('close', (code) => (code === 0 ? done(printed) : failed(new Error(complaint))));
  });
}
