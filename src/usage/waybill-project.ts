import { z } from 'zod';
import { parseAccountKey, type AccountKey } from '../core/account-key';
import { DomainError } from '../core/errors';
import { plainUuid } from '../core/uuid';

export const UuidText = z.string().meta({ format: 'uuid', example: '6f1c1c5e-2f0f-4d0b-8f6e-2f6b1c0d9e11' });

/** The path of everything that belongs to a project. */
export const ProjectPath = z.object({ project_id: UuidText });

/** A project of Waybill's: its plain uuid, and the account that pays for it. */
export interface Project {
  readonly id: string;
  readonly account: AccountKey;
}

/** A uuid of a path in plain spelling. Throws `invalid-argument` in the words that the original's door has for it. */
export function uuidOf(text: string, words: string): string {
  const uuid = plainUuid(text);
  if (uuid !== null) return uuid;
  throw new DomainError('invalid-argument', words, [
    { field: words.replace(/^invalid /, ''), reason: 'must be a uuid' },
  ]);
}

/** The project of a path. Throws like `uuidOf`. */
export function projectOf(path: unknown, words: string): Project {
  const id = uuidOf(ProjectPath.parse(path).project_id, words);
  return { id, account: parseAccountKey(`project:${id}`) };
}

/** The uuid of a project's account; null for the account of anything else. */
export function projectIdOf(account: AccountKey): string | null {
  return account.startsWith('project:') ? plainUuid(account.slice('project:'.length)) : null;
}
