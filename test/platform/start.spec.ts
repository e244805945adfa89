import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/app';
import { createEmptyDatabase, withClient } from '../support/postgres';
import { eventually, isRunning, TestProcess } from '../support/processes';

const ADMIN_KEY = 'Tq7-admin-key-of-a-test-run-0123456789';
const OPEN = /Tallyhouse is open\.[\s\S]*Try this:\nKEY=(.*)\n/;

let dataDir: string;
const running: TestProcess[] = [];

beforeEach(() => {
  dataDir = join(tmpdir(), `start-${process.pid}-${process.hrtime.bigint()}`);
  mkdirSync(dataDir, { mode: 0o755 });
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
});

async function start(
  env: NodeJS.ProcessEnv = {},
  args: string[] = [],
): Promise<{ child: TestProcess; rest: string }> {
  const [api, grpc] = [await freePort(), await freePort()];
  const child = new TestProcess('src/main.ts', args, {
    API_PORT: String(api),
    GRPC_PORT: String(grpc),
    DATA_DIR: dataDir,
    EMBEDDED_SHARED_BUFFERS: '16MB',
    ...env,
  });
  running.push(child);
  return { child, rest: `http://127.0.0.1:${api}` };
}

const lockFile = (): string => join(dataDir, 'postgres', 'data', 'postmaster.pid');
const postgresPid = (): number => parseInt(readFileSync(lockFile(), 'utf8'), 10);

describe('the start without any setting', () => {
  it('answers /ready, shows its key once, survives kill -9 without an orphan, and ends on a signal with code 0', async () => {
    const first = await start();
    const [, key] = await first.child.says(OPEN);
    expect(key).toMatch(/^'[\w-]{43}'$/);
    expect((await fetch(`${first.rest}/ready`)).status).toBe(200);
    const meters = await fetch(`${first.rest}/api/v1/meters`, {
      headers: { 'x-api-key': key!.slice(1, -1) },
    });
    expect(meters.status).toBe(200);
    const orphan = postgresPid();
    first.child.kill('SIGKILL');
    await eventually(() => !isRunning(orphan) && !existsSync(lockFile()), 'the end of Postgres');

    const second = await start();
    const [, command] = await second.child.says(OPEN);
    expect(second.child.output).not.toContain(key!.slice(1, -1));
    expect(command).toBe(`$(node -p "require('${dataDir}/secrets.json').adminApiKey")`);
    expect(second.child.output).toContain('migrations up to date');
    const pid = postgresPid();
    second.child.kill('SIGTERM');
    expect(await second.child.exited).toBe(0);
    expect([isRunning(pid), existsSync(lockFile())]).toEqual([false, false]);
  });

  it('keeps nothing with --ephemeral', async () => {
    const { child } = await start({}, ['--ephemeral']);
    await child.says(OPEN);
    child.kill('SIGINT');
    expect(await child.exited).toBe(0);
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
    expect(existsSync(join(dataDir, 'secrets.json'))).toBe(false);
  });
});

/** A request whose body has not arrived in full: under way until the rest is sent. */
async function beginRequest(rest: string): Promise<{ finish(): Promise<string>; socket: Socket }> {
  const { hostname, port } = new URL(rest);
  const body = '{"key": "half an event"}';
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  const head = `POST /api/v1/events HTTP/1.1\r\nhost: x\r\nx-api-key: ${ADMIN_KEY}\r\ncontent-type: application/json`;
  await once(socket, 'connect');
  socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
  await sleep(200);
  const finish = async (): Promise<string> => {
    socket.write(body.slice(5));
    await once(socket, 'close');
    return answer;
  };
  return { finish, socket };
}

describe('a shutdown', () => {
  it('accepts no more, and answers what is under way', async () => {
    const { child, rest } = await start({ ADMIN_API_KEY: ADMIN_KEY });
    await child.says(OPEN);
    const request = await beginRequest(rest);
    child.kill('SIGTERM');
    await child.says(/SIGTERM: finishing what is under way/);
    await eventually(
      () =>
        fetch(`${rest}/live`).then(
          () => false,
          () => true,
        ),
      'the end of accepting',
    );
    expect(await request.finish()).toMatch(/^HTTP\/1\.1 400 .*"code":"invalid-argument"/s);
    const answeredAt = performance.now();
    expect(await child.exited).toBe(0);
    // Far below the time after which connections are cut: the answered one was let go at once.
    expect(performance.now() - answeredAt).toBeLessThan(10_000);
  });

  it('is cut short by a second signal', async () => {
    const { child, rest } = await start({ ADMIN_API_KEY: ADMIN_KEY });
    await child.says(OPEN);
    const pid = postgresPid();
    await beginRequest(rest);
    child.kill('SIGTERM');
    await child.says(/SIGTERM: finishing what is under way/);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    await eventually(() => !isRunning(pid), 'the end of Postgres');
  });
});

describe('what stops the start', () => {
  it('is every bad setting at once', async () => {
    const { child } = await start({ API_PORT: '70000', TALLYHOUSE_COLOR: 'red', JWT_SECRET: 'secret' });
    expect(await child.exited).toBe(1);
    expect(child.output).toBe(
      [
        'The configuration has 3 problems:',
        '  - TALLYHOUSE_COLOR: is unknown',
        '  - API_PORT: must be a whole number from 1 to 65535',
        '  - JWT_SECRET: must have at least 32 bytes',
        '',
      ].join('\n'),
    );
  });

  it('is a Postgres that may forget what it acknowledged (fault row 4)', async () => {
    const database = await createEmptyDatabase();
    const name = new URL(database.url).pathname.slice(1);
    await withClient(database.url, (client) =>
      client.query(`alter database ${name} set synchronous_commit = off`),
    );
    const env = {
      DATABASE_URL: database.url,
      ADMIN_API_KEY: ADMIN_KEY,
      API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef',
    };
    const { child } = await start(env);
    expect(await child.exited).toBe(1);
    expect(child.output).toContain('synchronous_commit is off, so Postgres may forget what it acknowledged');

    const allowed = await start({ ...env, DATABASE_ALLOW_UNSAFE: 'true' });
    await allowed.child.says(OPEN);
    expect(allowed.child.output).toContain('UNSAFE: synchronous_commit is off');
    allowed.child.kill('SIGTERM');
    await allowed.child.exited;
    await database.drop();
  });

  it('is a port in use, with Postgres stopped again', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    const { child } = await start({ API_PORT: String(port) });
    expect(await child.exited).toBe(1);
    holder.close();
    expect(child.output).toContain(`API_PORT: 127.0.0.1:${port} is in use by another program`);
    expect(existsSync(lockFile())).toBe(false);
  });
});
