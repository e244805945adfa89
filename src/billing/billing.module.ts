import { Module } from '@nestjs/common';
import { CostCentersModule } from '../cost-centers/cost-centers.module';
import { UsageModule } from '../usage/usage.module';
import { BudgetAlertDelivery } from './budget-alert-delivery.service';
import { BudgetAlertRepository } from './budget-alert.repository';
import { BudgetEvaluationService } from './budget-evaluation.service';
import { BudgetRepository } from './budget.repository';
import { BudgetController } from './budget.rest.controller';
import { BudgetService } from './budget.service';
import { BudgetSpendingService } from './budget-spending.service';
import { ThrottleRepository } from './throttle.repository';
import { ThrottleService } from './throttle.service';

/** What becomes of what was used: budgets, and who is told when they are spent. */
@Module({
  imports: [CostCentersModule, UsageModule],
  controllers: [BudgetController],
  providers: [
    BudgetAlertDelivery,
    BudgetAlertRepository,
    BudgetEvaluationService,
    BudgetRepository,
    BudgetService,
    BudgetSpendingService,
    ThrottleRepository,
    ThrottleService,
  ],
  exports: [BudgetEvaluationService],
})
export class BillingModule {}
