import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A Redis of one test file, which can be killed and started again on the same port, empty. */
export interface TestRedis {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops answering without closing connections, until `resume`. */
  pause(): void;
  resume(): void;
  remove(): Promise<void>;
}

/**
 * Runs a suite that needs a real Redis. Where none is installed the run says so by the name of a test, which fails in CI:
 * there it must be installed.
 */
export function describeWithRedis(name: string, suite: () => void): void {
  if (executable() !== null) {
    describe(name, suite);
    return;
  }
  describe(name, () => {
    it('skipped: redis-server not installed', () => expect(process.env.CI).not.toBe('true'));
  });
}

export async function startRedis(): Promise<TestRedis> {
  const program = executable();
  if (program === null) throw new Error('redis-server is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'test-redis-'));
  const port = randomInt(20_000, 31_000);
  let child: ChildProcess | null = null;
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
      child = spawn(program, options, { stdio: 'ignore' });
      await answers(port);
    },
    async kill() {
      const gone = new Promise((resolve) => child?.once('exit', resolve));
      child?.kill('SIGKILL');
      await gone;
      child = null;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async remove() {
      if (child !== null) await redis.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await redis.start();
  return redis;
}

function executable(): string | null {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'redis-server'));
  return paths.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function answers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`redis-server does not answer on port ${port}`);
}
