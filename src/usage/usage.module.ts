import { Module, type OnModuleInit } from '@nestjs/common';
import { CostCentersModule } from '../cost-centers/cost-centers.module';
import { LedgerModule } from '../ledger/ledger.module';
import { PricingModule } from '../pricing/pricing.module';
import { Checks } from '../platform/checks';
import { AccountTransactions } from './account-transactions.service';
import { CarefulCommit } from './careful-commit.service';
import { ConsumePreparation } from './consume-preparation.service';
import { ConsumeUsageService } from './consume-usage.service';
import { CorrectionRepository } from './correction.repository';
import { CorrectionService } from './correction.service';
import { CounterMirror } from './counter-mirror';
import { CounterMirrorRepository } from './counter-mirror.repository';
import { CounterUsageService } from './counter-usage.service';
import { EventIdentity } from './event-identity.service';
import { EventListController } from './event-list.rest.controller';
import { EventListService } from './event-list.service';
import { EventPreparer } from './event-preparer.service';
import { EventRepository } from './event.repository';
import { EventsGrpcController } from './events.grpc.controller';
import { EventsRestController } from './events.rest.controller';
import { GaugeRepository } from './gauge.repository';
import { GaugeService } from './gauge.service';
import { GaugeUsageRepository } from './gauge-usage.repository';
import { GaugeUsageService } from './gauge-usage.service';
import { GroupCommit } from './group-commit.service';
import { IngestMetrics } from './ingest-metrics.service';
import { IngestRepository } from './ingest.repository';
import { IngestService } from './ingest.service';
import { InstanceHistory } from './instance-history.service';
import { LimitAdmission } from './limit-admission.service';
import { LIMIT_CHECKS } from './limit-checks';
import { LimitDistrust } from './limit-distrust.service';
import { LimitNotes } from './limit-notes.service';
import { LimitRepository } from './limit.repository';
import { LimitsInForce } from './limits-in-force.service';
import { LateUsageRepository } from './late-usage.repository';
import { LateUsage } from './late-usage.service';
import { ListChargeController } from './list-charge.rest.controller';
import { ListChargeService } from './list-charge.service';
import { PartitionRepository } from './partition.repository';
import { PartitionService } from './partition.service';
import { PeriodUsageRepository } from './period-usage.repository';
import { PeriodUsageService } from './period-usage.service';
import { RawUsageService } from './raw-usage.service';
import { RefoldService } from './refold.service';
import { RetentionHorizon } from './retention-horizon.service';
import { ProjectCostService } from './project-cost.service';
import { ReservationExpiry } from './reservation-expiry.service';
import { ReservationRepository } from './reservation.repository';
import { ReservationService } from './reservation.service';
import { ResourceUsageRepository } from './resource-usage.repository';
import { RollupRepository } from './rollup.repository';
import { RollupService } from './rollup.service';
import { USAGE_CHECKS } from './usage-checks';
import { UsageQueryController } from './usage-query.rest.controller';
import { UsageQueryService } from './usage-query.service';
import { UsageRetentionRepository } from './usage-retention.repository';
import { UsageRetention } from './usage-retention.service';
import { UsageRepository } from './usage.repository';
import { ValueRepository } from './value.repository';
import { WaybillCostController } from './waybill-cost.rest.controller';
import { WaybillCostService } from './waybill-cost.service';
import { WaybillUsageController } from './waybill-usage.rest.controller';
import { WaybillUsageService } from './waybill-usage.service';

import { ReconcileUsageService } from './reconcile-usage.service';
import { SpanAccrual } from './span-accrual.service';
import { SpanAccrualRepository } from './span-accrual.repository';
import { SpanFold } from './span-fold.service';
import { SpanMarkRepository } from './span-mark.repository';
import { SpanRepository } from './span.repository';
import { ListUsageRepository } from './list-usage.repository';
import { ListUsageService } from './list-usage.service';
import { SpanRpcController } from './span-rpc.rest.controller';
import { SpanRpcGrpcController } from './span-rpc.grpc.controller';
import { SPAN_CHECKS } from './span-checks';
import { ListUsageController } from './list-usage.rest.controller';
import { EndlessSpans } from './endless-spans.service';
import { FeatureUsageRepository } from './feature-usage.repository';
import { FreeFeatures } from './free-features.service';
import { OrganizationPlan } from './organization-plan.service';
import { OrganizationUsageRepository } from './organization-usage.repository';
import { ScorpiusFigures } from './scorpius-figures.service';
import { ScorpiusMetricsController } from './scorpius-metrics.rest.controller';
import { ScorpiusTrackController } from './scorpius-track.rest.controller';
import { ScorpiusTrack } from './scorpius-track.service';
import { ScorpiusUsageController } from './scorpius-usage.rest.controller';
import { ScorpiusUsage } from './scorpius-usage.service';

