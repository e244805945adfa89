import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/app';
import { createEmptyDatabase, withClient } from '../support/postgres';
import { installerFile, missionFile } from '../support/gitpod-files';
import { TestProcess } from '../support/processes';

const OPEN = /Tallyhouse is open\.[\s\S]*Try this:\nKEY=(.*)\n/;
const CLI = 'src/cli/tallyhouse.ts';
/** Of no use, but of the right look. */
const STRIPE_KEY = 'sk_test_51Hx9QweRtZuIoP';

let folder: string;
const running: TestProcess[] = [];

beforeEach(() => {
  folder = join(tmpdir(), `run-${process.pid}-${process.hrtime.bigint()}`);
  mkdirSync(join(folder, 'stripe-secret'), { recursive: true, mode: 0o755 });
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** `tallyhouse run` in a folder of its own, as a pod has one. */
async function run(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: TestProcess; rest: string }> {
  const api = await freePort();
  const child = new TestProcess({ file: CLI, cwd: folder }, ['run', ...args], {
    ...{ API_PORT: String(api), DATA_DIR: join(folder, 'data'), EMBEDDED_SHARED_BUFFERS: '16MB', ...env },
  });
  running.push(child);
  return { child, rest: `http://127.0.0.1:${api}` };
}

async function ends(child: TestProcess): Promise<void> {
  child.kill('SIGTERM');
  expect(await child.exited).toBe(0);
}

describe('tallyhouse run', () => {
  it("starts with what Gitpod's installer prints (CF-1), found as config.json", async () => {
    writeFileSync(join(folder, 'stripe-secret', 'apikeys'), JSON.stringify({ secretKey: STRIPE_KEY }));
    writeFileSync(join(folder, 'config.json'), JSON.stringify(installerFile()));
    // The printed port may be taken on this machine.
    const { child, rest } = await run([], { GRPC_PORT: String(await freePort()) });
    await child.says(OPEN);
    expect(child.output).toMatch(/^gRPC {7}0\.0\.0\.0:\d+ \(plain, callers known by token\)$/m);
    expect(child.output).toMatch(/^locks {6}in Redis$/m);
    expect(child.output).toMatch(/^Stripe {5}on$/m);
    expect(child.output).toMatch(
      /^no effect {2}defaultSpendingLimit\.minForUsersOnStripe, serverAddress, gitpodHost \(of CONFIG_FILE\)$/m,
    );
    // Redis of that name is nowhere to be found, which costs readiness nothing but a word.
    const ready = await fetch(`${rest}/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.text()).toContain('degraded');
    await ends(child);
  });

  it('starts with the sample of the documentation as printed (design row 27), and talks more with --verbose', async () => {
    writeFileSync(join(folder, 'sample.json'), JSON.stringify(missionFile()));
    // The key comes by the environment, so that the file of keys at its printed place is not asked for.
    const env = { STRIPE_SECRET_KEY: STRIPE_KEY, GRPC_PORT: String(await freePort()) };
    const { child, rest } = await run(['--config', 'sample.json', '--verbose'], env);
    await child.says(OPEN);
    expect(child.output).toMatch(/^no effect {2}serverAddress, gitpodHost \(of CONFIG_FILE\)$/m);
    expect(child.output).toContain('"level":"debug"');
    expect((await fetch(`${rest}/live`)).status).toBe(200);
    await ends(child);
  });

  it('listens for gRPC where the file says', async () => {
    const port = await freePort();
    const file = { server: { services: { grpc: { address: `127.0.0.1:${port}` } } } };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(file));
    const { child } = await run(['--config=config.json']);
    await child.says(OPEN);
    expect(child.output).toContain(`gRPC       127.0.0.1:${port} (plain`);
    await ends(child);
  });

  it("works on the Postgres that Gitpod's variables name (CF-2)", async () => {
    const made = await createEmptyDatabase();
    const { hostname, port, username, password, pathname } = new URL(made.url);
    const maintenance = made.url.replace(pathname, '/postgres');
    await withClient(maintenance, (client) =>
      client.query(`alter database ${pathname.slice(1)} rename to gitpod`),
    );
    try {
      writeFileSync(join(folder, 'config.json'), '{}');
      const { child } = await run([], {
        ...{ DB_HOST: hostname, DB_PORT: port, DB_USERNAME: decodeURIComponent(username) },
        ...{ DB_PASSWORD: decodeURIComponent(password), GRPC_PORT: String(await freePort()) },
        ADMIN_API_KEY: 'Tq7-admin-key-of-a-test-run-0123456789',
        API_KEY_PEPPER: 'Wm4-pepper-of-a-test-run-0123456789abcdef',
        DATABASE_ALLOW_UNSAFE: 'true',
      });
      await child.says(OPEN);
      expect(child.output).toMatch(
        new RegExp(`^database {3}Postgres .*, external, ${hostname}:${port}`, 'm'),
      );
      await ends(child);
    } finally {
      await withClient(maintenance, (client) => client.query('drop database gitpod with (force)'));
    }
  });

  const refused: [string, unknown, string[], string][] = [
    ['there is no file', null, [], 'run needs --config <file>: there is no config.json here'],
    ['the file is not there', null, ['--config', 'none.json'], 'CONFIG_FILE: cannot read none.json'],
    ['a flag is unknown', {}, ['--colour'], "Unknown option '--colour'"],
    ['a key is unknown (CF-3)', { redis: { port: 1 } }, [], 'CONFIG_FILE: unknown key "redis.port"'],
    [
      'the file of keys of Stripe is not there',
      installerFile(),
      [],
      'CONFIG_FILE: stripeCredentialsFile names a file that is not usable: cannot read stripe-secret/apikeys',
    ],
  ];
  it.each(refused)('does not start when %s', async (_, file, args, sentence) => {
    if (file) writeFileSync(join(folder, 'config.json'), JSON.stringify(file));
    const { child } = await run(args);
    expect(await child.exited).toBe(1);
    expect(child.output).toContain(sentence);
  });
});
