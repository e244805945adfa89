import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { readFileSync } from 'node:fs';
import { connect, type ClientHttp2Session } from 'node:http2';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GrpcServer } from '../../src/platform/doors/grpc-server';
import { HEALTH_PACKAGE } from '../../src/platform/health-grpc';
import { type TestApp, startTestApp } from '../support/app';
import { Authority, read } from '../support/certificates';
import { GitpodClient, type UsageV1 } from '../support/gitpod-client';
import { HeldLock } from '../faults/held-lock';
import { CONTRACTS } from '../support/usage-contract';
import { withClient } from '../support/postgres';
import { unary, type Json } from './door-world';

const OK = 0;
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
const NOT_ADMITTED = [7, UNAUTHENTICATED];
const RECONCILE = ['BillingService', 'ReconcileInvoices'] as const;

/** The rpcs of usage.v1 that a running service answers. */
function servedRpcs({ app }: TestApp): (readonly [UsageV1, string])[] {
  const [grpc] = app.getMicroservices().map((one) => one.unwrap<GrpcServer>());
  const served = [...grpc!.servedRpcs].filter((path) => path.startsWith('/usage.v1.'));
  return served.map((path) => path.slice('/usage.v1.'.length).split('/') as [UsageV1, string]);
}

describe('a server that asks for keys', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ grpcAuth: 'token' });
  });
  afterAll(() => app.close());

  it('refuses whoever shows none, at every rpc of usage.v1', async () => {
    const client = new GitpodClient(app.grpc);
    const rpcs = servedRpcs(app);
    expect(rpcs.length).toBeGreaterThanOrEqual(10);
    for (const rpc of rpcs) expect([rpc, (await client.call(rpc)).code]).toEqual([rpc, UNAUTHENTICATED]);
    client.close();
  });

  it('says of each service of usage.v1 that it is healthy', async () => {
    for (const service of ['usage.v1.UsageService', 'usage.v1.BillingService']) {
      const path = ['grpc.health.v1.Health', 'Check'] as const;
      const { answer } = await unary(app.grpc, { definition: HEALTH_PACKAGE, path, request: { service } });
      expect(answer).toEqual({ status: 'SERVING' });
    }
  });

  it('shows its contracts to whoever asks: names as they are written, imports, and the package of Go', async () => {
    const asked = [{ listServices: '*' }, { fileContainingSymbol: 'usage.v1.CostCenter' }];
    const [listed, found] = await reflected(app.grpc, asked);
    expect(listed!.listServicesResponse.service.map(({ name }: { name: string }) => name).sort()).toEqual([
      'grpc.health.v1.Health',
      'metering.v1.MeteringService',
      'usage.v1.BillingService',
      'usage.v1.UsageService',
    ]);
    const files: string[] = found!.fileDescriptorResponse.fileDescriptorProto.map(String);
    const [own] = files.filter((file) => file.includes('usage/v1/usage.proto'));
    for (const text of ['github.com/gitpod-io/gitpod/usage-api/v1', 'billing_cycle_start', 'proto3'])
      expect(own).toContain(text);
    for (const imported of ['google/protobuf/timestamp.proto', 'google/protobuf/duration.proto'])
      expect(files.filter((file) => file.slice(0, 60).includes(imported))).toHaveLength(1);
  });

  it('stores an event whose caller has not waited for it: a group is never stopped', async () => {
    const held = await HeldLock.take(app.databaseUrl, 'lock table usage_event in exclusive mode');
    const rpc = (CONTRACTS['metering.v1.MeteringService'] as ServiceDefinition)['RecordEvents']!;
    const client = new Client(app.grpc, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('x-api-key', app.adminKey);
    const request = {
      events: [{ id: 'unwaited', account: 'org:acme', type: 'api_requests', quantity: '1' }],
    };
    const { path, requestSerialize, responseDeserialize } = rpc;
    const options = { deadline: Date.now() + 500 };
    const code = await new Promise((resolve) =>
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        (error) => resolve(error?.code),
      ),
    );
    client.close();
    expect(code).toBe(DEADLINE_EXCEEDED);
    await held.release();
    await untilStored(app, 'unwaited');
  });

  it('bears pings without a call, far more often than every ten seconds', async () => {
    const session = connect(`http://${app.grpc}`);
    await new Promise((resolve) => session.once('connect', resolve));
    let farewell: number | null = null;
    session.on('goaway', (code) => (farewell = code));
    for (let sent = 0; sent < 50; sent++) {
      await pinged(session);
      await sleep(20);
    }
    expect([farewell, session.closed]).toEqual([null, false]);
    session.close();
  });
});

