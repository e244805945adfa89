import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AuditModule } from './audit/audit.module';
import { AuthModule } from './auth/auth.module';
import { Checks } from './checks';
import { BillingEventsModule } from './billing-events/billing-events.module';
import { Clock } from './clock';
import { CONFIG, type Config } from './config';
import { DatabaseModule } from './database.module';
import { DoorsModule } from './doors/doors.module';
import { HealthModule } from './health.module';
import { Ids } from './ids';
import { JobsModule } from './jobs/jobs.module';
import { LockModule } from './lock.module';
import { Logger } from './logger';
import { MetricsModule } from './metrics.module';
import { OutboxModule } from './outbox/outbox.module';
import { RateLimitsModule } from './rate-limits/rate-limits.module';
import { Readiness } from './readiness';
import { RedisModule } from './redis.module';
import { Retention } from './retention';
import { RetentionRepository } from './retention.repository';
import { Seeds } from './seeds';
import { TestClocksModule } from './test-clocks/test-clocks.module';
import { WebhooksModule } from './webhooks/webhooks.module';

/** What every module may use without importing it: configuration, time, ids, logs, Postgres, Redis if any, locks. */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(config: Config): DynamicModule {
    const logger = { provide: Logger, useFactory: () => new Logger(config) };
    const retention = [Retention, RetentionRepository];
    const own = [Clock, Ids, Readiness, Seeds, Checks, ...retention];
    const providers = [{ provide: CONFIG, useValue: config }, ...own, logger];
    return {
      module: PlatformModule,
      imports: [
        DatabaseModule,
        RedisModule.forRoot(config),
        LockModule,
        MetricsModule,
        AuditModule,
        JobsModule,
        OutboxModule,
        BillingEventsModule,
        TestClocksModule,
        WebhooksModule,
        RateLimitsModule,
        AuthModule,
        DoorsModule,
        HealthModule,
      ],
      providers,
      exports: [
        CONFIG,
        Clock,
        Ids,
        Readiness,
        Seeds,
        Checks,
        Retention,
        Logger,
        DatabaseModule,
        TestClocksModule,
      ],
    };
  }
}
