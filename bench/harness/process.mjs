import { spawn } from 'node:child_process';
import { cpuOfProcess } from './cpu.mjs';

const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 30_000;
const running = new Set();

/** Ends what is still running; each process by its own id. */
export function endAll() {
  for (const child of running) child.kill('SIGKILL');
}

/** One process of Node with its output kept. */
export class NodeProcess {
  #child;
  #output = '';
  #exited;

  /** @param {{ file: string, args?: string[], flags?: string[], env?: Record<string, string>, cwd?: string }} program */
  constructor({ file, args = [], flags = [], env = {}, cwd }) {
    this.#child = spawn(process.execPath, [...flags, file, ...args], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...env },
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    running.add(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk) => (this.#output += chunk));
    }
    this.#exited = new Promise((done) =>
      this.#child.once('close', (code, signal) => {
        running.delete(this.#child);
        done(signal ?? code);
      }),
    );
  }

  get pid() {
    return this.#child.pid;
  }

  get output() {
    return this.#output;
  }

  /** The exit code, or the name of the signal. */
  get exited() {
    return this.#exited;
  }

  cpu() {
    return cpuOfProcess(this.pid);
  }

  /** A line on its standard input. */
  say(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Waits until `isReady` says yes or the process ends; then its output is the error. */
  async ready(isReady, patienceMs = START_PATIENCE_MS) {
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline) {
      if (await isReady()) return;
      const ended = await Promise.race([this.#exited, new Promise((next) => setTimeout(next, 20))]);
      if (ended !== undefined) throw new Error(`ended with ${ended}:\n${this.#output.slice(-3000)}`);
    }
    throw new Error(`not ready in time:\n${this.#output.slice(-3000)}`);
  }

  /** Asks it to end as an operator would, and waits. */
  async stop() {
    const impatient = setTimeout(() => this.#child.kill('SIGKILL'), STOP_PATIENCE_MS);
    this.#child.kill('SIGTERM');
    await this.#exited;
    clearTimeout(impatient);
  }
}
