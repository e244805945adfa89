import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { ADMIN_KEY, ROOT } from './processes.mjs';

const PATIENCE_MS = 20_000;

/** Nobody knows what became of the request: it must be sent again. */
export class NoAnswer extends Error {}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity, noDelay: true });

/**
 * One request over HTTP; rejects with NoAnswer when the connection breaks or nothing comes. `to` is `{ host, port }`. After
 * `loseAfterMs` the caller hangs up, as if the answer had been lost on its way.
 */
export function call(to, { method = 'POST', path, body, headers = {}, loseAfterMs }) {
  const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(body);
  return new Promise((done, failed) => {
    const sent = request(
      {
        ...to,
        method,
        path,
        agent,
        timeout: PATIENCE_MS,
        headers: {
          'x-api-key': ADMIN_KEY,
          ...(bytes ? { 'content-type': 'application/json', 'content-length': bytes.length } : {}),
          ...headers,
        },
      },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', (error) => failed(new NoAnswer(error.message)));
        response.on('end', () => {
          if (!response.complete) return failed(new NoAnswer('cut off'));
          done({
            status: response.statusCode,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', (error) => failed(new NoAnswer(error.message)));
    if (loseAfterMs !== undefined) {
      const hangUp = setTimeout(() => sent.destroy(new Error('lost')), loseAfterMs);
      sent.on('close', () => clearTimeout(hangUp));
    }
    sent.end(bytes);
  });
}

/** The same with a JSON body both ways. */
export async function callJson(to, { body, ...rest }) {
  const answer = await call(to, { ...rest, body: body === undefined ? undefined : JSON.stringify(body) });
  return { ...answer, body: answer.text === '' ? undefined : JSON.parse(answer.text) };
}

const LOADER = { keepCase: false, longs: String, enums: String, defaults: true, oneofs: false };

/** metering.v1 as its proto file says. */
export function meteringContract() {
  const root = join(ROOT, 'proto');
  return loadSync('metering/v1/metering.proto', { ...LOADER, includeDirs: [root] })[
    'metering.v1.MeteringService'
  ];
}

/** A client of one address; the channel connects again by itself. */
export class MeteringClient {
  #client;
  #contract = meteringContract();

  constructor(address) {
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    });
  }

  /** Verdicts of one batch; rejects with NoAnswer or the status. */
  recordEvents(message) {
    const { path, requestSerialize, responseDeserialize } = this.#contract.RecordEvents;
    return new Promise((done, failed) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        credentialOf(),
        { deadline: Date.now() + PATIENCE_MS },
        (error, response) => (error ? failed(worded(error)) : done(response)),
      );
    });
  }

  close() {
    this.#client.close();
  }
}

export function credentialOf(key = ADMIN_KEY) {
  const metadata = new grpc.Metadata();
  metadata.set('x-api-key', key);
  return metadata;
}

/** A broken stream is worded as INTERNAL by the client library, not by the service. */
function worded(error) {
  const lost = [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED, grpc.status.CANCELLED];
  const broken = error.code === grpc.status.INTERNAL && /RST_STREAM/.test(error.details);
  return lost.includes(error.code) || broken ? new NoAnswer(error.details) : error;
}
