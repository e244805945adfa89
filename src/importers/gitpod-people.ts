import { parseAttributionId } from '../core/attribution-id';
import type { AccountKey } from '../core/account-key';
import { invalid } from '../core/errors';
import { plainUuid } from '../core/uuid';
import type { GitpodFolder, GitpodTable } from './gitpod-folder';
import type { GitpodJournal } from './gitpod-journal';
import { readGitpodTime } from './gitpod-time';
import { judged } from './gitpod-usage';
import type { Cells } from './table-file';

/** Somebody who belongs to an organisation. */
export interface GitpodMember {
  readonly userId: string;
  readonly role: string;
  readonly joinedAt: Date | null;
  readonly email: string | null;
}

/** Who had the free allowance, and for whom. */
export interface GitpodAllowance {
  readonly account: AccountKey;
  readonly userId: string;
  readonly email: string | null;
  readonly givenAt: Date | null;
}

export interface ReadParts {
  readonly folder: GitpodFolder;
  readonly journal: GitpodJournal;
  readonly onProgress: (bytes: number) => void;
}

/** Every row of a table that can be read at all; one whose reading throws `invalid-argument` is in the journal instead. */
export async function* readTable<T>(
  { folder, journal, onProgress }: ReadParts,
  table: GitpodTable,
  read: (cells: Cells) => T,
): AsyncGenerator<{ readonly line: number; readonly id: string; readonly value: T }> {
  let before = 0;
  for await (const { rows, bytesRead } of folder.rows(table)) {
    for (const row of rows) {
      const { line } = row;
      journal.count(table, 'rows');
      const id = 'cells' in row ? (row.cells['id'] ?? row.cells['userId'] ?? '') : '';
      const outcome = 'cells' in row ? judged(() => read(row.cells)) : { reason: `the line ${row.problem}` };
      if ('reason' in outcome) journal.note({ table, line, id, outcome: 'refused', reason: outcome.reason });
      else yield { line, id, value: outcome.value };
    }
    onProgress(bytesRead - before);
    before = bytesRead;
  }
}

/** The members of every organisation, by the time at which they joined. */
export async function readMembers(parts: ReadParts): Promise<Map<AccountKey, GitpodMember[]>> {
  const emails = new Map<string, string>();
  for await (const { value } of readTable(parts, 'd_b_identity', identityOf)) {
    // Of several identities the first with an address, as nobody knows which of them the original asked.
    if (value !== null && !emails.has(value.userId)) emails.set(value.userId, value.email);
  }
  const members = new Map<AccountKey, GitpodMember[]>();
  const table = 'd_b_team_membership';
  for await (const { line, value } of readTable(parts, table, membershipOf)) {
    if (value === null) continue;
    const { account, ...member } = value;
    const known = members.get(account) ?? [];
    if (known.some(({ userId }) => userId === member.userId)) {
      parts.journal.note({ table, line, id: member.userId, outcome: 'refused', reason: 'is a member twice' });
    } else {
      members.set(account, [...known, { ...member, email: emails.get(member.userId) ?? null }]);
    }
  }
  return members;
}

/** Null = it was deleted, or has no address. */
function identityOf(cells: Cells): { userId: string; email: string } | null {
  const email = (cells['primaryEmail'] ?? '').trim();
  return email === '' || isDeleted(cells) ? null : { userId: userIdOf(cells), email };
}

function membershipOf(cells: Cells): (Omit<GitpodMember, 'email'> & { account: AccountKey }) | null {
  if (isDeleted(cells)) return null;
  const joined = readGitpodTime(cells['creationTime'] ?? '', 'creationTime');
  return {
    account: parseAttributionId(`team:${cells['teamId'] ?? ''}`, 'teamId'),
    userId: userIdOf(cells),
    role: cells['role'] || 'member',
    joinedAt: joined === null ? null : new Date(joined),
  };
}

/** Reads a row of d_b_free_credits. Throws `invalid-argument` naming the column. */
export function allowanceOf(cells: Cells): GitpodAllowance {
  const userId = plainUuid(cells['userId'] ?? '');
  if (userId === null) throw invalid('userId', 'must be a uuid');
  const given = readGitpodTime(cells['_lastModified'] ?? '', '_lastModified');
  return {
    account: parseAttributionId(`team:${cells['organizationId'] ?? ''}`, 'organizationId'),
    userId,
    email: (cells['email'] ?? '').trim() || null,
    givenAt: given === null ? null : new Date(given),
  };
}

function userIdOf(cells: Cells): string {
  const told = cells['userId'] ?? '';
  if (told === '') throw invalid('userId', 'is missing');
  return plainUuid(told) ?? told;
}

const isDeleted = (cells: Cells): boolean => ['1', 'true'].includes(cells['deleted'] ?? '');
