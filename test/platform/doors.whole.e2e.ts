import { listDoors } from '../../src/platform/doors/door-list';
import { startTestApp, type TestApp } from '../support/app';

/**
 * Every way into the whole service that asks for no key. A new one has to be written down here, by somebody who means it.
 */
const PUBLIC = [
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  'GET /health',
  'GET /live',
  'GET /metrics',
  'GET /ready',
];

/** The description of the doors, with the files of its page. */
const DOCUMENTATION = /^GET \/docs(-json|-yaml)?(\/|$)/;

describe('the whole service', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp();
  });
  afterAll(() => service?.close());

  it('has no door without a declaration (fault rows 58 and 61)', () => {
    const doors = listDoors(service.app);
    expect(doors.filter(({ rule }) => rule === null).map(({ name }) => name)).toEqual([]);
    expect(doors.length).toBeGreaterThan(PUBLIC.length);
  });

  it('is open to everybody only where it is written down', () => {
    const open = listDoors(service.app)
      .filter(({ rule }) => rule?.scope === null)
      .map(({ name }) => name);
    process.stdout.write(`public doors: ${open.sort().join(', ')}\n`);
    expect(open.filter((name) => !PUBLIC.includes(name) && !DOCUMENTATION.test(name))).toEqual([]);
  });

  it('answers 401 on every other door without a key', async () => {
    const closed = listDoors(service.app).filter(({ kind, rule }) => kind === 'rest' && rule?.scope !== null);
    const answers = await Promise.all(
      closed.map(async ({ name }) => {
        const [method, url] = name.split(' ') as [string, string];
        const path = url.replace(/:\w+/g, '01900000-0000-7000-8000-000000000000').replace('*', 'x');
        return [name, (await fetch(service.rest + path, { method })).status];
      }),
    );
    expect(answers.filter(([, status]) => status !== 401)).toEqual([]);
  });
});
