import { Controller, Get, Param, Query } from '@nestjs/common';
import { AccountKeyPath } from '../cost-centers/account-path';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { ListUsageEntries } from './list-usage.commands';
import { ListUsageService } from './list-usage.service';
import { UsageEntryPageAnswer, fromRestListUsageEntries, toRestUsageEntryPage } from './list-usage.wire';

@Controller('api/v1/accounts/:key/usage-entries')
export class ListUsageController {
  constructor(private readonly usage: ListUsageService) {}

  /** What instances of the account used: the cursor twin of ListUsage, whose last page costs what its first one does. */
  @Get()
  @RequireScope('usage:read')
  @ApiDoor({
    name: 'listUsageEntries',
    tag: 'usage',
    summary: 'Lists what instances of an account used, run by run',
    path: AccountKeyPath,
    query: ListUsageEntries,
    answers: { 200: UsageEntryPageAnswer },
    errors: ['not-found'],
  })
  async list(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const account = AccountKeyPath.parse(path).key;
    const command = fromRestListUsageEntries(query);
    const { limit } = command;
    return toRestUsageEntryPage(
      await this.usage.listAfter(caller, { ...command, account, limit: limit + 1 }),
      limit,
    );
  }
}
