import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { AccountKey } from '../../core/account-key';
import { auditText, type AuditHead, type AuditLink } from '../../core/audit-chain';
import { canonicalJson } from '../../core/canonical-json';
import { reachOf } from '../account-reach';
import { principalRef, requireAccount, type Principal } from '../auth/principal';
import { decodeCursor, encodeCursor, pageOf, type Page } from '../doors/pagination';
import type { Sql } from '../transaction';
import { AuditPositionShape, type ListAudit } from './audit.commands';
import { AuditRepository, type AuditEntry, type ChainKey } from './audit.repository';

/** Whose chain an entry belongs to. */
export type AuditedAccount = { readonly id: number; readonly bucket: number };

/** Who did it: a principal, or the name of a part of the service such as `job:rollup`, `cli:catalogue` or `seed`. */
export type Actor = Principal | string;

/** What is written down of a change. Values are what JSON can say, bigints and dates included; amounts are text. */
export interface AuditWrite {
  /** Whose; missing = the installation's own (keys, catalogue). */
  readonly account?: AuditedAccount | null;
  readonly actor: Actor;
  /** What was done, such as `api-key.created`. */
  readonly action: string;
  /** To what, such as `api-key:<id>`. */
  readonly subject: string;
  /** As it was; missing or null = it did not exist. */
  readonly before?: unknown;
  /** As it is now; missing or null = it exists no more. */
  readonly after?: unknown;
  readonly reason?: string | null;
}

const LIST = 'audit';
/** What the installation's own chain is called. */
export const INSTALLATION: ChainKey = { bucket: 0, accountId: 0 };

/** Who changed what: an entry is written in the transaction of its change, or there is neither. */
@Injectable()
export class Audit {
  constructor(private readonly entries: AuditRepository) {}

  /**
   * Adds an entry to its account's chain in the caller's transaction. Until that ends, nobody else adds to this chain, so it
   * is best written last. Throws a TypeError for values that JSON cannot say.
   */
  async write(sql: Sql, write: AuditWrite): Promise<void> {
    await this.writeAll(sql, [write]);
  }

  /** The same for entries of different chains, in two statements. */
  async writeAll(sql: Sql, writes: readonly AuditWrite[]): Promise<void> {
    if (writes.length === 0) return;
    const chains = writes.map(({ account }) => chainOf(account));
    const heads = await this.entries.lockHeads(sql, chains);
    const links = writes.map((write, i) => {
      const link = linkOf(write, heads.get(chainName(chains[i]!))!);
      return { chain: chains[i]!, link: { ...link, hash: sha256(auditText(link)) } };
    });
    await this.entries.extend(sql, links);
  }

  /** The entries the caller may see, newest first; those of the installation itself are for who may act for all accounts. */
  async list(caller: Principal, { limit, cursor, account }: ListAudit): Promise<Page<AuditEntry>> {
    if (account !== undefined) requireAccount(caller, account);
    const after = cursor === undefined ? null : decodeCursor(LIST, AuditPositionShape, cursor);
    const filter: { account: AccountKey | null } = { account: account ?? null };
    const rows = await this.entries.list(limit + 1, { ...filter, after, reach: reachOf(caller) });
    return pageOf(rows, limit, ({ position }) => encodeCursor(LIST, { ...position }));
  }
}

function chainOf(account: AuditedAccount | null | undefined): ChainKey {
  return account ? { bucket: account.bucket, accountId: account.id } : INSTALLATION;
}

function linkOf(write: AuditWrite, head: AuditHead & { at: string }): AuditLink {
  const { account, actor, action, subject, before, after, reason } = write;
  return {
    account: chainName(chainOf(account)),
    sequence: head.sequence + 1n,
    at: head.at,
    actor: typeof actor === 'string' ? actor : principalRef(actor),
    ...{ action, subject, before: jsonOf(before), after: jsonOf(after), reason: reason ?? null },
    previousHash: head.hash,
  };
}

/** What a chain is called in the hashes of its entries: numbers, which never change. */
export function chainName({ bucket, accountId }: ChainKey): string {
  return `${bucket}/${accountId}`;
}

/** Lower-case hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function jsonOf(value: unknown): string | null {
  return value === undefined || value === null ? null : canonicalJson(value);
}
