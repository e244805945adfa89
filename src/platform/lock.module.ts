import { Global, Module } from '@nestjs/common';
import { Lock } from './lock';
import { LeaseRepository } from './lock.repository';

/** One runner among many replicas. Needs `REDIS`, which may be null. */
@Global()
@Module({ providers: [LeaseRepository, Lock], exports: [Lock] })
export class LockModule {}
