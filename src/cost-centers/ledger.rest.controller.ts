import { Controller, Get, Param, Query } from '@nestjs/common';
import { LedgerService } from '../ledger/ledger.service';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { PageQuery } from '../platform/doors/pagination';
import { AccountPath } from './account.commands';
import { AccountService } from './account.service';
import { fromRestAccountKey } from './account.wire';
import {
  BalanceAnswer,
  TransferPageAnswer,
  fromRestAccountPage,
  toRestBalance,
  toRestTransferPage,
} from './ledger.wire';

@Controller('api/v1/accounts/:key')
export class LedgerController {
  constructor(
    private readonly accounts: AccountService,
    private readonly ledger: LedgerService,
  ) {}

  /** What the account owes and owns. */
  @Get('balance')
  @RequireScope('ledger:read')
  @ApiDoor({
    name: 'getBalance',
    tag: 'ledger',
    summary: 'Reads what an account owes and owns',
    description:
      'By asset and name: `receivable` above zero is owed and not yet invoiced, `settlement` above zero is invoiced and not yet paid, `grants` below zero is what the account can still pay with. Per asset everything adds up to zero.',
    path: AccountPath,
    answers: { 200: BalanceAnswer },
    errors: ['not-found'],
  })
  async balance(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    const account = await this.accounts.getFor(caller, fromRestAccountKey(path));
    return toRestBalance(account.key, await this.ledger.balances(account));
  }

  /** Every transfer of the account. */
  @Get('ledger')
  @RequireScope('ledger:read')
  @ApiDoor({
    name: 'listTransfers',
    tag: 'ledger',
    summary: 'Lists the transfers of an account, newest first',
    description: 'By the time they were recorded. Transfers never change: a correction is another one.',
    path: AccountPath,
    query: PageQuery,
    answers: { 200: TransferPageAnswer },
    errors: ['not-found'],
  })
  async history(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const page = fromRestAccountPage(path, query);
    const account = await this.accounts.getFor(caller, page.account);
    return toRestTransferPage(await this.ledger.history(account, page.after, page.limit + 1), page);
  }
}
