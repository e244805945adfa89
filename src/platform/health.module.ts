import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { GrpcHealth } from './health-grpc';
import { HealthController } from './health.rest.controller';
import { HealthService } from './health.service';

/** Liveness, readiness and the state of what we depend on, for HTTP and gRPC probes. */
@Module({
  imports: [TerminusModule],
  controllers: [HealthController],
  providers: [HealthService, GrpcHealth],
  exports: [HealthService, GrpcHealth],
})
export class HealthModule {}
