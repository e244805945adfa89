import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import { checkListPrice, type ListPrice } from '../core/list-price';
import type { Meter } from '../core/meter';
import type { Price } from '../core/price';
import { priceToJson } from '../core/price-shape';
import { skuToJson } from '../core/sku';
import { type Actor, Audit } from '../platform/audit/audit.service';
import { Clock } from '../platform/clock';
import { Database } from '../platform/transaction';
import type { PutListPrice } from './list-price.commands';
import { ListPriceRepository, type PricedMeter, type StoredListPrice } from './list-price.repository';
import { MeterService } from './meter.service';

const SINCE_EVER = 0;
const ATTEMPTS = 3;

/** What usage costs whoever has no plan. Versions are appended: what was once in force explains what it charged. */
@Injectable()
export class ListPriceService {
  constructor(
    private readonly prices: ListPriceRepository,
    private readonly meters: MeterService,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly audit: Audit,
  ) {}

  /** Every version of a meter's prices, by currency, the oldest first. Throws `not-found` for an unknown meter. */
  async of(meterKey: string): Promise<{ meter: Meter; versions: StoredListPrice[] }> {
    const meter = await this.meters.get(meterKey);
    return { meter, versions: await this.prices.versions(meter.id) };
  }

  /** Every version of every meter, by the meter's number. */
  all(): Promise<ReadonlyMap<number, readonly ListPrice[]>> {
    return this.prices.all();
  }

  /**
   * Appends a version and answers it; one that says what is in force already changes nothing. Without an instant the
   * first one holds since ever, a later one from now on. Throws `failed-precondition` for an instant before the newest
   * version, because what it charged cannot be undone.
   */
  async put(actor: Actor, wanted: PutListPrice): Promise<StoredListPrice> {
    checkListPrice(wanted.price);
    const { meter, versions } = await this.of(wanted.meter);
    const newest = versions.filter(({ currency }) => currency === wanted.currency).at(-1);
    const repeats = newest !== undefined && isSame(newest.price, wanted.price);
    if (repeats && [null, newest.validFrom].includes(wanted.validFrom)) return newest;
    const validFrom = wanted.validFrom ?? (newest ? this.clock.now().getTime() : SINCE_EVER);
    if (newest && validFrom <= newest.validFrom) throw tooEarly(newest);
    const { currency, price, sku } = wanted;
    await this.#append(actor, meter, { before: newest, after: { currency, price, sku, validFrom } });
    return this.#stored(meter, { currency, price, validFrom });
  }

  async #append(
    actor: Actor,
    meter: Meter,
    { before, after }: { before: ListPrice | undefined; after: ListPrice },
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await this.prices.append(tx, meter.id, after))) return;
      const subject = `meter:${meter.key}/list-price/${after.currency}`;
      const change = { before: before && audited(before), after: audited(after) };
      await this.audit.write(tx, { actor, action: 'list-price.appended', subject, ...change });
    });
  }

  async #stored(
    meter: Meter,
    { currency, price, validFrom }: Omit<ListPrice, 'sku'>,
  ): Promise<StoredListPrice> {
    const versions = await this.prices.versions(meter.id);
    const stored = versions.find((each) => each.currency === currency && each.validFrom === validFrom);
    if (!stored || !isSame(stored.price, price)) {
      throw new DomainError('conflict', `Another price of ${meter.key} was stored at the same moment`);
    }
    return stored;
  }

  /** One entry of the audit trail tells of all that were missing. */
  async #makeMeters(meters: readonly PricedMeter[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      const made = new Set(await this.prices.makeMeters(tx, meters));
      if (made.size === 0) return;
      const after = meters.filter(({ key }) => made.has(key)).map(auditedMeter);
      await this.audit.write(tx, { actor: 'import', action: 'meters.imported', subject: 'catalogue', after });
    });
  }

  /**
   * Makes meters that sum the events of their own name, each with a price that holds since ever; what exists stays as it
   * is. Answers the keys under which something else stands, each with the reason; afterwards the catalogue is up to date.
   */
  async makeMeters(meters: readonly PricedMeter[]): Promise<ReadonlyMap<string, string>> {
    if (meters.length === 0) return new Map();
    for (let attempt = 1; ; attempt++) {
      await this.#makeMeters(meters);
      const found = new Map((await this.prices.found(meters)).map((meter) => [meter.key, meter]));
      // A meter that somebody else was making at this moment has no price of ours yet: it has one after another turn.
      const isWhole = meters.every(({ key }) => found.get(key)?.price);
      if (!isWhole && attempt < ATTEMPTS) continue;
      await this.meters.reread();
      return new Map(meters.flatMap((meter) => obstacle(meter, found.get(meter.key))));
    }
  }
}

/** A version as the audit trail keeps it. */
function audited({ currency, validFrom, price, sku }: ListPrice): object {
  const from = new Date(validFrom).toISOString();
  return { currency, valid_from: from, price: priceToJson(price), sku: sku && skuToJson(sku) };
}

function auditedMeter({ key, name, unit, ...price }: PricedMeter): object {
  return { key, name, unit, ...audited({ ...price, validFrom: SINCE_EVER }) };
}

function obstacle(
  { key, currency, price }: PricedMeter,
  found: { sums: boolean; price: Price | null } | undefined,
) {
  const entry = (reason: string): [string, string][] => [[key, reason]];
  if (!found?.sums) return entry(`the meter ${key} exists and measures something else`);
  if (found.price && isSame(found.price, price)) return [];
  return entry(`the meter ${key} has another list price in ${currency}`);
}

function isSame(a: Price, b: Price): boolean {
  return JSON.stringify(priceToJson(a)) === JSON.stringify(priceToJson(b));
}

function tooEarly({ validFrom }: ListPrice): DomainError {
  const from = new Date(validFrom).toISOString();
  const reason = `must be after ${from}, when the newest version begins`;
  return new DomainError('failed-precondition', `valid_from: ${reason}`, [{ field: 'valid_from', reason }]);
}
