import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../../core/account-key';
import { brokenLink, CHAIN_START, type AuditHead } from '../../core/audit-chain';
import { DomainError } from '../../core/errors';
import { AuditRepository, type Chain } from './audit.repository';
import { chainName, INSTALLATION, sha256 } from './audit.service';

/** The end of one chain, to be kept where whoever can change the database cannot. */
export interface ChainHead extends AuditHead {
  /** An account key; `installation` for the installation itself. */
  readonly account: string;
}

/** What became of one chain. */
export interface ChainVerdict {
  readonly account: string;
  /** Rows that were walked through and found whole. */
  readonly rows: bigint;
  /** The first row that is wrong and why; null = the chain is whole. */
  readonly broken: { readonly sequence: bigint; readonly why: string } | null;
}

const CHAINS_AT_ONCE = 200;
const ROWS_AT_ONCE = 500;
const BEFORE_ALL = { bucket: -1, accountId: -1 };

/** Walks audit chains row by row; memory is bounded by one page, however long they are. */
@Injectable()
export class AuditVerification {
  constructor(private readonly entries: AuditRepository) {}

  /**
   * The verdict on every chain, or on the one of `account` (`installation` = the installation itself). `known` are heads
   * exported earlier: each must still be where it was. Throws `not-found` for an unknown account.
   */
  async *verify(account: string | null, known: readonly ChainHead[] = []): AsyncGenerator<ChainVerdict> {
    const heads = new Map(known.map((head) => [head.account, head]));
    for await (const chain of this.#chains(account)) {
      const head = heads.get(nameOf(chain));
      heads.delete(nameOf(chain));
      yield this.#verifyChain(chain, head);
    }
    for (const { account: gone, sequence } of account === null ? heads.values() : []) {
      yield { account: gone, rows: 0n, broken: { sequence, why: 'the whole chain is missing' } };
    }
  }

  /** The end of every chain. */
  async *heads(): AsyncGenerator<ChainHead> {
    for await (const chain of this.#chains(null)) {
      yield { account: nameOf(chain), ...((await this.entries.head(chain)) ?? CHAIN_START) };
    }
  }

  async *#chains(account: string | null): AsyncGenerator<Chain> {
    if (account !== null) {
      yield await this.#chainOf(account);
      return;
    }
    let after: Pick<Chain, 'bucket' | 'accountId'> = BEFORE_ALL;
    for (;;) {
      const chains = await this.entries.chains(after, CHAINS_AT_ONCE);
      yield* chains;
      if (chains.length < CHAINS_AT_ONCE) return;
      after = chains.at(-1)!;
    }
  }

  async #chainOf(account: string): Promise<Chain> {
    if (account === INSTALLATION_NAME) return { ...INSTALLATION, account: null };
    const chain = await this.entries.chainOf(account as AccountKey);
    if (chain === null) throw new DomainError('not-found', `No account ${account}`);
    return chain;
  }

  async #verifyChain(chain: Chain, known: ChainHead | undefined): Promise<ChainVerdict> {
    const account = nameOf(chain);
    let at: AuditHead = CHAIN_START;
    const broken = (sequence: bigint, why: string): ChainVerdict => ({
      ...{ account, rows: at.sequence },
      broken: { sequence, why },
    });
    for (;;) {
      // The end is read before the rows: whoever writes meanwhile moves both, so the rows reach at least this far.
      const end = (await this.entries.head(chain)) ?? CHAIN_START;
      const links = await this.entries.links({ ...chain, name: chainName(chain) }, at.sequence, ROWS_AT_ONCE);
      for (const link of links) {
        const why = brokenLink(at, link, sha256) ?? contradiction(link, [end, known]);
        if (why !== null) return broken(at.sequence + 1n, why);
        at = { sequence: link.sequence, hash: link.hash };
      }
      if (links.length === ROWS_AT_ONCE) continue;
      const furthest = known && known.sequence > end.sequence ? known.sequence : end.sequence;
      if (furthest > at.sequence) return broken(at.sequence + 1n, `row ${at.sequence + 1n} is missing`);
      return this.#endedAt(chain, { account, rows: at.sequence, broken: null });
    }
  }

  /** Rows beyond the end that is written down have come by another way than ours. */
  async #endedAt(chain: Chain, verdict: ChainVerdict): Promise<ChainVerdict> {
    const end = (await this.entries.head(chain)) ?? CHAIN_START;
    if (end.sequence >= verdict.rows) return verdict;
    return {
      ...verdict,
      broken: { sequence: end.sequence + 1n, why: 'it lies beyond the end of its chain' },
    };
  }
}

const INSTALLATION_NAME = 'installation';

function nameOf(chain: Chain): string {
  if (chain.accountId === INSTALLATION.accountId) return INSTALLATION_NAME;
  return chain.account ?? `account ${chainName(chain)}`;
}

function contradiction(link: AuditHead, ends: readonly (AuditHead | undefined)[]): string | null {
  const end = ends.find((one) => one?.sequence === link.sequence);
  return end && end.hash !== link.hash
    ? 'its hash differs from the end of the chain that was written down'
    : null;
}
