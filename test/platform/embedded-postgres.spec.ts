import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EmbeddedPostgres } from '../../src/platform/embedded-postgres';
import { completeLinks } from '../../src/platform/embedded-postgres-binaries';
import { eventually, isRunning, TestProcess } from '../support/processes';
import { withClient } from '../support/postgres';

const CHILD = 'test/support/embedded-process.ts';
const RUNNING = /running (\d+) (postgres:\S+) in (\S+)/;

let folder: string;
const started: EmbeddedPostgres[] = [];
const openFolders: string[] = [];

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'embedded-'))));
afterEach(async () => {
  for (const postgres of started.splice(0)) await postgres.stop();
  for (const path of openFolders.splice(0)) rmSync(path, { recursive: true, maxRetries: 10 });
  rmSync(folder, { recursive: true, force: true });
});

/** Reachable for the unprivileged user, unlike the folder mkdtemp makes. */
function openFolder(): string {
  const path = join(tmpdir(), `open-${folder.slice(-6)}`);
  mkdirSync(path, { mode: 0o755 });
  openFolders.push(path);
  return path;
}

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const postgres = await EmbeddedPostgres.start({ dataDir, sharedBuffers: '16MB' });
  started.push(postgres);
  return postgres;
}

const remember = (url: string) =>
  withClient(url, (client) =>
    client.query('create table if not exists memory (n int); insert into memory values (1)'),
  );
const remembered = async (url: string): Promise<number> =>
  withClient(
    url,
    async (client) => (await client.query<{ n: number }>('select count(*)::int as n from memory')).rows[0]!.n,
  );

describe('the embedded Postgres', () => {
  it('never lets a commit go that it acknowledged, and listens to this machine only', async () => {
    const dataDir = openFolder();
    const postgres = await start(dataDir);
    const { rows } = await withClient(postgres.url(), (client) =>
      client.query(`select name, setting from pg_settings where name in
        ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'server_encoding', 'max_connections') order by name`),
    );
    expect(rows).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'full_page_writes', setting: 'on' },
      { name: 'listen_addresses', setting: '127.0.0.1' },
      { name: 'max_connections', setting: '100' },
      { name: 'server_encoding', setting: 'UTF8' },
      { name: 'synchronous_commit', setting: 'on' },
    ]);
    expect(postgres.port).toBeLessThan(32768);
    expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
    const wrong = postgres.url().replace(/:[^:@]+@/, ':guess@');
    await expect(withClient(wrong, async () => undefined)).rejects.toMatchObject({ code: '28P01' });
  });

  it('takes the next port when one is busy', async () => {
    const first = await EmbeddedPostgres.start({ dataDir: '', ephemeral: true, sharedBuffers: '16MB' });
    started.push(first);
    const busy = createServer();
    // When somebody else has that port already, it is just as busy.
    busy.on('error', () => undefined).listen(first.port + 1, '127.0.0.1');
    const second = await EmbeddedPostgres.start({ dataDir: '', ephemeral: true, sharedBuffers: '16MB' });
    started.push(second);
    busy.close();
    expect(second.port).toBeGreaterThan(first.port + 1);
  });

  it('finds a port of its own among others that start at the same moment', async () => {
    const options = { dataDir: '', ephemeral: true, sharedBuffers: '16MB' };
    const all = await Promise.all([1, 2, 3].map(() => EmbeddedPostgres.start(options)));
    started.push(...all);
    expect(new Set(all.map(({ port }) => port)).size).toBe(3);
    expect(await Promise.all(all.map((one, i) => withClient(one.url(), async () => i)))).toEqual([0, 1, 2]);
  });

  it('keeps what it knows from one start to the next', async () => {
    const dataDir = openFolder();
    const first = await start(dataDir);
    await remember(first.url());
    await first.stop();
    const second = await start(dataDir);
    expect(await remembered(second.url())).toBe(1);
  });

  it('is brought back on the same port when it is killed, with everything it acknowledged', async () => {
    const postgres = await EmbeddedPostgres.start({ dataDir: '', ephemeral: true, sharedBuffers: '16MB' });
    started.push(postgres);
    await remember(postgres.url());
    const killed = postgres.pid!;
    process.kill(killed, 'SIGKILL');
    await eventually(() => postgres.pid !== undefined && postgres.pid !== killed, 'a new server process');
    await eventually(
      () =>
        remembered(postgres.url()).then(
          (n) => n === 1,
          () => false,
        ),
      'the same data on the same port',
    );
  });

  it('refuses a data folder that another one is using, naming the process', async () => {
    const dataDir = openFolder();
    const first = await start(dataDir);
    await expect(start(dataDir)).rejects.toThrow(
      `in use by Postgres process ${first.pid} on port ${first.port}`,
    );
    expect(await withClient(first.url(), async () => 'still here')).toBe('still here');
  });
});

