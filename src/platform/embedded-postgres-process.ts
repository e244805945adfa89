import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { own, type PostgresUser } from './embedded-postgres-home';

/**
 * Starts Postgres and outlives Node: a watcher waits on the pipe Node holds. However Node goes, kill -9 included, the pipe
 * closes and the watcher asks Postgres for a fast shutdown, so that neither a process nor a pid file is left behind. A
 * throw-away folder ($1) goes with it. When Postgres went first, kill fails and the watcher has nothing to do.
 */
const SUPERVISOR = `
  throwaway=$1; shift
  exec 4<&0 </dev/null
  "$@" 3>&- 4<&- &
  server=$!
  echo "$server" >&3
  exec 3>&-
  (
    trap '' INT TERM HUP
    read -r _ <&4
    if kill -INT "$server"; then
      while kill -0 "$server"; do sleep 0.05; done
      if [ -n "$throwaway" ]; then rm -rf -- "$throwaway"; fi
    fi
  ) >/dev/null 2>&1 &
  exec 4<&-
  trap : INT TERM HUP
  status=0
  while kill -0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
  exit "$status"`;

export interface ServerOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly home: string;
  readonly user: PostgresUser;
  readonly ephemeral: boolean;
}

/** One running Postgres server process under its shell. */
export class PostgresProcess {
  readonly #shell: ChildProcess;
  readonly #home: string;
  #pid: number | undefined;
  /** Resolves when the server has gone, for whatever reason. */
  readonly gone: Promise<void>;
  #alive = true;

  constructor(options: ServerOptions) {
    this.#home = options.home;
    const log = openLog(options.home, options.user);
    this.#shell = spawn(
      '/bin/sh',
      ['-c', SUPERVISOR, 'sh', options.ephemeral ? options.home : '', options.program, ...options.args],
      {
        ...options.user,
        cwd: options.home,
        // Nothing of our own environment: it may hold secrets, and Postgres needs none of it.
        env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
        // A process group of its own keeps Ctrl-C in a terminal from stopping Postgres before we have drained.
        detached: true,
        stdio: ['pipe', log, log, 'pipe'],
      },
    );
    closeSync(log);
    this.#shell.stdin!.on('error', () => undefined);
    this.#shell.stdio[3]!.on('data', (line: Buffer) => (this.#pid = parseInt(line.toString(), 10)));
    this.gone = new Promise((resolve) => {
      const settle = (): void => {
        this.#alive = false;
        this.#shell.stdin!.destroy();
        resolve();
      };
      this.#shell.once('exit', settle);
      this.#shell.once('error', settle);
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The process id of the server itself; undefined before it was started. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Whether this very server, not one that held the folder before or holds it beside us, says that it takes connections. */
  get saysReady(): boolean {
    const lock = readLock(this.#home);
    return this.#alive && this.#pid !== undefined && lock?.pid === this.#pid && lock.status === 'ready';
  }

  /** What the server wrote since it was started. */
  logText(): string {
    return readFileSync(logPath(this.#home), 'utf8');
  }

  /** Closes the pipe, and with it the server: open transactions are rolled back, a checkpoint is written. */
  async stop(patienceMs: number): Promise<void> {
    this.#shell.stdin!.destroy();
    const impatient = setTimeout(() => this.#kill('SIGQUIT'), patienceMs);
    await this.gone;
    clearTimeout(impatient);
  }

  #kill(signal: NodeJS.Signals): void {
    try {
      if (this.#pid !== undefined) process.kill(this.#pid, signal);
    } catch {
      // It went by itself in this moment.
    }
  }
}

/** What a cluster's lock file says about the server that holds it; left over from a crash, it names one that is gone. */
export interface ClusterLock {
  readonly pid: number;
  readonly port: number;
  /** `starting`, `ready` or `stopping`. */
  readonly status: string;
}

/** Reads the lock file of a cluster; undefined when there is none. */
export function readLock(home: string): ClusterLock | undefined {
  const file = join(home, 'data', 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), status: (lines[7] ?? '').trim() };
}

function logPath(home: string): string {
  return join(home, 'server.log');
}

/** A fresh log for each start, the one before kept; a file, since a pipe that nobody reads would stop Postgres. */
function openLog(home: string, user: PostgresUser): number {
  const path = logPath(home);
  if (existsSync(path)) renameSync(path, `${path}.1`);
  const log = openSync(path, 'a', 0o600);
  own(path, user);
  return log;
}
