import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../core/account-key';
import { CREDIT } from '../core/asset';
import { wholeCredits } from '../core/credits';
import { DomainError } from '../core/errors';
import { usageCreditNote } from '../core/posting';
import { LedgerService } from '../ledger/ledger.service';
import { AccountClock } from '../platform/account-clock';
import { Audit } from '../platform/audit/audit.service';
import type { Principal } from '../platform/auth/principal';
import { Ids } from '../platform/ids';
import { keyedId } from '../platform/keyed-id';
import { Database } from '../platform/transaction';
import { AccountService } from './account.service';
import { type UsageCreditNote, UsageCreditNoteRepository } from './usage-credit-note.repository';

/** What somebody wants to give back; whole credits of any sign. */
export interface AddUsageCreditNote {
  readonly account: AccountKey;
  readonly credits: number;
  readonly description: string;
  readonly userId: string | null;
  readonly idempotencyKey: string | null;
}

/** Gives usage back in credits. */
@Injectable()
export class UsageCreditNoteService {
  constructor(
    private readonly notes: UsageCreditNoteRepository,
    private readonly accounts: AccountService,
    private readonly ledger: LedgerService,
    private readonly audit: Audit,
    private readonly database: Database,
    private readonly clock: AccountClock,
    private readonly ids: Ids,
  ) {}

  /**
   * Lowers what the account owes; no cost centre is needed or made. An idempotency key is the account's: the same one again
   * with the same words gives nothing again, with other words it is a `conflict`.
   */
  async add(actor: Principal, { account: key, idempotencyKey, ...words }: AddUsageCreditNote): Promise<void> {
    await this.accounts.learn([key]);
    const account = await this.accounts.get(key);
    const createdAt = this.clock.now(account);
    const id =
      idempotencyKey === null ? this.ids.uuidv7() : keyedId('usage-credit-note', key, idempotencyKey);
    await this.database.transaction(async (tx) => {
      if (!(await this.notes.insert(tx, account, { id, createdAt, ...words }))) {
        return requireSame(await this.notes.read(tx, account, id), words);
      }
      const amount = wholeCredits(words.credits);
      const source = `usage-credit-note:${id}`;
      await this.ledger.post(tx, account, usageCreditNote({ asset: CREDIT, amount, source, at: createdAt }));
      const { credits, description, userId } = words;
      await this.audit.write(tx, {
        ...{ account, actor, action: 'usage-credit-note.added', subject: source },
        after: { credits, description, user_id: userId },
      });
    });
  }
}

function requireSame(
  stored: UsageCreditNote,
  words: Pick<UsageCreditNote, 'credits' | 'description' | 'userId'>,
): void {
  const names = ['credits', 'description', 'userId'] as const;
  if (names.every((name) => stored[name] === words[name])) return;
  throw new DomainError('conflict', 'The idempotency key was used for another credit note');
}