describe('kill -9 of Node', () => {
  it('leaves no Postgres process and no pid file, and the next start is clean', async () => {
    const dataDir = openFolder();
    const child = new TestProcess(CHILD, [], { DATA_DIR: dataDir });
    const [, pid, url, dir] = await child.says(RUNNING);
    await remember(url!);
    child.kill('SIGKILL');
    expect(await child.exited).toBe('SIGKILL');
    await eventually(() => !isRunning(Number(pid)), 'the end of Postgres');
    await eventually(() => !existsSync(join(dir!, 'data', 'postmaster.pid')), 'the end of its pid file');
    const again = await start(dataDir);
    expect(await remembered(again.url())).toBe(1);
    expect(readFileSync(join(dir!, 'server.log'), 'utf8')).toContain('database system was shut down at');
  });

  it('removes a throw-away folder', async () => {
    const child = new TestProcess(CHILD, []);
    const [, pid, , dir] = await child.says(RUNNING);
    expect(existsSync(dir!)).toBe(true);
    child.kill('SIGKILL');
    await eventually(() => !isRunning(Number(pid)) && !existsSync(dir!), 'the end of the folder');
  });

  it('together with Postgres and its shell is recovered from at once', async () => {
    const dataDir = openFolder();
    const child = new TestProcess(CHILD, [], { DATA_DIR: dataDir });
    const [, pid, url] = await child.says(RUNNING);
    await remember(url!);
    process.kill(Number(pid), 'SIGKILL');
    child.kill('SIGKILL');
    await child.exited;
    const again = await start(dataDir);
    expect(await remembered(again.url())).toBe(1);
  });
});

describe('where it lives', () => {
  it('is DATA_DIR, or a folder of the system when its user cannot get there', async () => {
    const closed = join(folder, 'data');
    mkdirSync(closed);
    const notes: string[] = [];
    const postgres = await EmbeddedPostgres.start({
      dataDir: closed,
      sharedBuffers: '16MB',
      log: (line) => notes.push(line),
    });
    started.push(postgres);
    expect(await withClient(postgres.url(), async () => 'works')).toBe('works');
    const isRoot = process.getuid?.() === 0;
    expect(postgres.dir.startsWith(closed)).toBe(!isRoot);
    expect(notes).toEqual(
      isRoot
        ? [
            `${closed} is closed to the unprivileged user Postgres runs as; its data is kept in ${postgres.dir}`,
          ]
        : [],
    );
    if (isRoot) expect(lstatSync(postgres.dir).uid).toBe(65534);
    await postgres.stop();
    if (isRoot) rmSync(dirname(postgres.dir), { recursive: true });
    if (isRoot && readdirSync(dirname(dirname(postgres.dir))).length === 0)
      rmdirSync(dirname(dirname(postgres.dir)));
  });

  it('is completed with the links an installation without scripts lacks', () => {
    const native = join(folder, 'native');
    mkdirSync(join(native, 'lib'), { recursive: true });
    writeFileSync(join(native, 'lib', 'libpq.so.5.18'), 'library');
    const links = ['libpq.so', 'libpq.so.5'].map((name) => ({
      source: 'native/lib/libpq.so.5.18',
      target: `native/lib/${name}`,
    }));
    writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(links));
    completeLinks(native);
    completeLinks(native);
    expect(readlinkSync(join(native, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect(readFileSync(join(native, 'lib', 'libpq.so'), 'utf8')).toBe('library');
  });
});
