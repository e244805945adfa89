import type { INestApplicationContext } from '@nestjs/common';
import { parseAccountKey } from '../../src/core/account-key';
import { ONE, quantity } from '../../src/core/quantity';
import { ADMIN } from '../../src/platform/auth/principal';
import { Database } from '../../src/platform/transaction';
import { MeterService } from '../../src/pricing/meter.service';
import { CarefulCommit } from '../../src/usage/careful-commit.service';
import { CommitConnection } from '../../src/usage/commit-connection';
import { EventPreparer } from '../../src/usage/event-preparer.service';
import { IngestRepository } from '../../src/usage/ingest.repository';
import type { PreparedEvent } from '../../src/usage/prepared-event';

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
          thresholds: [80, 100],
        }),
    );
  }

  /** Events of this moment, ready to be stored, in the order of their keys as every group must be. */
  async prepare(sketches: readonly Sketch[], now = new Date()): Promise<PreparedEvent[]> {
    const preparer = this.app.get(EventPreparer);
    const catalogue = await this.app.get(MeterService).catalogue();
    const records = sketches.map(({ id, account, type = 'scans', resource = null, units = 1n }) => ({
      ...{ kind: 'usage' as const, source: '', id, type, resource, quantity: quantity(units * ONE) },
      ...{ account: parseAccountKey(account), occurredAt: null, properties: null, subject: null },
    }));
    const preparing = { principal: ADMIN, now: now.getTime(), backfill: false, catalogue };
    await preparer.learn(records, preparing);
    const prepared = records.map((record) => preparer.prepare(record, preparing));
    return prepared.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.accountId - b.accountId));
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
  }
}
