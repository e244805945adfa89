import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import { HEALTH_PACKAGE } from '../../src/platform/health-grpc';
import { Readiness } from '../../src/platform/readiness';
import { ADMIN_KEY, ECHO_PACKAGE, openWorld, rpc, unary, type Json, type World } from './door-world';
import { GrpcDoors } from './doors-controllers';

const REFLECTION = fromJSON({
  nested: {
    grpc: {
      nested: {
        reflection: {
          nested: {
            v1: {
              nested: {
                Ask: { fields: { list_services: { type: 'string', id: 7 } } },
                Name: { fields: { name: { type: 'string', id: 1 } } },
                Names: { fields: { service: { rule: 'repeated', type: 'Name', id: 1 } } },
                Told: { fields: { names: { type: 'Names', id: 6 } } },
                ServerReflection: {
                  methods: {
                    ServerReflectionInfo: {
                      requestType: 'Ask',
                      responseType: 'Told',
                      requestStream: true,
                      responseStream: true,
                      comment: '',
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await openWorld({ controllers: [GrpcDoors] });
});
afterAll(() => world?.close());

function rpcOf(definition: PackageDefinition, service: string, name: string): Json {
  return (definition[service] as unknown as Record<string, object>)[name];
}

/** Opens a stream, sends the messages, and collects answers until `enough` says so or the server ends it. */
function stream(
  { path, requestSerialize, responseDeserialize }: Json,
  messages: object[],
  options: { metadata?: Record<string, string>; enough?: (answers: Json[]) => boolean } = {},
): Promise<{ answers: Json[]; code: number | null }> {
  const client = new Client(world.grpcUrl, credentials.createInsecure());
  const sent = new Metadata();
  for (const [name, value] of Object.entries(options.metadata ?? {})) sent.set(name, value);
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, sent);
  const answers: Json[] = [];
  return new Promise((resolve) => {
    const done = (code: number | null): void => {
      call.cancel();
      client.close();
      resolve({ answers, code });
    };
    call.on('data', (answer) => {
      answers.push(answer);
      if (options.enough?.(answers)) done(null);
    });
    call.on('error', (error: ServiceError) => done(error.code));
    call.on('end', () => done(0));
    for (const message of messages) call.write(message);
  });
}

describe('grpc.health.v1', () => {
  const check = (service: string) =>
    unary<{ status: string }>(world.grpcUrl, {
      definition: HEALTH_PACKAGE,
      path: ['grpc.health.v1.Health', 'Check'],
      request: { service },
    });

  it('serves, as a whole and each service, to whoever asks', async () => {
    expect((await check('')).answer).toEqual({ status: 'SERVING' });
    expect((await check('echo.v1.EchoService')).answer).toEqual({ status: 'SERVING' });
  });

  it('knows no other service', async () => {
    expect(await check('nobody.v1.Service')).toMatchObject({ code: 5, answer: null });
  });

  it('tells a watcher of a change, and lets him go when the process does', async () => {
    const other = await openWorld({ controllers: [GrpcDoors], database: world.database });
    const client = new Client(other.grpcUrl, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = rpcOf(
      HEALTH_PACKAGE,
      'grpc.health.v1.Health',
      'Watch',
    );
    const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: '' });
    const told: string[] = [];
    const over = new Promise((resolve) => call.on('end', resolve));
    call.on('data', ({ status }) => {
      told.push(status);
      if (told.length === 1) other.app.get(Readiness).drain();
    });
    await over;
    client.close();
    expect(told).toEqual(['SERVING', 'NOT_SERVING']);
    await other.close();
  });
});

describe('reflection', () => {
  it('lists the services, ours and the common ones', async () => {
    const method = rpcOf(REFLECTION, 'grpc.reflection.v1.ServerReflection', 'ServerReflectionInfo');
    const { answers } = await stream(method, [{ list_services: '*' }], { enough: (all) => all.length === 1 });
    const names = answers[0].names.service.map(({ name }: { name: string }) => name).sort();
    expect(names).toEqual(['echo.v1.EchoService', 'grpc.health.v1.Health']);
  });
});

describe('a call', () => {
  it('gets its own correlation id back when it sent one', async () => {
    const { path, requestSerialize, responseDeserialize } = rpcOf(
      ECHO_PACKAGE,
      'echo.v1.EchoService',
      'Echo',
    );
    const client = new Client(world.grpcUrl, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('x-api-key', ADMIN_KEY);
    metadata.set('x-request-id', 'mine-7');
    const trailer = await new Promise<Metadata>((resolve, reject) => {
      client
        .makeUnaryRequest(path, requestSerialize, responseDeserialize, { text: 'a' }, metadata, (error) => {
          if (error) reject(error);
        })
        .on('status', ({ metadata: sent }) => resolve(sent));
    });
    client.close();
    expect(trailer.get('x-request-id')).toEqual(['mine-7']);
    const failed = await rpc(world.grpcUrl, 'Fail', {
      text: 'conflict',
      metadata: { 'x-api-key': ADMIN_KEY, 'x-request-id': 'mine-8' },
    });
    expect(failed.metadata.get('x-request-id')).toEqual(['mine-8']);
  });

  it('may carry four megabytes and no more', async () => {
    expect((await rpc(world.grpcUrl, 'Echo', { text: 'a'.repeat(3_900_000) })).code).toBe(0);
    expect((await rpc(world.grpcUrl, 'Echo', { text: 'a'.repeat(4_200_000) })).code).toBe(8);
  });

  it('that nobody answers is UNIMPLEMENTED', async () => {
    expect((await rpc(world.grpcUrl, 'Forgotten')).code).toBe(12);
  });

  it('that streams is answered message by message', async () => {
    const method = rpcOf(ECHO_PACKAGE, 'echo.v1.EchoService', 'Stream');
    const messages = [{ text: 'a' }, { text: 'b' }, { text: 'stop' }];
    expect(await stream(method, messages, { metadata: { 'x-api-key': ADMIN_KEY } })).toEqual({
      answers: [{ text: 'a' }, { text: 'b' }],
      code: 0,
    });
  });

  it('that is refused leaves the process alive', async () => {
    const method = rpcOf(ECHO_PACKAGE, 'echo.v1.EchoService', 'Stream');
    const refused = await Promise.all(Array.from({ length: 10 }, () => stream(method, [{ text: 'a' }])));
    expect(refused.map(({ code }) => code)).toEqual(new Array(10).fill(16));
    expect((await rpc(world.grpcUrl, 'Echo')).code).toBe(0);
  });

  it("of bytes that are no message is the caller's fault, in one message and in a stream", async () => {
    const garbage = (): Buffer => Buffer.from('ffffffff', 'hex');
    const unaryRpc = rpcOf(ECHO_PACKAGE, 'echo.v1.EchoService', 'Echo');
    const client = new Client(world.grpcUrl, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('x-api-key', ADMIN_KEY);
    const failed = await new Promise<ServiceError | null>((resolve) =>
      client.makeUnaryRequest(unaryRpc.path, garbage, unaryRpc.responseDeserialize, {}, metadata, resolve),
    );
    client.close();
    expect([failed?.code, failed?.details]).toEqual([3, 'message: is not a message of this rpc']);
    const streamed = { ...rpcOf(ECHO_PACKAGE, 'echo.v1.EchoService', 'Stream'), requestSerialize: garbage };
    expect((await stream(streamed, [{}, {}], { metadata: { 'x-api-key': ADMIN_KEY } })).code).toBe(3);
    expect((await rpc(world.grpcUrl, 'Echo')).code).toBe(0);
  });
});
