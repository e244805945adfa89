import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call a receiver got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Somebody else's server on this machine: it writes down what it is sent and answers as it is told. */
export class Receiver {
  readonly received: Received[] = [];
  /** The next answers, a status each; 200 when there are none left. */
  readonly answers: number[] = [];
  /** Instead of an answer. */
  behave: ((response: ServerResponse) => void) | null = null;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const receiver = new Receiver(server, (server.address() as AddressInfo).port);
    server.on('request', (request, response) => receiver.#take(request, response));
    return receiver;
  }

  url(path = '/hooks', host = '127.0.0.1'): string {
    return `http://${host}:${this.port}${path}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      this.received.push({ path: request.url!, headers: request.headers, body });
      if (this.behave) return this.behave(response);
      const status = this.answers.shift() ?? 200;
      response.writeHead(status, status === 302 ? { location: this.url('/elsewhere') } : {}).end('thanks');
    });
  }
}
