import { Injectable } from '@nestjs/common';
import { DomainError, type FieldError } from '../core/errors';
import type { Meter } from '../core/meter';
import { formatQuantity, quantityOfRatio } from '../core/quantity';
import { compareRatios } from '../core/ratio';
import { type Actor, Audit } from '../platform/audit/audit.service';
import { apartFromCall } from '../platform/call-life';
import { Database, type Sql } from '../platform/transaction';
import { type MeterDefinition, MeterRepository } from './meter.repository';

/** The meters of one revision, by the type of event they listen to. */
export interface Catalogue {
  readonly revision: string;
  readonly byType: ReadonlyMap<string, readonly Meter[]>;
  readonly byId: ReadonlyMap<number, Meter>;
  readonly byKey: ReadonlyMap<string, Meter>;
}

/** What may change without changing what is measured. */
const LABELS: ReadonlySet<string> = new Set(['name', 'description', 'unit', 'onUnavailable']);

@Injectable()
export class MeterService {
  #catalogue: Catalogue | null = null;
  #reading: Promise<Catalogue> | null = null;

  constructor(
    private readonly meters: MeterRepository,
    private readonly database: Database,
    private readonly audit: Audit,
  ) {}

  /** The catalogue this process computes with; a group whose revision is outdated is refused by the database. */
  async catalogue(): Promise<Catalogue> {
    return this.#catalogue ?? this.reread();
  }

  /** The same without waiting; null before the first read. */
  get currentCatalogue(): Catalogue | null {
    return this.#catalogue;
  }

  /** Reads the catalogue again; callers of one moment share one read. */
  async reread(): Promise<Catalogue> {
    this.#reading ??= apartFromCall(() => this.#read()).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<Catalogue> {
    const { revision, meters } = await this.meters.readCatalogue();
    const byType = new Map<string, Meter[]>();
    for (const meter of meters) {
      for (const type of meter.eventTypes) byType.set(type, [...(byType.get(type) ?? []), meter]);
    }
    const byId = new Map(meters.map((meter) => [meter.id, meter]));
    const byKey = new Map(meters.map((meter) => [meter.key, meter]));
    this.#catalogue = { revision, byType, byId, byKey };
    return this.#catalogue;
  }

  async get(key: string): Promise<Meter> {
    const meter = await this.meters.find(key);
    if (!meter) throw new DomainError('not-found', `No meter ${key}`);
    return meter;
  }

  list(afterId: number, limit: number): Promise<Meter[]> {
    return this.meters.list(afterId, limit);
  }

  /**
   * Makes a meter, or changes what may change of an existing one: its labels and `onUnavailable`. What it measures is fixed: usage already counted under
   * one definition must not be read under another, so a different one is refused as `failed-precondition`.
   */
  async put(actor: Actor, wanted: MeterDefinition): Promise<Meter> {
    const stored = await this.database.transaction((tx) => this.#put(tx, actor, wanted));
    await this.reread();
    return { ...stored, ...wanted };
  }

  async #put(tx: Sql, actor: Actor, wanted: MeterDefinition): Promise<Meter> {
    const isNew = await this.meters.make(wanted, tx);
    const stored = (await this.meters.find(wanted.key, tx))!;
    const differing = differences(stored, wanted);
    if (differing.length > 0) {
      throw new DomainError('failed-precondition', `Meter ${wanted.key} measures something else`, differing);
    }
    if (!isNew && !(await this.meters.relabel(wanted, tx))) return stored;
    await this.#write(tx, actor, { before: isNew ? null : stored, after: wanted });
    return stored;
  }

  /** Makes the meters whose keys are free and leaves alone what stands under the others; answers the keys it made. */
  async makeMissing(actor: Actor, wanted: readonly MeterDefinition[]): Promise<string[]> {
    const made = await this.database.transaction(async (tx) => {
      const fresh: MeterDefinition[] = [];
      for (const meter of wanted) if (await this.meters.make(meter, tx)) fresh.push(meter);
      for (const after of fresh) await this.#write(tx, actor, { before: null, after });
      return fresh.map(({ key }) => key);
    });
    if (made.length > 0) await this.reread();
    return made;
  }

  async #write(
    tx: Sql,
    actor: Actor,
    { before, after }: { before: MeterDefinition | null; after: MeterDefinition },
  ): Promise<void> {
    const [action, subject] = [before ? 'meter.relabelled' : 'meter.created', `meter:${after.key}`];
    const change = { before: before && audited(before), after: audited(after) };
    await this.audit.write(tx, { actor, action, subject, ...change });
  }
}

/** A definition as the audit trail keeps it. */
function audited(meter: MeterDefinition): object {
  const { key, name, description, unit, aggregation, eventTypes, valueProperty, resourceProperty } = meter;
  const divideBy = formatQuantity(quantityOfRatio(meter.divideBy));
  const { dimensions, filters, levels, weights, posting, onUnavailable } = meter;
  return {
    ...{ key, name, description, unit, aggregation, eventTypes, valueProperty, resourceProperty },
    ...{ dimensions, filters, levels, weights, divideBy, posting, onUnavailable },
  };
}

function differences(stored: Meter, wanted: MeterDefinition): FieldError[] {
  const names = Object.keys(wanted) as (keyof MeterDefinition)[];
  return names
    .filter((name) => !LABELS.has(name))
    .filter((name) =>
      name === 'divideBy'
        ? compareRatios(stored.divideBy, wanted.divideBy) !== 0
        : JSON.stringify(stored[name]) !== JSON.stringify(wanted[name]),
    )
    .map((name) => ({
      field: name,
      reason: 'is fixed once the meter exists: make a meter with another key',
    }));
}
