import { Injectable } from '@nestjs/common';
import { GrantService } from '../ledger/grant.service';
import type { StoredGrant } from '../ledger/stored';
import type { Principal } from '../platform/auth/principal';
import { AccountClock } from '../platform/account-clock';
import { Ids } from '../platform/ids';
import { keyedId } from '../platform/keyed-id';
import { Database } from '../platform/transaction';
import { AccountService } from './account.service';
import type { GiveGrant } from './grant.commands';

/** Gives grants to accounts by name. */
@Injectable()
export class AccountGrantService {
  constructor(
    private readonly accounts: AccountService,
    private readonly grants: GrantService,
    private readonly database: Database,
    private readonly clock: AccountClock,
    private readonly ids: Ids,
  ) {}

  /**
   * Gives a grant. An idempotency key is the account's: the same one again answers the grant it once gave, or `conflict`
   * when the words differ. Throws `not-found` for an account that does not exist or is not the caller's.
   */
  async give(caller: Principal, { account: key, idempotencyKey, ...grant }: GiveGrant): Promise<StoredGrant> {
    const account = await this.accounts.getFor(caller, key);
    const id = idempotencyKey === null ? this.ids.uuidv7() : keyedId('grant', key, idempotencyKey);
    const at = this.clock.now(account);
    return this.database.transaction((tx) => this.grants.issue(tx, account, { ...grant, id, at }));
  }
}
