import type { INestApplicationContext } from '@nestjs/common';
import { parseAccountKey } from '../../src/core/account-key';
import { ONE, quantity } from '../../src/core/quantity';
import { AccountService } from '../../src/cost-centers/account.service';
import { Database } from '../../src/platform/transaction';
import { MeterService } from '../../src/pricing/meter.service';
import { CarefulCommit } from '../../src/usage/careful-commit.service';
import { CommitConnection } from '../../src/usage/commit-connection';
import { EventIdentity } from '../../src/usage/event-identity.service';
import { prepareEvent } from '../../src/usage/event-preparation';
import { IngestRepository, type PreparedEvent } from '../../src/usage/ingest.repository';

export interface Sketch {
  readonly id: string;
  readonly account: string;
  readonly type?: string;
  readonly resource?: string;
  readonly units?: bigint;
}

/** As many connections of the write path as a test wants, as if so many processes of the service were running. */
export class EightWriters {
  readonly connections: CommitConnection[];

  constructor(
    private readonly app: INestApplicationContext,
    count = 8,
  ) {
    this.connections = Array.from(
      { length: count },
      (_, i) =>
        new CommitConnection(app.get(Database), app.get(IngestRepository), app.get(CarefulCommit), {
          name: `writer ${i}`,
          lockTimeoutMs: 30_000,
        }),
    );
  }

  /** Events of this moment, ready to be stored, in the order of their keys as every group must be. */
  async prepare(sketches: readonly Sketch[], now = new Date()): Promise<PreparedEvent[]> {
    const accounts = this.app.get(AccountService);
    const identity = this.app.get(EventIdentity);
    const catalogue = await this.app.get(MeterService).catalogue();
    await accounts.learn([...new Set(sketches.map(({ account }) => parseAccountKey(account)))]);
    const prepared = sketches.map(({ id, account, type = 'scans', resource = null, units = 1n }) => {
      const known = accounts.known(parseAccountKey(account))!;
      const at = now.getTime();
      const amount = quantity(units * ONE);
      const record = { kind: 'usage', source: '', id, type, resource, quantity: amount } as const;
      return prepareEvent(
        { ...record, account: known.key, occurredAt: null, properties: null, subject: null },
        {
          account: known,
          segment: accounts.segmentAt(known, at),
          at,
          now: at,
          key: identity.keyOf('', id),
          catalogue,
          contentOf: (parts) => identity.contentOf(parts),
        },
      );
    });
    return prepared.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.accountId - b.accountId));
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
  }
}
