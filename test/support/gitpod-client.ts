import {
  Client,
  credentials,
  Metadata,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { usageRpc } from './usage-contract';

export type UsageV1 = 'UsageService' | 'BillingService';

export interface GitpodAnswer<A> {
  /** 0 = OK. */
  readonly code: number;
  readonly details: string;
  readonly answer: A | null;
}

export interface GitpodClientOptions {
  /** Left out: no metadata at all, as Gitpod's own callers send none. */
  readonly key?: string;
  readonly credentials?: ChannelCredentials;
  readonly channel?: ChannelOptions;
}

interface CallOptions {
  readonly deadlineMs?: number;
  /** Is handed the call, so that it can be cancelled. */
  readonly onCall?: (call: ClientUnaryCall) => void;
}

/** usage.v1 as a client of Gitpod's sees it: the two proto files and a socket. One connection for its life. */
export class GitpodClient {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(address: string, options: GitpodClientOptions = {}) {
    const secure = options.credentials ?? credentials.createInsecure();
    // grpc-js would share the connection of another client of the same address.
    this.#client = new Client(address, secure, { 'grpc.use_local_subchannel_pool': 1, ...options.channel });
    if (options.key !== undefined) this.#metadata.set('x-api-key', options.key);
  }

  /** Never throws: a failure is an answer with its code. */
  call<A = Record<string, unknown>>(
    [service, rpc]: readonly [UsageV1, string],
    request: object = {},
    { deadlineMs, onCall }: CallOptions = {},
  ): Promise<GitpodAnswer<A>> {
    const { path, requestSerialize, responseDeserialize } = usageRpc(service, rpc);
    const deadline = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, answer?: unknown): void =>
        resolve(
          error === null
            ? { code: 0, details: '', answer: answer as A }
            : { code: error.code, details: error.details, answer: null },
        );
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata,
        deadline,
        done,
      );
      onCall?.(call);
    });
  }

  close(): void {
    this.#client.close();
  }
}
