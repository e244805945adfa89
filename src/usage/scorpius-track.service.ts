import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { DomainError } from '../core/errors';
import { timeOfId } from '../core/event-key';
import { AccountService } from '../cost-centers/account.service';
import { AccountClock } from '../platform/account-clock';
import { mayUseAccount, type Principal } from '../platform/auth/principal';
import { ORGANIZATION_MISMATCH } from '../platform/doors/scorpius-words';
import { Ids } from '../platform/ids';
import { MeterService } from '../pricing/meter.service';
import type { ConsumeAnswer } from './consume-usage.commands';
import { ConsumeUsageService } from './consume-usage.service';
import { FreeFeatures } from './free-features.service';
import { FREE_FEATURES_METER, itemOf } from './scorpius-feature';
import type { TrackUsage } from './scorpius-track.commands';

/** Beside the ids of events that clients name themselves: a key of theirs meets no other. */
const SOURCE = 'scorpius';
const MS_PER_DAY = 86_400_000;

/** Counts what organisations use, feature by feature. */
@Injectable()
export class ScorpiusTrack {
  constructor(
    private readonly accounts: AccountService,
    private readonly meters: MeterService,
    private readonly freeFeatures: FreeFeatures,
    private readonly consumption: ConsumeUsageService,
    private readonly ids: Ids,
    private readonly clock: AccountClock,
  ) {}

  /**
   * Counts units of a feature, or hears that they are refused. A request with an idempotency key counts once. Throws
   * `forbidden` for another's organisation, `not-found` where organisations are not made by their first event,
   * `invalid-argument` for a feature too many, `conflict` for a key that named another request.
   */
  async track(command: TrackUsage, caller: Principal): Promise<ConsumeAnswer> {
    const { account: key, feature, idempotencyKey } = command;
    if (!mayUseAccount(caller, key)) throw new DomainError('forbidden', ORGANIZATION_MISMATCH);
    if (!this.accounts.known(key)) await this.accounts.learn([key]);
    const account = this.accounts.known(key);
    if (!account) throw new DomainError('not-found', `account: ${key} is not known`);
    const item = itemOf(command, (await this.meters.catalogue()).byKey);
    const id = idempotencyKey ?? this.#newId(account);
    const consume = () =>
      this.consumption.consume({ account: key, source: SOURCE, id, items: [item] }, caller);
    if (item.meter !== FREE_FEATURES_METER) return consume();
    return this.freeFeatures.counting(account, feature, consume);
  }

  /** An id of today would lie in the future of an account whose test clock stands earlier: such a one tells no time. */
  #newId(account: Account): string {
    const id = this.ids.uuidv7();
    const isAhead = timeOfId(id)! > this.clock.now(account).getTime() + MS_PER_DAY;
    return isAhead ? `${SOURCE}-${id}` : id;
  }
}
