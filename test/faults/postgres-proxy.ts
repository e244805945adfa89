import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between the service and its Postgres, and can be away, or lose the answer to a statement. */
export class PostgresProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refuses = false;
  /** Connections it was asked for while it was away. */
  refused = 0;
  #loseAnswerTo: string | null = null;

  private constructor(private readonly target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#join(client));
  }

  /** The proxy and the address through which it is reached. */
  static async open(databaseUrl: string): Promise<{ proxy: PostgresProxy; url: string }> {
    const url = new URL(databaseUrl);
    const proxy = new PostgresProxy({ host: url.hostname, port: parseInt(url.port, 10) });
    await new Promise<void>((done) => proxy.#server.listen(0, '127.0.0.1', done));
    url.port = String((proxy.#server.address() as AddressInfo).port);
    return { proxy, url: url.toString() };
  }

  /** Breaks every connection and takes no new one. */
  leave(): void {
    this.#refuses = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  comeBack(): void {
    this.#refuses = false;
  }

  /** The next message that holds `text` reaches Postgres, but its answer never comes back: the connection breaks instead. */
  loseAnswerTo(text: string): void {
    this.#loseAnswerTo = text;
  }

  /** Whether an answer is still to be lost. */
  get waits(): boolean {
    return this.#loseAnswerTo !== null;
  }

  async close(): Promise<void> {
    this.leave();
    await new Promise((done) => this.#server.close(done));
  }

  #join(client: Socket): void {
    if (this.#refuses) {
      this.refused += 1;
      client.destroy();
      return;
    }
    const server = connect(this.target);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    let isLost = false;
    client.on('data', (chunk) => {
      if (this.#loseAnswerTo !== null && chunk.includes(this.#loseAnswerTo)) {
        this.#loseAnswerTo = null;
        isLost = true;
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      // Postgres answers after COMMIT: by now it has happened.
      if (isLost) client.destroy();
      else client.write(chunk);
    });
  }
}
