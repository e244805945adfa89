import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AccountPath, ListAccounts, PutAccount } from './account.commands';
import { AccountClosingService } from './account-closing.service';
import { AccountService } from './account.service';
import { CloseAccount } from './subscription.commands';
import { fromRestClose } from './subscription.wire';
import {
  AccountAnswer,
  AccountPageAnswer,
  accountAfter,
  fromRestAccountKey,
  fromRestListAccounts,
  fromRestPutAccount,
  toRestAccount,
  toRestAccountPage,
} from './account.wire';

@Controller('api/v1/accounts')
export class AccountController {
  constructor(
    private readonly accounts: AccountService,
    private readonly closing: AccountClosingService,
  ) {}

  /** The accounts the caller may see. */
  @Get()
  @RequireScope('accounts:read')
  @ApiDoor({
    name: 'listAccounts',
    tag: 'accounts',
    summary: 'Lists the accounts the key acts for',
    query: ListAccounts,
    answers: { 200: AccountPageAnswer },
  })
  async list(@CurrentPrincipal() caller: Principal, @Query() query: unknown) {
    const command = fromRestListAccounts(query);
    const scope = caller.accounts === '*' ? null : caller.accounts;
    return toRestAccountPage(
      await this.accounts.list(accountAfter(command), command.limit + 1, scope),
      command.limit,
    );
  }

  @Get(':key')
  @RequireScope('accounts:read')
  @ApiDoor({
    name: 'getAccount',
    tag: 'accounts',
    summary: 'Reads an account',
    path: AccountPath,
    answers: { 200: AccountAnswer },
    errors: ['not-found'],
  })
  async get(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestAccount(await this.accounts.getFor(caller, fromRestAccountKey(path)));
  }

  /** Makes an account with its calendar, or renames it. */
  @Put(':key')
  @RequireScope('accounts:write')
  @ApiDoor({
    name: 'putAccount',
    tag: 'accounts',
    summary: 'Makes an account with its calendar, or renames it',
    description: 'An account also comes into being with its first event, on a calendar of UTC months.',
    path: AccountPath,
    body: PutAccount.meta({ example: { name: 'Acme', time_zone: 'Europe/Berlin' } }),
    answers: { 200: AccountAnswer },
    errors: ['failed-precondition'],
  })
  async put(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    return toRestAccount(
      await this.accounts.putFor(caller, fromRestAccountKey(path), fromRestPutAccount(body)),
    );
  }

  /** Closes the account; it can still be read. */
  @Delete(':key')
  @RequireScope('accounts:write')
  @ApiDoor({
    name: 'closeAccount',
    tag: 'accounts',
    summary: 'Closes an account',
    description:
      'Its usage stops and its plan ends at once; what it owes is invoiced. Its events, ledger and invoices stay as long as retention says.',
    path: AccountPath,
    query: CloseAccount,
    answers: { 200: AccountAnswer },
    errors: ['not-found'],
  })
  async close(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const { key, reason } = fromRestClose(path, query);
    return toRestAccount(await this.closing.close(caller, key, reason));
  }
}
