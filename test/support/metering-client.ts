import {
  type Client,
  type Metadata,
  type ServiceError,
  credentials,
  loadPackageDefinition,
  Metadata as GrpcMetadata,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { join, resolve } from 'node:path';
import { LOADER_OPTIONS, PROTO_FILES } from '../../src/generated/proto-loader';
import type { RecordEventsResponse } from '../../src/generated/metering/v1/metering';

const ROOT = join(resolve(__dirname, '..', '..'), 'proto');

interface Duplex {
  write(request: object): boolean;
  end(): void;
  on(event: 'data', listener: (response: RecordEventsResponse) => void): void;
  on(event: 'end', listener: () => void): void;
  on(event: 'error', listener: (error: ServiceError) => void): void;
}

type Stub = Client & {
  recordEvents(
    request: object,
    metadata: Metadata,
    done: (error: ServiceError | null, response: RecordEventsResponse) => void,
  ): void;
  streamEvents(metadata: Metadata): Duplex;
};

/** metering.v1 as any client of another language sees it: the proto files and a socket. */
export class MeteringClient {
  readonly #stub: Stub;
  readonly #metadata = new GrpcMetadata();

  constructor(address: string, key: string) {
    const definition = loadSync(
      PROTO_FILES.map((file) => join(ROOT, file)),
      { ...LOADER_OPTIONS, includeDirs: [ROOT] },
    );
    const root = loadPackageDefinition(definition) as unknown as {
      metering: { v1: { MeteringService: new (address: string, creds: unknown) => Stub } };
    };
    this.#stub = new root.metering.v1.MeteringService(address, credentials.createInsecure());
    this.#metadata.set('x-api-key', key);
  }

  recordEvents(request: object): Promise<RecordEventsResponse> {
    return new Promise((done, failed) =>
      this.#stub.recordEvents(request, this.#metadata, (error, response) =>
        error ? failed(error) : done(response),
      ),
    );
  }

  /** A unary rpc by its name in lower camel case; fails with the ServiceError. */
  call<Response>(rpc: string, request: object): Promise<Response> {
    const unary = this.#stub as unknown as Record<
      string,
      (
        request: object,
        metadata: Metadata,
        done: (error: ServiceError | null, response: Response) => void,
      ) => void
    >;
    return new Promise((done, failed) =>
      unary[rpc]!.call(this.#stub, request, this.#metadata, (error, response) =>
        error ? failed(error) : done(response),
      ),
    );
  }

  /** Sends all requests without waiting and collects the answers in their order. */
  streamEvents(requests: readonly object[]): Promise<RecordEventsResponse[]> {
    return new Promise((done, failed) => {
      const call = this.#stub.streamEvents(this.#metadata);
      const answers: RecordEventsResponse[] = [];
      call.on('data', (answer) => answers.push(answer));
      call.on('end', () => done(answers));
      call.on('error', failed);
      for (const request of requests) call.write(request);
      call.end();
    });
  }

  close(): void {
    this.#stub.close();
  }
}
