import { Module, type OnModuleInit } from '@nestjs/common';
import { CostCentersModule } from '../cost-centers/cost-centers.module';
import { LedgerModule } from '../ledger/ledger.module';
import { PricingModule } from '../pricing/pricing.module';
import { Checks } from '../platform/checks';
import { Retention } from '../platform/retention';
import { UsageModule } from '../usage/usage.module';
import { BillingGrpcController } from './billing.grpc.controller';
import { BillingController } from './billing.rest.controller';
import { BillingEnrolment } from './billing-enrolment.service';
import { BILLING_STATE_CHECKS } from './billing-state-checks';
import { BillingStateRepository } from './billing-state.repository';
import { DraftRepository } from './draft.repository';
import { InvoiceDocumentController } from './invoice-document.rest.controller';
import { InvoiceDocuments } from './invoice-document.service';
import { INVOICE_CHECKS } from './invoice-checks';
import { InvoiceFactsService } from './invoice-facts.service';
import { InvoiceRepository } from './invoice.repository';
import { InvoiceController } from './invoice.rest.controller';
import { InvoiceRun } from './invoice-run.service';
import { InvoiceService } from './invoice.service';
import { InvoiceWriter } from './invoice-writer.service';
import { CreditNoteRepository } from './credit-note.repository';
import { CreditNoteController } from './credit-note.rest.controller';
import { CreditNoteService } from './credit-note.service';
import { PreviewController } from './preview.rest.controller';
import { PreviewService } from './preview.service';
import { TestClockController } from './test-clock.rest.controller';
import { TestClockService } from './test-clock.service';
import { InvoiceExplanationController } from './invoice-explanation.rest.controller';
import { InvoiceExplanationService } from './invoice-explanation.service';
import { OffCycleRepository } from './off-cycle.repository';
import { OffCycleInvoices } from './off-cycle.service';
import { WaybillInvoiceController } from './waybill-invoice.rest.controller';
import { BudgetAlertDelivery } from './budget-alert-delivery.service';
import { BudgetAlertRepository } from './budget-alert.repository';
import { BudgetEvaluationService } from './budget-evaluation.service';
import { BudgetRepository } from './budget.repository';
import { BudgetController } from './budget.rest.controller';
import { BudgetService } from './budget.service';
import { BudgetSpendingService } from './budget-spending.service';
import { ThrottleRepository } from './throttle.repository';
import { ThrottleService } from './throttle.service';

/** From usage to invoices, and what becomes of them; budgets, and who is told when they are spent. */
@Module({
  imports: [LedgerModule, PricingModule, CostCentersModule, UsageModule],
  controllers: [
    BillingController,
    BillingGrpcController,
    InvoiceExplanationController,
    TestClockController,
    WaybillInvoiceController,
    InvoiceController,
    InvoiceDocumentController,
    CreditNoteController,
    PreviewController,
    BudgetController,
  ],
  providers: [
    BillingEnrolment,
    BillingStateRepository,
    DraftRepository,
    InvoiceDocuments,
    InvoiceFactsService,
    InvoiceRepository,
    InvoiceRun,
    InvoiceService,
    InvoiceWriter,
    CreditNoteRepository,
    CreditNoteService,
    PreviewService,
    OffCycleInvoices,
    OffCycleRepository,
    InvoiceExplanationService,
    TestClockService,
    BudgetAlertDelivery,
    BudgetAlertRepository,
    BudgetEvaluationService,
    BudgetRepository,
    BudgetService,
    BudgetSpendingService,
    ThrottleRepository,
    ThrottleService,
  ],
  exports: [InvoiceRun, OffCycleInvoices, BudgetEvaluationService],
})
export class BillingModule implements OnModuleInit {
  constructor(
    private readonly checks: Checks,
    private readonly retention: Retention,
    private readonly states: BillingStateRepository,
  ) {}

  onModuleInit(): void {
    this.checks.add([...INVOICE_CHECKS, ...BILLING_STATE_CHECKS]);
    this.retention.guard('invoices that are not final', (sql) => this.states.oldestUnbilled(sql));
  }
}
