import { Injectable } from '@nestjs/common';
import { Database } from '../platform/transaction';

/** Weeks of events and months of keys ahead of now; what exists stays as it is. */
const ENSURE_PARTITIONS_AHEAD = `
  select ensure_event_partition(now() + n * interval '7 days') as part from generate_series(0, 4) n
  union all
  select ensure_key_partition(now() + n * interval '1 month') from generate_series(-2, 3) n`;

@Injectable()
export class PartitionRepository {
  constructor(private readonly database: Database) {}

  /** Makes the partitions of the coming weeks, so that ingest never meets a missing one; answers their names. */
  async ensureAhead(): Promise<string[]> {
    return (await this.database.query<{ part: string }>(ENSURE_PARTITIONS_AHEAD)).map((row) => row.part);
  }
}
