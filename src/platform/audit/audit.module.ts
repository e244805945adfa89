import { Global, Module } from '@nestjs/common';
import { AuditVerification } from './audit-verification.service';
import { AuditRepository } from './audit.repository';
import { AuditController } from './audit.rest.controller';
import { Audit } from './audit.service';

/** Who changed what, provably. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [AuditRepository, Audit, AuditVerification],
  exports: [Audit, AuditVerification],
})
export class AuditModule {}
