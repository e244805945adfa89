import { Module } from '@nestjs/common';
import { CostCentersModule } from '../cost-centers/cost-centers.module';
import { LedgerModule } from '../ledger/ledger.module';
import { PricingModule } from '../pricing/pricing.module';
import { UsageModule } from '../usage/usage.module';
import { BillingEnrolment } from './billing-enrolment.service';
import { BillingStateRepository } from './billing-state.repository';
import { DraftRepository } from './draft.repository';
import { InvoiceDocumentController } from './invoice-document.rest.controller';
import { InvoiceDocuments } from './invoice-document.service';
import { InvoiceFactsService } from './invoice-facts.service';
import { InvoiceRepository } from './invoice.repository';
import { InvoiceController } from './invoice.rest.controller';
import { InvoiceRun } from './invoice-run.service';
import { InvoiceService } from './invoice.service';
import { InvoiceWriter } from './invoice-writer.service';

/** From usage to invoices, and what becomes of them. */
@Module({
  imports: [LedgerModule, PricingModule, CostCentersModule, UsageModule],
  controllers: [InvoiceController, InvoiceDocumentController],
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
  ],
  exports: [InvoiceRun],
})
export class BillingModule {}
