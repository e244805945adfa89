import { Module, type OnModuleInit } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module';
import { PricingModule } from '../pricing/pricing.module';
import { AccountClosingService } from './account-closing.service';
import { AccountGrantService } from './account-grant.service';
import { AccountRepository } from './account.repository';
import { AccountController } from './account.rest.controller';
import { AccountService } from './account.service';
import { CostCenterRepository } from './cost-center.repository';
import { CostCenterController } from './cost-center.rest.controller';
import { CostCenterService } from './cost-center.service';
import { MemberRepository } from './member.repository';
import { MemberController } from './member.rest.controller';
import { MemberService } from './member.service';
import { ResetUsageService } from './reset-usage.service';
import { UsageCreditNoteRepository } from './usage-credit-note.repository';
import { UsageCreditNoteService } from './usage-credit-note.service';
import { UsageRpcGrpcController } from './usage-rpc.grpc.controller';
import { UsageRpcController } from './usage-rpc.rest.controller';
import { UsageRpcService } from './usage-rpc.service';
import { BlindIndex } from '../platform/blind-index';
import { Checks } from '../platform/checks';
import { BillingUpdateController } from './billing-update.rest.controller';
import { BillingUpdate } from './billing-update.service';
import { COST_CENTER_CHECKS } from './cost-center-checks';
import { GrantController } from './grant.rest.controller';
import { HistoryImport } from './history-import.service';
import { LedgerController } from './ledger.rest.controller';
import { PaymentProfileRepository } from './payment-profile.repository';
import { PaymentProfileService } from './payment-profile.service';
import { SecretBox } from '../platform/secret-box';
import { StripeCustomerRepository } from './stripe-customer.repository';
import { StripeCustomerService } from './stripe-customer.service';
import { SubscriptionController } from './subscription.rest.controller';
import { SubscriptionService } from './subscription.service';
import { TermsRepository } from './terms.repository';
import { TermsService } from './terms.service';

/** Accounts, their calendars and what they agreed to; the doors of what they owe and own. */
@Module({
  imports: [LedgerModule, PricingModule],
  controllers: [
    AccountController,
    MemberController,
    SubscriptionController,
    CostCenterController,
    UsageRpcController,
    UsageRpcGrpcController,
    LedgerController,
    GrantController,
    BillingUpdateController,
  ],
  providers: [
    AccountRepository,
    AccountService,
    AccountGrantService,
    AccountClosingService,
    TermsRepository,
    TermsService,
    SubscriptionService,
    BillingUpdate,
    BlindIndex,
    CostCenterRepository,
    CostCenterService,
    HistoryImport,
    MemberRepository,
    MemberService,
    PaymentProfileRepository,
    PaymentProfileService,
    ResetUsageService,
    SecretBox,
    StripeCustomerRepository,
    StripeCustomerService,
    UsageCreditNoteRepository,
    UsageCreditNoteService,
    UsageRpcService,
  ],
  exports: [
    AccountService,
    TermsService,
    SubscriptionService,
    CostCenterService,
    PaymentProfileService,
    ResetUsageService,
  ],
})
export class CostCentersModule implements OnModuleInit {
  constructor(private readonly checks: Checks) {}

  onModuleInit(): void {
    this.checks.add(COST_CENTER_CHECKS);
  }
}
