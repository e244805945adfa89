import { Injectable } from '@nestjs/common';
import type { ListPrice } from '../core/list-price';
import type { Currency } from '../core/money';
import type { Price } from '../core/price';
import { parsePrice, priceToJson } from '../core/price-shape';
import { skuFromJson, skuToJson } from '../core/sku';
import { plainArray, textArray } from '../platform/array-literal';
import { Database, type Sql } from '../platform/transaction';

/** A version as it is stored, with the moment it was. */
export interface StoredListPrice extends ListPrice {
  readonly createdAt: Date;
}

/** A meter that sums what events of its own name carry, with its list price since ever. */
export interface PricedMeter extends Omit<ListPrice, 'validFrom'> {
  readonly key: string;
  readonly name: string;
  readonly unit: string;
}

interface ListPriceRow {
  meter_id: number;
  currency: Currency;
  valid_from: Date;
  price: unknown;
  sku: Parameters<typeof skuFromJson>[0] | null;
  created_at: Date;
}

const COLUMNS = 'meter_id, currency, valid_from, price, sku, created_at';

const LIST_VERSIONS = `select ${COLUMNS} from list_price where meter_id = $1 order by currency, valid_from`;

const READ_ALL = `select ${COLUMNS} from list_price order by meter_id, currency, valid_from`;

/** Whoever comes second finds the row of the first; what stands there is for the caller to compare. */
const APPEND_VERSION_ONCE = `
  insert into list_price (meter_id, currency, valid_from, price, sku) values ($1, $2, $3, $4, $5)
  on conflict (meter_id, currency, valid_from) do nothing
  returning meter_id`;

/**
 * Makes many meters and their first prices at one go, leaving alone what exists. The revision of the catalogue is raised
 * once and only for new meters, in the same transaction: no group computed without them can commit after it.
 */
const MAKE_PRICED_METERS_ONCE = `
  with wanted as materialized (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[])
      as w(key, name, unit, currency, price, sku)
    order by key),
  made as (
    insert into meter (key, name, unit, aggregation, event_types)
    select key, name, unit, 'sum', array[key] from wanted
    on conflict (key) do nothing
    returning id, key),
  raised as (
    update catalogue_revision set revision = revision + 1 where exists (select from made)),
  known as (
    select id, key from made union all select m.id, m.key from wanted w join meter m on m.key = w.key),
  priced as (
    insert into list_price (meter_id, currency, valid_from, price, sku)
    select k.id, w.currency, 'epoch', w.price, w.sku from wanted w join known k on k.key = w.key
    on conflict (meter_id, currency, valid_from) do nothing
    returning meter_id)
  select k.key from priced p join known k on k.id = p.meter_id order by 1`;

/** What stands under the keys now: whether the meter sums as it should, and its first price in the currency asked for. */
const READ_PRICED_METERS = `
  select w.key, p.price,
    m.aggregation = 'sum' and m.event_types = array[m.key] and m.value_property is null and m.dimensions = '{}'
      and m.filters = '[]' and m.weights = '{}' and m.divide_by = 1 as sums
  from unnest($1::text[], $2::text[]) as w(key, currency)
  join meter m on m.key = w.key
  left join list_price p on p.meter_id = m.id and p.currency = w.currency and p.valid_from = 'epoch'`;

/** A meter as it is, to be compared with what was wanted; `price` null = it has none. */
export interface FoundMeter {
  readonly key: string;
  readonly sums: boolean;
  readonly price: Price | null;
}

@Injectable()
export class ListPriceRepository {
  constructor(private readonly database: Database) {}

  /** Every version of a meter's prices, by currency, the oldest first. */
  async versions(meterId: number): Promise<StoredListPrice[]> {
    return (await this.database.query<ListPriceRow>(LIST_VERSIONS, [meterId])).map(listPriceOf);
  }

  /** Every version there is, by the number of its meter. */
  async all(): Promise<Map<number, StoredListPrice[]>> {
    const found = new Map<number, StoredListPrice[]>();
    for (const row of await this.database.query<ListPriceRow>(READ_ALL)) {
      const versions = found.get(row.meter_id);
      if (versions) versions.push(listPriceOf(row));
      else found.set(row.meter_id, [listPriceOf(row)]);
    }
    return found;
  }

  /** Stores a version unless one begins at the same instant, and says whether it did. */
  async append(sql: Sql, meterId: number, { currency, validFrom, price, sku }: ListPrice): Promise<boolean> {
    const values = [meterId, currency, new Date(validFrom), JSON.stringify(priceToJson(price))];
    const made = await sql.query(APPEND_VERSION_ONCE, [...values, sku && JSON.stringify(skuToJson(sku))]);
    return made.length > 0;
  }

  async found(meters: readonly PricedMeter[]): Promise<FoundMeter[]> {
    const values = [textArray(meters, (meter) => meter.key), plainArray(meters, (meter) => meter.currency)];
    const rows = await this.database.query<{ key: string; sums: boolean; price: unknown }>(
      READ_PRICED_METERS,
      values,
    );
    return rows.map((row) => ({ ...row, price: row.price === null ? null : parsePrice(row.price) }));
  }

  /** Makes the meters and prices that are missing and answers the keys of those that got a price; keys must be distinct. */
  async makeMeters(sql: Sql, meters: readonly PricedMeter[]): Promise<string[]> {
    const rows = await sql.query<{ key: string }>(MAKE_PRICED_METERS_ONCE, [
      textArray(meters, (meter) => meter.key),
      textArray(meters, (meter) => meter.name),
      textArray(meters, (meter) => meter.unit),
      plainArray(meters, (meter) => meter.currency),
      textArray(meters, (meter) => JSON.stringify(priceToJson(meter.price))),
      textArray(meters, (meter) => (meter.sku === null ? null : JSON.stringify(skuToJson(meter.sku)))),
    ]);
    return rows.map(({ key }) => key);
  }
}

function listPriceOf(row: ListPriceRow): StoredListPrice {
  return {
    currency: row.currency,
    validFrom: row.valid_from.getTime(),
    price: parsePrice(row.price),
    sku: row.sku && skuFromJson(row.sku),
    createdAt: row.created_at,
  };
}
