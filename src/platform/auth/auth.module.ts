import { Global, Module } from '@nestjs/common';
import { ApiKeyRepository } from './api-key.repository';
import { ApiKeyController } from './api-key.rest.controller';
import { ApiKeyService } from './api-key.service';
import { FailedAttempts } from './failed-attempts';
import { KeyCache } from './key-cache';
import { PrincipalResolver } from './principal-resolver';

/** Who calls, and what he may do. */
@Global()
@Module({
  controllers: [ApiKeyController],
  providers: [
    ApiKeyRepository,
    ApiKeyService,
    PrincipalResolver,
    { provide: KeyCache, useFactory: () => new KeyCache() },
    { provide: FailedAttempts, useFactory: () => new FailedAttempts() },
  ],
  exports: [PrincipalResolver, ApiKeyService],
})
export class AuthModule {}
