import { Module, type OnModuleInit } from '@nestjs/common';
import { Checks } from '../platform/checks';
import { GRANT_CHECKS } from './grant-checks';
import { GrantExpiryService } from './grant-expiry.service';
import { GrantRepository } from './grant.repository';
import { GrantService } from './grant.service';
import { LEDGER_CHECKS } from './ledger-checks';
import { LedgerRepository } from './ledger.repository';
import { LedgerService } from './ledger.service';

/** What accounts owe and own. It has no door: cost-centers shows it. */
@Module({
  providers: [LedgerRepository, LedgerService, GrantRepository, GrantService, GrantExpiryService],
  exports: [LedgerService, GrantService, GrantExpiryService],
})
export class LedgerModule implements OnModuleInit {
  constructor(private readonly checks: Checks) {}

  onModuleInit(): void {
    this.checks.add([...LEDGER_CHECKS, ...GRANT_CHECKS]);
  }
}