import { CheckUsageService } from './check-usage.service';
import { LimitFactsRepository } from './limit-facts.repository';
import { LimitFactsController } from './limit-facts.rest.controller';
import { LimitFacts } from './limit-facts.service';
import { LimitMetrics } from './limit-metrics.service';
import { LimitGrpcController } from './limit.grpc.controller';
import { LimitRestController } from './limit.rest.controller';
import { RememberedStandings } from './remembered-standing.service';
import { ReservationController } from './reservation.rest.controller';
import { SpentAccounts } from './spent-accounts.service';
import { StandingRepository } from './standing.repository';
import { StandingService } from './standing.service';
import { UsageDecisions } from './usage-decision.service';
/** Events in, counters, windows and levels out. */
@Module({
  imports: [LedgerModule, PricingModule, CostCentersModule],
  controllers: [
    EventsGrpcController,
    EventListController,
    UsageQueryController,
    ListChargeController,
    WaybillCostController,
    WaybillUsageController,
    ListUsageController,
    SpanRpcController,
    SpanRpcGrpcController,
    ScorpiusMetricsController,
    ScorpiusUsageController,
    ReservationController,
    LimitGrpcController,
    LimitFactsController,
  ],
  providers: [
    AccountTransactions,
    CarefulCommit,
    CorrectionRepository,
    CorrectionService,
    CounterMirror,
    CounterMirrorRepository,
    CounterUsageService,
    EventIdentity,
    EventListService,
    EventPreparer,
    EventRepository,
    EventsRestController,
    GaugeRepository,
    GaugeService,
    GaugeUsageRepository,
    GaugeUsageService,
    GroupCommit,
    IngestMetrics,
    IngestRepository,
    IngestService,
    InstanceHistory,
    LateUsage,
    LateUsageRepository,
    LimitAdmission,
    LimitDistrust,
    ConsumePreparation,
    ConsumeUsageService,
    ReservationExpiry,
    ReservationRepository,
    RememberedStandings,
    ReservationService,
    LimitNotes,
    LimitMetrics,
    LimitFacts,
    LimitFactsRepository,
    LimitRestController,
    CheckUsageService,
    SpentAccounts,
    StandingRepository,
    StandingService,
    UsageDecisions,
    LimitRepository,
    LimitsInForce,
    ListChargeService,
    PartitionRepository,
    PartitionService,
    PeriodUsageRepository,
    PeriodUsageService,
    ProjectCostService,
    RawUsageService,
    RefoldService,
    ResourceUsageRepository,
    RetentionHorizon,
    RollupRepository,
    RollupService,
    UsageQueryService,
    UsageRepository,
    UsageRetention,
    UsageRetentionRepository,
    ValueRepository,
    ReconcileUsageService,
    SpanAccrual,
    SpanAccrualRepository,
    SpanFold,
    SpanMarkRepository,
    SpanRepository,
    ListUsageRepository,
    EndlessSpans,
    ListUsageService,
    WaybillCostService,
    WaybillUsageService,
    FeatureUsageRepository,
    FreeFeatures,
    OrganizationPlan,
    OrganizationUsageRepository,
    ScorpiusFigures,
    ScorpiusTrack,
    ScorpiusTrackController,
    ScorpiusUsage,
  ],
  exports: [
    CounterMirror,
    ConsumeUsageService,
    ReservationService,
    ReservationExpiry,
    ReconcileUsageService,
    IngestService,
    RollupService,
    PartitionService,
    PeriodUsageService,
    LateUsage,
    ProjectCostService,
    EventListService,
  ],
})
export class UsageModule implements OnModuleInit {
  constructor(private readonly checks: Checks) {}

  onModuleInit(): void {
    this.checks.add(USAGE_CHECKS);
    this.checks.add(SPAN_CHECKS);
    this.checks.add(LIMIT_CHECKS);
  }
}
