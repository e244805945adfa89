import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.mjs';

/** A Redis of its own that syncs every write before it answers; `work` gets its port. Throws where no redis-server is. */
export async function withRedis(work) {
  const folder = mkdtempSync(join(tmpdir(), 'tallyhouse-redis-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const server = spawn('redis-server', [...args, '--appendonly', 'yes', '--appendfsync', 'always'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await new Promise((ready, failed) => {
      server.once('error', failed);
      server.stdout.on('data', (text) => String(text).includes('Ready to accept connections') && ready());
    });
    return await work(port);
  } finally {
    if (server.pid !== undefined && server.exitCode === null) {
      server.kill('SIGTERM');
      await once(server, 'close');
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
