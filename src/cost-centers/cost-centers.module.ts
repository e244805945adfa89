import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module';
import { PricingModule } from '../pricing/pricing.module';
import { AccountClosingService } from './account-closing.service';
import { AccountGrantService } from './account-grant.service';
import { AccountRepository } from './account.repository';
import { AccountController } from './account.rest.controller';
import { AccountService } from './account.service';
import { GrantController } from './grant.rest.controller';
import { LedgerController } from './ledger.rest.controller';
import { SubscriptionController } from './subscription.rest.controller';
import { SubscriptionService } from './subscription.service';
import { TermsRepository } from './terms.repository';
import { TermsService } from './terms.service';

/** Accounts, their calendars and what they agreed to; the doors of what they owe and own. */
@Module({
  imports: [LedgerModule, PricingModule],
  controllers: [AccountController, SubscriptionController, LedgerController, GrantController],
  providers: [
    AccountRepository,
    AccountService,
    AccountGrantService,
    AccountClosingService,
    TermsRepository,
    TermsService,
    SubscriptionService,
  ],
  exports: [AccountService, TermsService, SubscriptionService],
})
export class CostCentersModule {}
