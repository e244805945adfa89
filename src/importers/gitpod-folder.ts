import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { INSTANCE_COLUMNS } from './gitpod-instance';
import { TABLE_FORMATS, type TablePart, tableFormatOf, tableRows } from './table-file';
import { UnreadableFile } from './unreadable-file';

/** The tables of the original that are read, with the columns that each must have. */
export const GITPOD_TABLES = {
  d_b_usage: ['id', 'attributionId', 'creditCents', 'effectiveTime', 'kind'],
  d_b_cost_center: ['id', 'creationTime', 'spendingLimit', 'billingStrategy'],
  d_b_free_credits: ['userId', 'organizationId'],
  d_b_stripe_customer: ['stripeCustomerId', 'attributionId'],
  d_b_workspace_instance: INSTANCE_COLUMNS,
  d_b_workspace: ['id', 'ownerId'],
  d_b_user: ['id', 'name'],
  d_b_team_membership: ['teamId', 'userId'],
  d_b_identity: ['userId', 'primaryEmail'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type GitpodTable = keyof typeof GITPOD_TABLES;

const CHUNK_BYTES = 262_144;

/** A folder with exports of tables, each a file of its name, CSV or NDJSON. */
export class GitpodFolder {
  private constructor(private readonly files: ReadonlyMap<GitpodTable, string>) {}

  /** Throws UnreadableFile when there is no such folder, no table in it, or one of them twice. */
  static open(path: string): GitpodFolder {
    if (!existsSync(path) || !statSync(path).isDirectory())
      throw new UnreadableFile('there is no such folder');
    const files = new Map<GitpodTable, string>();
    for (const table of Object.keys(GITPOD_TABLES) as GitpodTable[]) {
      const [file, twin] = TABLE_FORMATS.map((format) => join(path, `${table}.${format}`)).filter(existsSync);
      if (twin !== undefined) throw new UnreadableFile(`${table} is in it twice`);
      if (file !== undefined) files.set(table, file);
    }
    if (files.size === 0) throw new UnreadableFile('there is no table in it');
    return new GitpodFolder(files);
  }

  has(table: GitpodTable): boolean {
    return this.files.has(table);
  }

  /** How many bytes there are to read. */
  size(): number {
    return [...this.files.values()].reduce((sum, file) => sum + statSync(file).size, 0);
  }

  /** The rows of a table; of one that is not there, none. Throws UnreadableFile naming the table. */
  async *rows(table: GitpodTable): AsyncGenerator<TablePart> {
    const file = this.files.get(table);
    if (file === undefined) return;
    const input = createReadStream(file, { highWaterMark: CHUNK_BYTES });
    try {
      yield* tableRows(input, tableFormatOf(file), GITPOD_TABLES[table]);
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      throw new UnreadableFile(`${table}: ${error.message}`);
    }
  }
}
