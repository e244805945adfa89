import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { apiRequest, connect } from '../../clients/typescript/example';
import { LOADER_OPTIONS, PROTO_FILES } from '../../src/generated/proto-loader';
import type { RecordEventsRequest, RecordEventsResponse } from '../../src/generated/metering/v1/metering';
import { ROOT } from './planted-tree';

type Call = grpc.ServerUnaryCall<RecordEventsRequest, RecordEventsResponse>;
type Stream = grpc.ServerDuplexStream<RecordEventsRequest, RecordEventsResponse>;

/** Answers each event with `recorded`: what matters here is what the wire makes of both sides' types. */
function answer(request: RecordEventsRequest): RecordEventsResponse {
  return {
    verdicts: request.events.map(({ id, source }) => ({
      id,
      source,
      status: 'VERDICT_STATUS_RECORDED',
      reason: '',
      fields: [],
    })),
    batchId: request.batchId,
  };
}

describe('the generated client against the generated server types', () => {
  const server = new grpc.Server();
  const requests: RecordEventsRequest[] = [];
  const keys: grpc.MetadataValue[][] = [];
  let client: ReturnType<typeof connect>;

  beforeAll(async () => {
    const contracts = loadSync([...PROTO_FILES], { ...LOADER_OPTIONS, includeDirs: [join(ROOT, 'proto')] });
    server.addService(contracts['metering.v1.MeteringService'] as grpc.ServiceDefinition, {
      recordEvents(call: Call, reply: grpc.sendUnaryData<RecordEventsResponse>) {
        requests.push(call.request);
        keys.push(call.metadata.get('x-api-key'));
        reply(null, answer(call.request));
      },
      streamEvents(stream: Stream) {
        stream.on('data', (request: RecordEventsRequest) => stream.write(answer(request)));
        stream.on('end', () => stream.end());
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    client = connect(`127.0.0.1:${port}`, 'th_key');
  });
  afterAll(() => {
    client.close();
    server.forceShutdown();
  });

  it('delivers an event as the server types describe it', async () => {
    const full = {
      ...apiRequest('request-1'),
      occurredAt: new Date('2024-01-31T12:00:00.250Z'),
      quantity: '0.000000000000001',
      properties: { region: 'eu', cold: true, gb: 1.5, none: null, tags: ['a'], nested: { deep: 'yes' } },
      subject: { id: 'u1', attributes: { name: 'Ada' } },
    };
    const response = await client.metering.recordEvents({ events: [full], batchId: 'b1' });
    expect(response).toEqual({
      verdicts: [
        { id: 'request-1', source: 'example', status: 'VERDICT_STATUS_RECORDED', reason: '', fields: [] },
      ],
      batchId: 'b1',
    });
    expect(requests.pop()).toEqual({
      events: [
        {
          id: 'request-1',
          source: 'example',
          account: 'org:demo',
          type: 'api_requests',
          occurredAt: { seconds: '1706702400', nanos: 250_000_000 },
          quantity: '0.000000000000001',
          resource: '',
          properties: {
            fields: {
              region: { stringValue: 'eu' },
              cold: { boolValue: true },
              gb: { numberValue: 1.5 },
              none: { nullValue: 'NULL_VALUE' },
              tags: { listValue: { values: [{ stringValue: 'a' }] } },
              nested: { structValue: { fields: { deep: { stringValue: 'yes' } } } },
            },
          },
          kind: 'EVENT_KIND_UNSPECIFIED',
          target: null,
          reason: '',
          subject: { id: 'u1', attributes: { name: 'Ada' } },
        },
      ],
      backfill: false,
      batchId: 'b1',
    });
    expect(keys.pop()).toEqual(['th_key']);
  });

  it('tells a quantity of zero from none, and carries void with its target', async () => {
    const target = { source: 'example', id: 'request-1' };
    const zero = { ...apiRequest('zero'), quantity: '0' };
    const none = { ...apiRequest('none'), quantity: undefined, occurredAt: undefined };
    await client.metering.recordEvents({
      events: [zero, none, { id: 'v', kind: 'EVENT_KIND_VOID', target }],
    });
    const { events } = requests.pop()!;
    expect(events.map((event) => event.quantity)).toEqual(['0', undefined, undefined]);
    expect(events[1]!.occurredAt).toBeNull();
    expect(events[2]).toMatchObject({ kind: 'EVENT_KIND_VOID', target });
  });

  it('streams batch after batch, each answered under its own id', async () => {
    async function* batches() {
      yield { events: [apiRequest('a')], batchId: '1' };
      yield { events: [apiRequest('b'), apiRequest('c')], batchId: '2' };
    }
    const answers: [string, number][] = [];
    for await (const { batchId, verdicts } of client.metering.streamEvents(batches())) {
      answers.push([batchId, verdicts.length]);
    }
    expect(answers).toEqual([
      ['1', 1],
      ['2', 2],
    ]);
  });
});
