import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { join, resolve } from 'node:path';
import type { RecordEventsRequest, RecordEventsResponse } from '../../src/generated/metering/v1/metering';
import { LOADER_OPTIONS, PROTO_FILES } from '../../src/generated/proto-loader';
import type { EventRecord, UnreadableRecord } from '../../src/usage/event-record.commands';
import { fromGrpcEvents } from '../../src/usage/grpc-event.wire';

const ROOT = join(resolve(__dirname, '..', '..'), 'proto');
const contract = loadSync([...PROTO_FILES], { ...LOADER_OPTIONS, includeDirs: [ROOT] });
const method = (contract['metering.v1.MeteringService'] as ServiceDefinition)['RecordEvents']!;

/** A request as it arrives: through the bytes of the wire. */
export function arrived(request: object): RecordEventsRequest {
  return method.requestDeserialize(method.requestSerialize(request)) as RecordEventsRequest;
}

/** An answer as the caller gets it. */
export function arrivedAnswer(answer: RecordEventsResponse): unknown {
  return method.responseDeserialize(method.responseSerialize(answer));
}

/** The record that the door makes of one event. */
export function read(event: object): EventRecord | UnreadableRecord {
  return fromGrpcEvents(arrived({ events: [event] })).records[0]!;
}

/** The field a record is refused for and why; fails when it is taken. */
export function refusal(event: object): [string, string] {
  const record = read(event);
  if (record.kind !== 'unreadable') throw new Error(`was taken: ${record.id}`);
  const [field = ''] = record.fields;
  return [field, record.reason.slice(field.length + 2)];
}
