// gRPC load in a process of its own: unary RecordEvents of one event each, over several connections with several calls
// under way on each. It writes HTTP/2 frames itself, because a grpc-js client costs more than the server it would load
// and would hide it on a machine of two cores. An answer counts when it brings a message; an error brings none.
import { connect } from 'node:net';
import { SERVICE, definition } from '../fixtures/contract.mjs';
import { eventMaker } from '../harness/events.mjs';
import { percentile } from '../harness/statistics.mjs';
import {
  FLAG,
  FRAME,
  frame,
  frameReader,
  headerBlock,
  opening,
  requestBytes,
  withStream,
} from './http2-frames.mjs';

const { address, key, connections, callsEach, seconds } = JSON.parse(process.argv[2]);
const BODIES = 500;
const { path, requestSerialize } = definition[SERVICE].RecordEvents;
const headers = headerBlock({
  ':method': 'POST',
  ':scheme': 'http',
  ':path': path,
  ':authority': address,
  'content-type': 'application/grpc',
  te: 'trailers',
  ...(key ? { 'x-api-key': key } : {}),
});
const next = eventMaker({ seed: 5 });
const requests = Array.from({ length: BODIES }, () =>
  requestBytes(headers, framed(requestSerialize({ events: [onTheWire(next())] }))),
);

function onTheWire({ occurred_at, properties, ...event }) {
  const fields = Object.entries(properties).map(([name, value]) => [
    name,
    typeof value === 'number' ? { numberValue: value } : { stringValue: value },
  ]);
  return {
    ...event,
    occurredAt: { seconds: Math.floor(Date.parse(occurred_at) / 1000), nanos: 0 },
    properties: { fields: Object.fromEntries(fields) },
  };
}

function framed(message) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const latencies = [];
let errors = 0;
const startedAt = performance.now();
const deadline = startedAt + seconds * 1000;

/** Keeps `callsEach` calls under way on one connection until the time is over and the last is answered. */
function loadConnection() {
  return new Promise((resolve) => {
    const [host, port] = address.split(':');
    const socket = connect({ host, port: Number(port), noDelay: true });
    const calls = new Map();
    let lastStream = -1;
    const call = () => {
      lastStream += 2;
      calls.set(lastStream, { sentAt: performance.now(), hasMessage: false });
      socket.write(withStream(requests[latencies.length % BODIES], headers, lastStream));
    };
    const answered = (stream) => {
      const { sentAt, hasMessage } = calls.get(stream);
      calls.delete(stream);
      latencies.push(performance.now() - sentAt);
      if (!hasMessage) errors++;
      if (performance.now() < deadline) call();
      else if (calls.size === 0) socket.end();
    };
    const onFrame = (type, flags, stream, payload) => {
      if (type === FRAME.settings && !(flags & FLAG.ack))
        socket.write(frame(FRAME.settings, { flags: FLAG.ack }));
      if (type === FRAME.ping && !(flags & FLAG.ack))
        socket.write(frame(FRAME.ping, { flags: FLAG.ack, payload }));
      if (!calls.has(stream)) return;
      if (type === FRAME.data && payload.length > 0) calls.get(stream).hasMessage = true;
      if (type === FRAME.reset || (type <= FRAME.headers && flags & FLAG.endStream)) answered(stream);
    };
    socket.on('data', frameReader(onFrame));
    socket.on('error', () => errors++);
    socket.on('close', () => resolve((errors += calls.size)));
    socket.write(opening());
    for (let i = 0; i < callsEach; i++) call();
  });
}

await Promise.all(Array.from({ length: connections }, loadConnection));
const summary = {
  requests: latencies.length,
  seconds: (performance.now() - startedAt) / 1000,
  p50: percentile(latencies, 0.5),
  p99: percentile(latencies, 0.99),
  errors,
};
console.log(`RESULT ${JSON.stringify(summary)}`);