describe('a server that trusts its network', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ grpcAuth: 'network' });
  });
  afterAll(() => app.close());

  it('takes calls without metadata, as Gitpod’s own services make them, at every rpc of usage.v1', async () => {
    const client = new GitpodClient(app.grpc);
    for (const rpc of servedRpcs(app))
      expect([rpc, NOT_ADMITTED.includes((await client.call(rpc)).code)]).toEqual([rpc, false]);
    expect((await client.call(RECONCILE)).answer).toEqual({});
    client.close();
  });
});

describe('a server with mutual TLS', () => {
  const authority = new Authority('tallyhouse-test-ca');
  const stranger = new Authority('somebody-else');
  const server = authority.issue('server');
  const ours = read(authority.issue('client'));
  const theirs = read(stranger.issue('client'));
  const ca = readFileSync(authority.cert);
  let app: TestApp;

  beforeAll(async () => {
    const tls = { grpcTlsCert: server.cert, grpcTlsKey: server.key, grpcTlsCa: authority.cert };
    app = await startTestApp({ grpcAuth: 'network', ...tls });
  });
  afterAll(async () => {
    await app.close();
    authority.remove();
    stranger.remove();
  });

  async function codeWith(secure: ReturnType<typeof credentials.createSsl>): Promise<number> {
    const client = new GitpodClient(app.grpc, { credentials: secure });
    const { code } = await client.call(RECONCILE, {}, { deadlineMs: 5_000 });
    client.close();
    return code;
  }

  it('takes a caller whose certificate is of its authority', async () => {
    expect(await codeWith(credentials.createSsl(ca, ours.key, ours.cert))).toBe(OK);
  });

  it.each([
    ['no certificate', credentials.createSsl(ca)],
    ['a certificate of somebody else', credentials.createSsl(ca, theirs.key, theirs.cert)],
    ['no TLS', credentials.createInsecure()],
  ])('takes no caller with %s', async (_what, secure) => {
    expect(await codeWith(secure)).toBe(UNAVAILABLE);
  });
});

/** Waits for an event to be in the books. */
async function untilStored({ databaseUrl }: TestApp, id: string): Promise<void> {
  const isThere = (): Promise<boolean> =>
    withClient(databaseUrl, async (sql) => {
      const { rows } = await sql.query('select from usage_event where event_id = $1', [id]);
      return rows.length === 1;
    });
  for (let tries = 0; !(await isThere()); tries++) {
    if (tries > 100) throw new Error('it was not stored');
    await sleep(50);
  }
}

function pinged(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) =>
    session.ping((error: Error | null) => (error === null ? resolve() : reject(error))),
  );
}

/** What reflection answers to each question, in their order. */
async function reflected(address: string, questions: readonly object[]): Promise<Json[]> {
  const folder = join(require.resolve('@grpc/reflection'), '..', '..', 'proto');
  const contract = loadSync(join(folder, 'grpc', 'reflection', 'v1', 'reflection.proto'));
  const rpc = (contract['grpc.reflection.v1.ServerReflection'] as ServiceDefinition)['ServerReflectionInfo']!;
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeBidiStreamRequest(rpc.path, rpc.requestSerialize, rpc.responseDeserialize);
  const answers: Json[] = [];
  const over = new Promise((resolve, reject) => call.on('end', resolve).on('error', reject));
  call.on('data', (answer) => answers.push(answer));
  for (const question of questions) call.write(question);
  call.end();
  await over;
  client.close();
  return answers;
}
