import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../../core/account-key';
import type { AuditHead, HashedLink } from '../../core/audit-chain';
import { plainArray, textArray } from '../array-literal';
import { accountsWithin, type Reach } from '../account-reach';
import { Database, type Sql } from '../transaction';

/** The chain of an account by its numbers; 0 and 0 is the installation itself. */
export interface ChainKey {
  readonly bucket: number;
  readonly accountId: number;
}

/** A chain with the key of its account; null = the installation itself, or an account that is gone. */
export interface Chain extends ChainKey {
  readonly account: AccountKey | null;
}

/** An entry as it is shown. */
export interface AuditEntry extends Chain {
  readonly sequence: bigint;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly reason: string | null;
  readonly hash: string;
}

/** Where a page of entries goes on: the last one shown. */
export interface AuditPosition extends ChainKey {
  readonly at: string;
  readonly sequence: string;
}

const MICROSECONDS = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/**
 * Locks the ends of chains, in one order everywhere, until the caller's transaction ends, beginning a chain where there is
 * none. The time is taken under the lock, so that within a chain it runs as the sequence does.
 */
const LOCK_HEADS = `
  insert into audit_head as head (bucket, account_id, sequence, hash)
  select bucket, account_id, 0, decode(repeat('00', 32), 'hex')
  from unnest($1::smallint[], $2::bigint[]) as c(bucket, account_id) order by bucket, account_id
  on conflict (bucket, account_id) do update set sequence = head.sequence
  returning bucket, account_id, sequence, encode(hash, 'hex') as hash, ${MICROSECONDS('clock_timestamp()')} as at`;

/** The entries and the new ends of their chains, all or none. */
const EXTEND_CHAINS = `
  with link as materialized (
    select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
      $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
      as l(bucket, account_id, sequence, at, actor, action, subject, before, after, reason, previous_hash, hash)),
  moved as (
    update audit_head h set sequence = l.sequence, hash = decode(l.hash, 'hex') from link l
    where h.bucket = l.bucket and h.account_id = l.account_id)
  insert into audit_entry
    (bucket, account_id, sequence, at, actor, action, subject, before, after, reason, previous_hash, hash)
  select bucket, account_id, sequence, at, actor, action, subject, before::json, after::json, reason,
    decode(previous_hash, 'hex'), decode(hash, 'hex')
  from link`;

/** Chains by their numbers, those of which only the head or only entries are left included. */
const LIST_CHAINS = `
  with chain as (
    (select distinct bucket, account_id from audit_entry
      where (bucket, account_id) > ($1, $2) order by bucket, account_id limit $3)
    union
    (select bucket, account_id from audit_head
      where (bucket, account_id) > ($1, $2) order by bucket, account_id limit $3))
  select c.bucket, c.account_id, a.key as account from chain c left join account a on a.id = c.account_id
  order by c.bucket, c.account_id limit $3`;

const FIND_CHAIN = `select bucket, id as account_id, key as account from account where key = $1`;

const READ_HEAD = `
  select sequence, encode(hash, 'hex') as hash from audit_head where bucket = $1 and account_id = $2`;

/** Entries as the texts they were hashed as. */
const READ_LINKS = `
  select sequence, ${MICROSECONDS('at')} as at, actor, action, subject, before::text as before, after::text as after,
    reason, encode(previous_hash, 'hex') as previous_hash, encode(hash, 'hex') as hash
  from audit_entry where bucket = $1 and account_id = $2 and sequence > $3
  order by sequence limit $4`;

/** Newest first; the position is the whole order, so that entries of one microsecond are neither skipped nor repeated. */
const LIST_ENTRIES = `
  select e.bucket, e.account_id, a.key as account, e.sequence, e.at, ${MICROSECONDS('e.at')} as exact_at, e.actor,
    e.action, e.subject, e.before, e.after, e.reason, encode(e.hash, 'hex') as hash
  from audit_entry e left join account a on a.id = e.account_id
  where ($2::text is null or a.key = $2)
    and ($3::timestamptz is null or (e.at, e.bucket, e.account_id, e.sequence) < ($3, $4::smallint, $5::bigint, $6::bigint))
    and ${accountsWithin('a.key', 7)}
  order by e.at desc, e.bucket desc, e.account_id desc, e.sequence desc limit $1`;

