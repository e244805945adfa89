import { Injectable } from '@nestjs/common';
import { DomainError, type FieldError } from '../core/errors';
import type { PlanOffer, PlanSource } from '../core/plan';
import { planToJson } from '../core/plan-shape';
import { type PlanChange, planChange, unknownMeters } from '../core/plan-change';
import { type Actor, Audit } from '../platform/audit/audit.service';
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
    private readonly audit: Audit,
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
  async put(actor: Actor, offer: PlanOffer): Promise<PutPlanResult> {
    await this.#requireMeters(offer);
    const result = await this.database.transaction((tx) => this.#put(tx, actor, offer));
    this.#remember(result.offered);
    return result;
  }

  /** Makes the plans whose keys are free and leaves alone what stands under the others; answers the keys it made. */
  async makeMissing(actor: Actor, offers: readonly PlanOffer[]): Promise<string[]> {
    const taken = await this.plans.taken(offers.map(({ key }) => key));
    const made: string[] = [];
    for (const offer of offers.filter(({ key }) => !taken.has(key))) {
      await this.#requireMeters(offer);
      if (await this.database.transaction((tx) => this.#make(tx, actor, offer))) made.push(offer.key);
    }
    return made;
  }

  /** Stops offering a plan; whoever has it keeps it. Twice is once. Throws `not-found`. */
  async retire(actor: Actor, key: string): Promise<void> {
    await this.get(key);
    await this.database.transaction(async (tx) => {
      await this.plans.lock(key, tx);
      const before = (await this.plans.find(key, tx))!;
      if (!before.isActive) return;
      await this.plans.retire(key, tx);
      await this.#write(tx, actor, { action: 'plan.retired', before, after: { ...before, isActive: false } });
    });
  }

  async #make(tx: Sql, actor: Actor, offer: PlanOffer): Promise<boolean> {
    if (!(await this.plans.make(offer, tx))) return false;
    await this.plans.append(offer, 1, tx);
    const after = (await this.plans.find(offer.key, tx))!;
    await this.#write(tx, actor, { action: 'plan.created', before: null, after });
    return true;
  }

  async #put(tx: Sql, actor: Actor, offer: PlanOffer): Promise<PutPlanResult> {
    const isNew = await this.#make(tx, actor, offer);
    await this.plans.lock(offer.key, tx);
    // Read after the lock: a version that somebody else appended meanwhile is compared with, too.
    const stored = (await this.plans.find(offer.key, tx))!;
    const change = planChange(isNew ? null : stored, offer);
    if (change.kind === 'new-version') await this.plans.append(offer, change.version, tx);
    if (change.kind === 'new-plan' || change.kind === 'nothing') return { offered: stored, change };
    await this.plans.relabel(offer, tx);
    const offered = (await this.plans.find(offer.key, tx))!;
    const action = change.kind === 'labels' ? 'plan.relabelled' : 'plan.version-appended';
    await this.#write(tx, actor, { action, before: stored, after: offered });
    return { offered, change };
  }

  async #write(
    tx: Sql,
    actor: Actor,
    { action, before, after }: { action: string; before: OfferedPlan | null; after: OfferedPlan },
  ): Promise<void> {
    const change = { before: before && audited(before), after: audited(after) };
    await this.audit.write(tx, { actor, action, subject: `plan:${after.plan.key}`, ...change });
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

/** A plan as the audit trail keeps it: its words and its newest version, in the wire shape. */
function audited({ plan, latest, isActive }: OfferedPlan): object {
  return { ...planToJson({ ...plan, ...latest }), version: latest.version, is_active: isActive };
}
