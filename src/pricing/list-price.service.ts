import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import { checkListPrice, type ListPrice } from '../core/list-price';
import type { Meter } from '../core/meter';
import type { Price } from '../core/price';
import { priceToJson } from '../core/price-shape';
import { Clock } from '../platform/clock';
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
  async put(wanted: PutListPrice): Promise<StoredListPrice> {
    checkListPrice(wanted.price);
    const { meter, versions } = await this.of(wanted.meter);
    const newest = versions.filter(({ currency }) => currency === wanted.currency).at(-1);
    const repeats = newest !== undefined && isSame(newest.price, wanted.price);
    if (repeats && [null, newest.validFrom].includes(wanted.validFrom)) return newest;
    const validFrom = wanted.validFrom ?? (newest ? this.clock.now().getTime() : SINCE_EVER);
    if (newest && validFrom <= newest.validFrom) throw tooEarly(newest);
    const { currency, price, sku } = wanted;
    await this.prices.append(meter.id, { currency, price, sku, validFrom });
    return this.#stored(meter, { currency, price, validFrom });
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

  /**
   * Makes meters that sum the events of their own name, each with a price that holds since ever; what exists stays as it
   * is. Answers the keys under which something else stands, each with the reason; afterwards the catalogue is up to date.
   */
  async makeMeters(meters: readonly PricedMeter[]): Promise<ReadonlyMap<string, string>> {
    if (meters.length === 0) return new Map();
    for (let attempt = 1; ; attempt++) {
      await this.prices.makeMeters(meters);
      const found = new Map((await this.prices.found(meters)).map((meter) => [meter.key, meter]));
      // A meter that somebody else was making at this moment has no price of ours yet: it has one after another turn.
      const isWhole = meters.every(({ key }) => found.get(key)?.price);
      if (!isWhole && attempt < ATTEMPTS) continue;
      await this.meters.reread();
      return new Map(meters.flatMap((meter) => obstacle(meter, found.get(meter.key))));
    }
  }
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
