import { canonicalJson } from './canonical-json';

/** One row of an audit chain as it is hashed; hashes are lower-case hex. */
export interface AuditLink {
  readonly account: string;
  /** Counts from 1 within its chain. */
  readonly sequence: bigint;
  /** RFC 3339 in UTC with microseconds, so that nothing of what the database keeps is left out. */
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** Canonical JSON; null = there was nothing. */
  readonly before: string | null;
  readonly after: string | null;
  readonly reason: string | null;
  readonly previousHash: string;
}

export interface HashedLink extends AuditLink {
  readonly hash: string;
}

/** Where a chain stands: its last row. An empty chain stands at zero. */
export interface AuditHead {
  readonly sequence: bigint;
  readonly hash: string;
}

/** Of every chain, the hash before its first row. */
export const CHAIN_START: AuditHead = { sequence: 0n, hash: '0'.repeat(64) };

/** The text whose SHA-256 is the hash of a row: a list, so that no field can pass for its neighbour. */
export function auditText(link: AuditLink): string {
  const { account, sequence, at, actor, action, subject, before, after, reason, previousHash } = link;
  return canonicalJson([
    'tallyhouse.audit.1',
    previousHash,
    account,
    sequence,
    at,
    actor,
    action,
    subject,
    before,
    after,
    reason,
  ]);
}

/** Why a row does not continue the chain that stands at `head`, in words; null when it does. */
export function brokenLink(
  head: AuditHead,
  link: HashedLink,
  hashOf: (text: string) => string,
): string | null {
  if (link.sequence !== head.sequence + 1n) return `row ${head.sequence + 1n} is missing`;
  if (link.previousHash !== head.hash) return 'it does not continue the row before it';
  if (hashOf(auditText(link)) !== link.hash) return 'its content differs from its hash';
  return null;
}