interface HeadRow {
  sequence: string;
  hash: string;
}
interface LinkRow extends Omit<HashedLink, 'sequence' | 'account' | 'previousHash'> {
  sequence: string;
  previous_hash: string;
}
interface ChainRow {
  bucket: number;
  account_id: string;
  account: AccountKey | null;
}
type EntryRow = ChainRow &
  Omit<AuditEntry, 'sequence' | keyof Chain> & { sequence: string; exact_at: string };

/** The rows of `audit_entry` and `audit_head`. */
@Injectable()
export class AuditRepository {
  constructor(private readonly database: Database) {}

  /** Where chains stand, by name, nobody else able to extend them before the caller's transaction ends; and the time now. */
  async lockHeads(sql: Sql, chains: readonly ChainKey[]): Promise<Map<string, AuditHead & { at: string }>> {
    const rows = await sql.query<HeadRow & ChainRow & { at: string }>(LOCK_HEADS, [
      plainArray(chains, ({ bucket }) => bucket),
      plainArray(chains, ({ accountId }) => accountId),
    ]);
    return new Map(rows.map((row) => [`${row.bucket}/${row.account_id}`, { ...headOf(row), at: row.at }]));
  }

  async extend(sql: Sql, links: readonly { chain: ChainKey; link: HashedLink }[]): Promise<void> {
    await sql.query(EXTEND_CHAINS, [
      plainArray(links, ({ chain }) => chain.bucket),
      plainArray(links, ({ chain }) => chain.accountId),
      plainArray(links, ({ link }) => link.sequence),
      plainArray(links, ({ link }) => link.at),
      ...(['actor', 'action', 'subject', 'before', 'after', 'reason'] as const).map((name) =>
        textArray(links, ({ link }) => link[name]),
      ),
      plainArray(links, ({ link }) => link.previousHash),
      plainArray(links, ({ link }) => link.hash),
    ]);
  }

  async chains(after: ChainKey, limit: number): Promise<Chain[]> {
    const values = [after.bucket, after.accountId, limit];
    return (await this.database.query<ChainRow>(LIST_CHAINS, values)).map(chainOf);
  }

  async chainOf(account: AccountKey): Promise<Chain | null> {
    return (await this.database.query<ChainRow>(FIND_CHAIN, [account])).map(chainOf)[0] ?? null;
  }

  async head({ bucket, accountId }: ChainKey): Promise<AuditHead | null> {
    const [row] = await this.database.query<HeadRow>(READ_HEAD, [bucket, accountId]);
    return row === undefined ? null : headOf(row);
  }

  /** The next entries of a chain; `account` is what the chain is called in its hashes. */
  async links(chain: ChainKey & { name: string }, after: bigint, limit: number): Promise<HashedLink[]> {
    const values = [chain.bucket, chain.accountId, String(after), limit];
    return (await this.database.query<LinkRow>(READ_LINKS, values)).map(({ previous_hash, ...row }) => ({
      ...row,
      account: chain.name,
      sequence: BigInt(row.sequence),
      previousHash: previous_hash,
    }));
  }

  /** One page of what the caller may see, newest first, each with its position. */
  async list(
    limit: number,
    { account, after, reach }: { account: AccountKey | null; after: AuditPosition | null; reach: Reach },
  ): Promise<(AuditEntry & { position: AuditPosition })[]> {
    const from = [
      after?.at ?? null,
      after?.bucket ?? null,
      after?.accountId ?? null,
      after?.sequence ?? null,
    ];
    const rows = await this.database.query<EntryRow>(LIST_ENTRIES, [limit, account, ...from, reach]);
    return rows.map(({ account_id, sequence, exact_at, ...row }) => ({
      ...row,
      accountId: Number(account_id),
      sequence: BigInt(sequence),
      position: { at: exact_at, bucket: row.bucket, accountId: Number(account_id), sequence },
    }));
  }
}

function headOf({ sequence, hash }: HeadRow): AuditHead {
  return { sequence: BigInt(sequence), hash };
}

function chainOf({ bucket, account_id, account }: ChainRow): Chain {
  return { bucket, accountId: Number(account_id), account };
}
