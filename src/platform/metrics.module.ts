import { Global, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { DoorMetrics, PoolMetrics, ProcessMetrics } from './metrics';
import { MetricsController } from './metrics.rest.controller';
import { ScorpiusMetrics } from './metrics-scorpius';

/** Prometheus: what the process, the doors and the pool are doing. Needs `Database`. */
@Global()
@Module({
  imports: [PrometheusModule.register({ controller: MetricsController })],
  providers: [DoorMetrics, PoolMetrics, ProcessMetrics, ScorpiusMetrics],
  exports: [DoorMetrics, ScorpiusMetrics],
})
export class MetricsModule {}
