import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** A Redis that keeps nothing on disk, for proofs in which it loses its memory. */
export class RedisServer {
  #child;
  #client;
  url;

  /** Null where `redis-server` is not installed. */
  static async start(port) {
    if (spawnSync('redis-server', ['--version']).status !== 0) return null;
    const server = new RedisServer();
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    server.#child = spawn('redis-server', options, { stdio: 'ignore' });
    server.url = `redis://127.0.0.1:${port}`;
    server.#client = new Redis(server.url, { retryStrategy: () => 50 });
    server.#client.on('error', () => undefined);
    for (let tries = 0; server.#client.status !== 'ready'; tries++) {
      if (tries === 200) throw new Error('redis-server does not answer');
      await sleep(25);
    }
    return server;
  }

  async empty() {
    await this.#client.flushall();
  }

  async stop() {
    this.#client.disconnect();
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
