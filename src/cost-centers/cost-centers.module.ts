import { Module } from '@nestjs/common';
import { AccountRepository } from './account.repository';
import { AccountController } from './account.rest.controller';
import { AccountService } from './account.service';

/** Accounts, their calendars and what they agreed to. */
@Module({
  controllers: [AccountController],
  providers: [AccountRepository, AccountService],
  exports: [AccountService],
})
export class CostCentersModule {}
