import { Injectable } from '@nestjs/common';
import { DomainError, type FieldError } from '../core/errors';
import type { PlanOffer, PlanSource } from '../core/plan';
import { type PlanChange, planChange, unknownMeters } from '../core/plan-change';
import { Database, type Sql } from '../platform/transaction';
import { MeterService } from './meter.service';
import { type PlanPosition, PlanRepository } from './plan.repository';
import type { OfferedPlan, PutPlanResult, StoredPlanVersion } from './stored-plan';

/**
 * The plan catalogue. The words of a plan change in place; anything priced makes a new version, and a version never changes:
 * whoever agreed to one keeps exactly that, although the plan goes on or is retired.
 */
@Injectable()
export class PlanService {
  /** By id. Nothing in here can grow old. */
  readonly #versions = new Map<number, StoredPlanVersion>();

  constructor(
    private readonly plans: PlanRepository,
    private readonly meters: MeterService,
    private readonly database: Database,
  ) {}

  /** A plan, retired or not, with its newest version. Throws `not-found`. */
  async get(key: string): Promise<OfferedPlan> {
    const found = await this.plans.find(key);
    if (!found) throw new DomainError('not-found', `No plan ${key}`);
    return this.#remember(found);
  }

  /** What whoever takes the plan now agrees to. Throws `not-found`. */
  async latest(key: string): Promise<StoredPlanVersion> {
    return (await this.get(key)).latest;
  }

  /** The plan version of a number, as it was written, without asking the database twice. Throws `not-found`. */
  async version(id: number): Promise<StoredPlanVersion> {
    const known = this.#versions.get(id);
    if (known) return known;
    const found = await this.plans.findVersion(id);
    if (!found) throw new DomainError('not-found', `No plan version ${id}`);
    this.#versions.set(id, found);
    return found;
  }

  /** Versions of a plan below `before`, the newest first. Throws `not-found` for an unknown plan. */
  async versions(key: string, page: { before: number; limit: number }): Promise<StoredPlanVersion[]> {
    await this.get(key);
    return this.plans.versions(key, page);
  }

  /** Plans behind a position in the list, retired ones among them, by position and key. */
  list(after: PlanPosition | null, limit: number): Promise<OfferedPlan[]> {
    return this.plans.list(after, limit);
  }

  /** The plans that an original's door shows: those of its own that are still offered. */
  listActiveOf(source: PlanSource): Promise<OfferedPlan[]> {
    return this.plans.listActiveOf(source);
  }

  /** What putting the offer would do; writes nothing. Throws `invalid-argument` naming each unknown meter. */
  async preview(offer: PlanOffer): Promise<PlanChange> {
    await this.#requireMeters(offer);
    return planChange(await this.plans.find(offer.key), offer);
  }

  /**
   * Makes a plan, or changes the words of one, or appends a version where anything priced is different; the same offer
   * again writes nothing, from however many processes at once. A retired plan is offered again. Throws
   * `invalid-argument` naming each unknown meter.
   */
  async put(offer: PlanOffer): Promise<PutPlanResult> {
    await this.#requireMeters(offer);
    const result = await this.database.transaction((tx) => this.#put(offer, tx));
    this.#remember(result.offered);
    return result;
  }

  /** Makes the plans whose keys are free and leaves alone what stands under the others; answers the keys it made. */
  async makeMissing(offers: readonly PlanOffer[]): Promise<string[]> {
    const taken = await this.plans.taken(offers.map(({ key }) => key));
    const made: string[] = [];
    for (const offer of offers.filter(({ key }) => !taken.has(key))) {
      await this.#requireMeters(offer);
      if (await this.database.transaction((tx) => this.#make(offer, tx))) made.push(offer.key);
    }
    return made;
  }

  /** Stops offering a plan; whoever has it keeps it. Twice is once. Throws `not-found`. */
  async retire(key: string): Promise<void> {
    await this.get(key);
    await this.plans.retire(key);
  }

  async #make(offer: PlanOffer, tx: Sql): Promise<boolean> {
    const isNew = await this.plans.make(offer, tx);
    if (isNew) await this.plans.append(offer, 1, tx);
    return isNew;
  }

  async #put(offer: PlanOffer, tx: Sql): Promise<PutPlanResult> {
    const isNew = await this.#make(offer, tx);
    await this.plans.lock(offer.key, tx);
    // Read after the lock: a version that somebody else appended meanwhile is compared with, too.
    const stored = (await this.plans.find(offer.key, tx))!;
    const change = planChange(isNew ? null : stored, offer);
    if (change.kind === 'new-version') await this.plans.append(offer, change.version, tx);
    if (change.kind === 'new-plan' || change.kind === 'nothing') return { offered: stored, change };
    await this.plans.relabel(offer, tx);
    return { offered: (await this.plans.find(offer.key, tx))!, change };
  }

  /** Meters are never taken away, so what this process knows of them can only be too little. */
  async #requireMeters(offer: PlanOffer): Promise<void> {
    const missing = (byKey: { has(key: string): boolean }): FieldError[] => unknownMeters(offer, byKey);
    if (missing((await this.meters.catalogue()).byKey).length === 0) return;
    const fields = missing((await this.meters.reread()).byKey);
    const [first] = fields;
    if (first) throw new DomainError('invalid-argument', `${first.field}: ${first.reason}`, fields);
  }

  #remember(offered: OfferedPlan): OfferedPlan {
    this.#versions.set(offered.latest.id, offered.latest);
    return offered;
  }
}
