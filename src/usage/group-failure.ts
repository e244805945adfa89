import { DomainError } from '../core/errors';
import { errorCodeOf, isUnavailable } from '../platform/database-errors';
import { OutdatedCatalogue } from './careful-commit.service';
import type { Outcome } from './outcome';

/** What the failure of a group's statement asks for. */
export type GroupFailure =
  | 'known-key' // 23505: one of the keys exists, take the careful path
  | 'locked' // 55P03: a row is held by somebody slow
  | 'limit-near' // TL001: a counter may cross its limit, take the careful path
  | 'again' // 40P01, 40001: rolled back by Postgres, run it once more
  | 'missing-partition' // 23514 without a constraint: the weeks have outrun the partitions
  | 'lost' // the connection is gone, a COMMIT may have happened
  | 'outdated' // computed with an old catalogue
  | 'poisoned'; // something in the group itself

/** An account of the group is known to be locked by somebody slow. */
export class AccountHeldUp extends Error {}

export function groupFailure(error: unknown): GroupFailure {
  if (error instanceof AccountHeldUp) return 'locked';
  if (error instanceof OutdatedCatalogue) return 'outdated';
  // A connection that cannot be made again fails with a word of ours, not of the driver.
  if (isUnavailable(error) || (error instanceof DomainError && error.code === 'unavailable')) return 'lost';
  switch (errorCodeOf(error)) {
    case '23505':
      return 'known-key';
    case 'TL001':
      return 'limit-near';
    case '55P03':
    case '57014':
      return 'locked';
    case '40P01':
    case '40001':
      return 'again';
    case '23514':
      return hasConstraint(error) ? 'poisoned' : 'missing-partition';
    default:
      return 'poisoned';
  }
}

/** What the sender of a batch hears that is all or nothing and met a lock. */
export function heldUp(): DomainError {
  return new DomainError('unavailable', 'An account of the batch is locked by another transaction', [], 1);
}

/** How a single event that Postgres cannot take is judged: data errors (class 22) are the event's own, others ours. */
export function judgePoison(error: unknown): Outcome | null {
  if (!errorCodeOf(error)?.startsWith('22')) return null;
  const reason = error instanceof Error ? error.message : 'the value cannot be stored';
  return { status: 'refused', reason: `quantity: cannot be stored (${reason})` };
}

/** A row without a partition fails with the code of a check constraint, but names none. */
function hasConstraint(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'constraint' in error && error.constraint !== undefined
  );
}
