import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { DomainError, invalid } from '../core/errors';
import { formatQuantity, parseQuantity } from '../core/quantity';
import { AccountService } from '../cost-centers/account.service';
import { AccountClock } from '../platform/account-clock';
import { requireAccount, type Principal } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { Database, type Sql } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import { AccountTransactions } from './account-transactions.service';
import { CarefulCommit, OutdatedCatalogue } from './careful-commit.service';
import { type Asked, ConsumePreparation } from './consume-preparation.service';
import type { ConsumeUsage } from './consume-usage.commands';
import { ConsumeUsageService } from './consume-usage.service';
import { CounterMirror } from './counter-mirror';
import { EventIdentity } from './event-identity.service';
import { LimitAdmission } from './limit-admission.service';
import { countersOf } from './limit-steps';
import { type CounterRef, type Hold, LimitRepository } from './limit.repository';
import type {
  CommitReservation,
  ReservationAnswer,
  ReservationRef,
  ReserveUsage,
} from './reservation.commands';
import { holdsOf, placed } from './reservation-hold';
import { ReservationRepository, type StoredReservation } from './reservation.repository';
import {
  againAnswer,
  askedAgain,
  committedAnswer,
  committedAs,
  countsOf,
  openAnswer,
  reservationId,
  storedItems,
} from './stored-reservation';
import { inKeyOrder } from './twins';

const SOURCE = 'reservation';
/** How long one may wait for the others of its account. */
const PATIENCE_MS = 10_000;

/** Somebody else ended it, or took its id, in the meantime: look again. */
class Overtaken extends Error {}

class Refused extends Error {
  constructor(readonly answer: ReservationAnswer) {
    super('refused');
  }
}

/** Use that is held back before it happens, so that nobody else takes it; counted when it is committed. */
@Injectable()
export class ReservationService {
  constructor(
    private readonly accounts: AccountService,
    private readonly meters: MeterService,
    private readonly preparation: ConsumePreparation,
    private readonly consumption: ConsumeUsageService,
    private readonly careful: CarefulCommit,
    private readonly admission: LimitAdmission,
    private readonly limits: LimitRepository,
    private readonly reservations: ReservationRepository,
    private readonly identity: EventIdentity,
    private readonly mirror: CounterMirror,
    private readonly clock: Clock,
    private readonly accountClock: AccountClock,
    private readonly transactions: AccountTransactions,
    private readonly database: Database,
  ) {}

