import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AccountService } from '../cost-centers/account.service';
import { Clock } from '../platform/clock';
import { storedGauge } from '../platform/metrics-stored';
import { Database } from '../platform/transaction';
import { ReservationRepository } from './reservation.repository';
import { ReservationService } from './reservation.service';

const AT_ONCE = 500;

/**
 * Gives back what expired reservations hold. They hold nothing from the instant they expire, swept or not; until then
 * their counters are merely looked at more often than they need be.
 */
@Injectable()
export class ReservationExpiry implements OnModuleInit {
  constructor(
    private readonly reservations: ReservationRepository,
    private readonly service: ReservationService,
    private readonly accounts: AccountService,
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    storedGauge(
      {
        name: 'tallyhouse_reservations_open',
        help: 'Reservations that were neither committed, released nor swept',
      },
      async () => [{ value: await this.reservations.countOpen(this.database) }],
    );
  }

  /** Answers how many it ended. */
  async run(): Promise<number> {
    let ended = 0;
    for (;;) {
      const lapsed = await this.reservations.lapsed(this.database, this.clock.now(), AT_ONCE);
      const accounts = await this.accounts.byIds([...new Set(lapsed.map(({ accountId }) => accountId))]);
      for (const { accountId, id } of lapsed) {
        const account = accounts.get(accountId)!;
        const reservation = await this.reservations.find(this.database, account, id);
        if (reservation && (await this.service.giveBack(account, reservation, 'expired'))) ended++;
      }
      if (lapsed.length < AT_ONCE) return ended;
    }
  }
}
