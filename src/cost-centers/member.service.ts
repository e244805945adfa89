import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../core/account-key';
import { LedgerService } from '../ledger/ledger.service';
import { AccountClock } from '../platform/account-clock';
import { Audit } from '../platform/audit/audit.service';
import { type Principal, requireAccount } from '../platform/auth/principal';
import { BlindIndex } from '../platform/blind-index';
import { Database } from '../platform/transaction';
import { AccountService } from './account.service';
import { CostCenterService } from './cost-center.service';
import type { WantedMember } from './member.commands';
import { type Member, MemberRepository } from './member.repository';

/** Who belongs to an account, as far as the free allowance asks: whoever joined first, and his e-mail address. */
@Injectable()
export class MemberService {
  constructor(
    private readonly members: MemberRepository,
    private readonly accounts: AccountService,
    private readonly costCenters: CostCenterService,
    private readonly ledger: LedgerService,
    private readonly blindIndex: BlindIndex,
    private readonly audit: Audit,
    private readonly database: Database,
    private readonly clock: AccountClock,
  ) {}

  async list(caller: Principal, key: AccountKey): Promise<Member[]> {
    return this.members.list(await this.accounts.getFor(caller, key));
  }

  /** Replaces the members of an account, which is made when it is not there; its first one may bring a free allowance. */
  async put(caller: Principal, key: AccountKey, wanted: readonly WantedMember[]): Promise<Member[]> {
    requireAccount(caller, key);
    await this.accounts.learn([key]);
    const account = await this.accounts.get(key);
    const now = this.clock.now(account);
    const members = wanted.map(({ email, ...member }) => ({
      ...member,
      emailIndex: email === null ? null : this.blindIndex.ofEmail(email),
    }));
    return this.database.transaction(async (tx) => {
      await this.ledger.lockAccount(tx, account);
      const before = await this.members.list(account, tx);
      await this.members.replace(tx, account, { members, now });
      const after = await this.members.list(account, tx);
      if (after.length > 0) await this.costCenters.learnFirstMember(tx, account, caller);
      if (JSON.stringify(before) !== JSON.stringify(after)) {
        const change = { before: { members: before }, after: { members: after } };
        await this.audit.write(tx, {
          ...{ account, actor: caller, action: 'account.members-put', subject: `account:${key}` },
          ...change,
        });
      }
      return after;
    });
  }
}
