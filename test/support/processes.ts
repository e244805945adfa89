import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = resolve(__dirname, '..', '..');

/** A process of its own running one of our TypeScript files. */
export class TestProcess {
  readonly #child: ChildProcess;
  #output = '';
  readonly exited: Promise<number | NodeJS.Signals>;

  /** `file` is a path in the checkout, and the checkout is where the process runs unless `cwd` says otherwise. */
  constructor(
    program: string | { readonly file: string; readonly cwd: string },
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ) {
    const { file, cwd } = typeof program === 'string' ? { file: program, cwd: ROOT } : program;
    const command = ['-r', join(ROOT, 'test', 'support', 'register.cjs'), join(ROOT, file), ...args];
    this.#child = spawn(process.execPath, command, {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
    this.exited = new Promise((done) =>
      this.#child.once('close', (code, signal) => done(signal ?? code ?? -1)),
    );
  }

  /** Everything written so far. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until the pattern shows up in the output and returns its match; fails when the process ends without it. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      const ended = await Promise.race([this.exited, sleep(20)]);
      if (ended !== undefined && !pattern.test(this.#output))
        throw new Error(`ended without a word of it:\n${this.#output}`);
    }
  }
}

/** Whether a process still runs; one that has ended and only waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits until the condition holds; fails after ten seconds. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error(`did not happen: ${what}`);
}
