import { connect } from 'node:net';
import type { ClientBase } from 'pg';
import type { CallLife } from './call-life';

/** `Sql` of `transaction`, which is built on this file. */
interface Querying<Statement> {
  query<R>(statement: Statement, values?: unknown[]): Promise<R[]>;
}

/**
 * A connection as the work of a call sees it: no statement is begun once the call is over, and the one that runs is
 * cancelled. Both leave nothing half done: a statement is atomic, and a transaction whose statement failed is rolled back.
 */
export class StoppableSql<Statement> implements Querying<Statement> {
  /** The connection failed or was told to cancel; a message that is still on its way must not meet anybody else's statement. */
  isSpoilt = false;

  constructor(
    private readonly sql: Querying<Statement>,
    private readonly call: CallLife,
    private readonly client: ClientBase,
  ) {}

  async query<R>(statement: Statement, values?: unknown[]): Promise<R[]> {
    this.call.throwIfOver();
    const settled = this.call.onOver(() => {
      this.isSpoilt = true;
      cancelStatement(this.client);
    });
    try {
      return await this.sql.query<R>(statement, values);
    } catch (error) {
      this.isSpoilt = true;
      throw this.call.failure ?? error;
    } finally {
      settled();
    }
  }
}

/** Whether the connection behind it must not be used again. */
export function isSpoilt(sql: object): boolean {
  return sql instanceof StoppableSql && sql.isSpoilt;
}

const CANCEL_REQUEST_CODE = 80_877_102;
const PATIENCE_MS = 1_000;

/** What the driver knows of the process at the other end, which its types do not show. */
interface BackendKey {
  readonly host: string;
  readonly port: number;
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/**
 * Asks Postgres to give up what the connection runs, over a connection of its own, as the protocol has it: sixteen bytes, no
 * login, no answer. When it cannot be asked the statement runs to its end, whose outcome nobody reads.
 */
function cancelStatement(client: ClientBase): void {
  const { host, port, processID, secretKey } = client as unknown as BackendKey;
  if (processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.on('error', () => undefined);
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.unref();
  socket.end(request);
}
