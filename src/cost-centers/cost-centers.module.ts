import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module';
import { AccountGrantService } from './account-grant.service';
import { AccountRepository } from './account.repository';
import { AccountController } from './account.rest.controller';
import { AccountService } from './account.service';
import { GrantController } from './grant.rest.controller';
import { LedgerController } from './ledger.rest.controller';

/** Accounts, their calendars and what they agreed to; the doors of what they owe and own. */
@Module({
  imports: [LedgerModule],
  controllers: [AccountController, LedgerController, GrantController],
  providers: [AccountRepository, AccountService, AccountGrantService],
  exports: [AccountService],
})
export class CostCentersModule {}
