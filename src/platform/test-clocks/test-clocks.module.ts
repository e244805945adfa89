import { Global, Module } from '@nestjs/common';
import { AccountClock } from '../account-clock';
import { TestClockRepository } from './test-clock.repository';
import { TestClocks } from './test-clocks.service';

/** Time moved by hand, and what time it is for an account. */
@Global()
@Module({
  providers: [TestClockRepository, TestClocks, AccountClock],
  exports: [TestClocks, AccountClock],
})
export class TestClocksModule {}
