import { Injectable } from '@nestjs/common';
import { quantityOfRatio, ZERO } from '../core/quantity';
import { AccountService } from '../cost-centers/account.service';
import type { Principal } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { Database } from '../platform/transaction';
import { ConsumePreparation } from './consume-preparation.service';
import type { ConsumeAnswer, ConsumeUsage } from './consume-usage.commands';
import { EventIdentity } from './event-identity.service';
import type { ReservationAnswer, ReserveUsage } from './reservation.commands';
import { ReservationRepository } from './reservation.repository';
import { reservationId } from './stored-reservation';
import { StandingRepository } from './standing.repository';
import { type MeterStanding, StandingService } from './standing.service';

/** What accounts are answered that have reached their spending limit. What was counted before is answered as it was. */
@Injectable()
export class SpentAccounts {
  constructor(
    private readonly accounts: AccountService,
    private readonly preparation: ConsumePreparation,
    private readonly standings: StandingService,
    private readonly stored: StandingRepository,
    private readonly reservations: ReservationRepository,
    private readonly identity: EventIdentity,
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  /** Whether the id of a request is taken: by this request, then, or by another. */
  async isConsumed({ account: key, source, id }: ConsumeUsage): Promise<boolean> {
    const account = await this.accounts.get(key);
    return this.stored.isTaken(this.database, account, this.identity.keyOf(source, id));
  }

  /** The same of a reservation. */
  async isReserved({ account: key, source, id }: ReserveUsage): Promise<boolean> {
    const account = await this.accounts.get(key);
    return (await this.reservations.find(this.database, account, reservationId(source, id))) !== null;
  }

  /** Throws what `consume` throws for a request that cannot be. */
  async refuseConsume(command: ConsumeUsage, principal: Principal): Promise<ConsumeAnswer> {
    const { period, items } = await this.#standing(command, principal);
    return {
      ...{ status: 'refused', period },
      items: items.map(({ meter, quantity, standing: { used, limit, onExceed } }) => ({
        ...{ meter, quantity, limit, onExceed, isRefused: false },
        used: used === null ? ZERO : quantityOfRatio(used),
      })),
    };
  }

  /** Throws what `reserve` throws for a request that cannot be. */
  async refuseReserve(command: ReserveUsage, principal: Principal): Promise<ReservationAnswer> {
    const { period, items } = await this.#standing(command, principal);
    return {
      ...{ id: null, state: 'refused', period },
      expiresAt: new Date(this.clock.now().getTime() + command.expiresInMs),
      items: items.map(({ meter, quantity, standing: { used, reserved, limit, onExceed } }) => ({
        ...{ meter, quantity, isRefused: false },
        totals: { used: used === null ? ZERO : quantityOfRatio(used), reserved, limit, onExceed },
      })),
    };
  }

  async #standing(command: ConsumeUsage, principal: Principal) {
    const catalogue = await this.preparation.catalogueFor(command);
    const asked = await this.preparation.prepare(command, { principal, catalogue });
    const asker = await this.standings.askerOf(asked[0]!.event.account);
    const meters = [...new Set(asked.map(({ meter }) => meter))];
    const read = await this.standings.read(asker, meters);
    const standings = new Map<string, MeterStanding>(read.map((each) => [each.meter.key, each]));
    const items = command.items.map((item) => ({ ...item, standing: standings.get(item.meter)! }));
    return { period: asker.period, items };
  }
}