  /**
   * Holds all items or none. A refusal is an answer. Throws `forbidden`, `invalid-argument` naming the item, and `conflict`
   * when the id is taken by other content.
   */
  async reserve(command: ReserveUsage, principal: Principal): Promise<ReservationAnswer> {
    const catalogue = await this.preparation.catalogueFor(command);
    const asked = await this.preparation.prepare(command, { principal, catalogue });
    const distinct = asked.findIndex(({ meter }) => meter.aggregation === 'unique');
    if (distinct >= 0)
      throw invalid(`items[${distinct}].meter`, 'counts distinct values, which cannot be held');
    const id = reservationId(command.source, command.id);
    const content = this.identity.contentOf(asked.map(({ event }) => event.content));
    const { account } = asked[0]!.event;
    const changed = countersOf(asked.map(({ event }) => event));
    return this.#again(() =>
      this.#changing(account, changed, (tx) =>
        this.#hold(tx, asked, { id, content, expiresInMs: command.expiresInMs }),
      ),
    );
  }

  /**
   * Counts what was used, in the period it was held in; what is left is free again. Once committed, the same commit is
   * answered as before. After its expiry the use is judged like any other. Throws `not-found`, `conflict` (committed with
   * other quantities) and `failed-precondition` (released).
   */
  async commit(command: CommitReservation, principal: Principal): Promise<ReservationAnswer> {
    return this.#again(async () => {
      const { account, reservation } = await this.#find(command, principal);
      const items = askedAgain(reservation, command.quantities);
      if (reservation.state === 'committed') return committedAnswer(reservation, items);
      if (reservation.state === 'released') {
        throw new DomainError('failed-precondition', `Reservation ${command.id} was released`);
      }
      const request = { account: account.key, source: SOURCE, id: reservation.id, items };
      const isLapsed = reservation.state === 'expired' || reservation.expiresAt <= this.clock.now();
      return isLapsed
        ? this.#commitLapsed({ account, reservation }, request, principal)
        : this.#commitHeld({ account, reservation }, request, principal);
    });
  }

  /** Gives back what is held. Throws `not-found`, and `failed-precondition` when it was committed. */
  async release(ref: ReservationRef, principal: Principal): Promise<ReservationAnswer> {
    return this.#again(async () => {
      const { account, reservation } = await this.#find(ref, principal);
      if (reservation.state === 'committed') {
        throw new DomainError('failed-precondition', `Reservation ${ref.id} was committed`);
      }
      if (reservation.state === 'open') await this.giveBack(account, reservation, 'released');
      return openAnswer({ ...reservation, state: 'released' }, this.clock.now());
    });
  }

  async read(ref: ReservationRef, principal: Principal): Promise<ReservationAnswer> {
    const { reservation } = await this.#find(ref, principal);
    if (reservation.state === 'committed') return committedAnswer(reservation, null);
    return openAnswer(reservation, this.clock.now());
  }

  /** Ends an open reservation; one that is not open any more stays as it is. */
  async giveBack(
    account: Account,
    reservation: StoredReservation,
    state: 'released' | 'expired',
  ): Promise<boolean> {
    const holds = await this.#holdsOf(account, reservation);
    return this.#changing(account, holds, async (tx) => {
      await this.limits.lock(
        tx,
        holds.map((hold) => ({ ...hold, isLimited: true })),
      );
      const change = { id: reservation.id, state, from: ['open'] as const };
      if (!(await this.reservations.end(tx, account, change))) return false;
      await this.limits.changeReserved(tx, holds, -1n);
      return true;
    });
  }

  async #hold(
    tx: Sql,
    asked: readonly Asked[],
    { id, content, expiresInMs }: { id: string; content: string; expiresInMs: number },
  ): Promise<ReservationAnswer> {
    const events = asked.map(({ event }) => event);
    const { account, segment } = events[0]!;
    const held = await this.admission.hold(
      tx,
      countersOf(events).map((counter) => ({ ...counter, isLimited: true })),
    );
    // Under the lock: a twin of this request that came first has committed by now.
    const known = await this.reservations.find(tx, account, id);
    if (known) return againAnswer(known, content, this.clock.now());
    const expiresAt = new Date(this.clock.now().getTime() + expiresInMs);
    const items = placed(asked, held);
    if (items.some(({ isRefused }) => isRefused)) {
      return { id: null, state: 'refused', expiresAt, period: segment, items };
    }
    const holds = holdsOf(asked);
    await this.limits.changeReserved(tx, holds, 1n);
    const isNew = await this.reservations.insert(tx, account, {
      ...{ id, content, segment, expiresAt, asked: storedItems(asked) },
      holds: holds.map(({ meter, quantity: amount }) => ({
        meter_id: meter.id,
        quantity: formatQuantity(amount),
      })),
    });
    if (!isNew) throw new Overtaken();
    return { id, state: 'open', expiresAt, period: segment, items };
  }

  async #commitHeld(
    { account, reservation }: { account: Account; reservation: StoredReservation },
    request: ConsumeUsage,
    principal: Principal,
  ): Promise<ReservationAnswer> {
    const { segment } = reservation;
    const isOver = this.accountClock.now(account).getTime() >= segment.to;
    const catalogue = await this.preparation.catalogueFor(request);
    const at = isOver ? segment.to - 1 : null;
    const asked = await this.preparation.prepare(request, { principal, catalogue, at });
    const own = await this.#holdsOf(account, reservation);
    const changed = [...own, ...countersOf(asked.map(({ event }) => event))];
    return this.#changing(account, changed, async (tx) => {
      const { distinct } = inKeyOrder(asked.map(({ event }) => event));
      const outcomes = await this.careful.store(tx, distinct, { own: { id: reservation.id, holds: own } });
      const byEvent = new Map(distinct.map((event, i) => [event, outcomes[i]!]));
      const answer = this.consumption.answer(
        asked,
        asked.map(({ event }) => byEvent.get(event)!),
      );
      const told = committedAs(reservation, answer);
      if (answer.status === 'refused') throw new Refused(told);
      await this.limits.lock(
        tx,
        own.map((hold) => ({ ...hold, isLimited: true })),
      );
      await this.limits.changeReserved(tx, own, -1n);
      const change = { id: reservation.id, state: 'committed' as const, from: ['open'] as const };
      const isMine = await this.reservations.end(tx, account, { ...change, counted: countsOf(answer) });
      if (!isMine) throw new Overtaken();
      return told;
    }).catch((error: unknown) => {
      if (error instanceof Refused) return error.answer;
      throw error;
    });
  }

  /** Nothing is held any more: the use is a new one, counted once by the ids of its events. */
  async #commitLapsed(
    { account, reservation }: { account: Account; reservation: StoredReservation },
    request: ConsumeUsage,
    principal: Principal,
  ): Promise<ReservationAnswer> {
    if (reservation.state === 'open') await this.giveBack(account, reservation, 'expired');
    const answer = await this.consumption.consume(request, principal);
    if (answer.status !== 'refused') {
      const change = { id: reservation.id, state: 'committed' as const, from: ['expired'] as const };
      await this.reservations.end(this.database, account, { ...change, counted: countsOf(answer) });
    }
    return committedAs(reservation, answer);
  }

  async #find(
    { account: key, id }: ReservationRef,
    principal: Principal,
  ): Promise<{ account: Account; reservation: StoredReservation }> {
    requireAccount(principal, key);
    const account = await this.accounts.find(key);
    const reservation = account && (await this.reservations.find(this.database, account, id));
    if (!reservation) throw new DomainError('not-found', `No reservation ${id}`);
    return { account, reservation };
  }

  async #holdsOf(account: Account, { segment, holds }: StoredReservation): Promise<Hold[]> {
    const { byId } = await this.meters.catalogue();
    return holds.map(({ meter_id: meterId, quantity: amount }) => ({
      ...{ account, segment, meter: byId.get(meterId)! },
      quantity: parseQuantity(amount),
    }));
  }

  /** A transaction that changes these counters, of which copies are made afterwards. */
  #changing<R>({ id }: Account, counters: readonly CounterRef[], work: (tx: Sql) => Promise<R>): Promise<R> {
    return this.transactions
      .run(id, work, { patienceMs: PATIENCE_MS })
      .finally(() => this.mirror.noteCounters(counters));
  }

  async #again<R>(work: () => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === 5 || !(error instanceof Overtaken || error instanceof OutdatedCatalogue)) throw error;
        if (error instanceof OutdatedCatalogue) await this.meters.reread();
      }
    }
  }
}
