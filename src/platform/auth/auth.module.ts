import { Global, Module } from '@nestjs/common';
import { ApiKeyRepository } from './api-key.repository';
import { ApiKeyController } from './api-key.rest.controller';
import { ApiKeyService } from './api-key.service';
import { FailedAttempts } from './failed-attempts';
import { JwtProver } from './jwt-prover';
import { KeyCache, TOKENS } from './key-cache';
import { PrincipalResolver, TOKEN_CACHE } from './principal-resolver';

/** Who calls, and what he may do. */
@Global()
@Module({
  controllers: [ApiKeyController],
  providers: [
    ApiKeyRepository,
    ApiKeyService,
    JwtProver,
    PrincipalResolver,
    { provide: KeyCache, useFactory: () => new KeyCache() },
    { provide: TOKEN_CACHE, useFactory: () => new KeyCache(undefined, TOKENS) },
    { provide: FailedAttempts, useFactory: () => new FailedAttempts() },
  ],
  exports: [PrincipalResolver, ApiKeyService],
})
export class AuthModule {}
