import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import { Database, type Sql } from '../platform/transaction';
import { AccountTurns } from './account-turns';
import { groupFailure } from './group-failure';

const LOCK_TIMEOUT_MS = 1_000;

/**
 * Transactions that lock the rows of one account. They would wait for each other anyway; waiting here, those of one account hold
 * one connection of the pool and not all, so that nobody else waits with them.
 */
@Injectable()
export class AccountTransactions {
  readonly #turns = new AccountTurns();

  constructor(private readonly database: Database) {}

  /** Throws `unavailable` when its turn does not come in time, or a row is held by somebody slow. */
  async run<R>(
    accountId: number,
    work: (tx: Sql) => Promise<R>,
    { patienceMs }: { readonly patienceMs: number },
  ): Promise<R> {
    return this.#turns.run(accountId, async (waitedMs) => {
      if (waitedMs > patienceMs) throw heldUp();
      return this.database.transaction(work, { lockTimeoutMs: LOCK_TIMEOUT_MS }).catch((error: unknown) => {
        throw groupFailure(error) === 'locked' ? heldUp() : error;
      });
    });
  }
}

function heldUp(): DomainError {
  return new DomainError('unavailable', 'The account is locked by another transaction', [], 1);
}
