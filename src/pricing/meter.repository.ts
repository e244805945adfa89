import { Injectable } from '@nestjs/common';
import type { Aggregation, Meter, MeterFilter } from '../core/meter';
import { ONE, formatQuantity, parseQuantity, quantityOfRatio } from '../core/quantity';
import { ratio } from '../core/ratio';
import { Database, type Sql } from '../platform/transaction';

/** A meter as it is asked for: everything but the number the database gives it. */
export type MeterDefinition = Omit<Meter, 'id'>;

interface MeterRow {
  id: number;
  key: string;
  name: string;
  description: string;
  unit: string;
  aggregation: Aggregation;
  event_types: string[];
  levels: Record<string, string>;
  weights: Record<string, string>;
  value_property: string | null;
  resource_property: string | null;
  dimensions: string[];
  filters: MeterFilter[];
  divide_by: string;
  posting: Meter['posting'];
  on_unavailable: Meter['onUnavailable'];
  revision: string;
}

const COLUMNS = `id, key, name, description, unit, aggregation, event_types, value_property, resource_property,
  dimensions, filters, divide_by, levels, weights, posting, on_unavailable`;

/** Meters and the revision they belong to come from one snapshot, so that a group can prove what it was computed with. */
const READ_CATALOGUE = `
  select r.revision, m.* from catalogue_revision r left join (select ${COLUMNS} from meter) m on true order by m.id`;

const FIND_METER = `select ${COLUMNS} from meter where key = $1`;

const LIST_METERS = `select ${COLUMNS} from meter where id > $1 order by id limit $2`;

/** The revision is raised in the same transaction: no group computed without the new meter can commit after it. */
const MAKE_METER_ONCE = `
  with made as (
    insert into meter (key, name, description, unit, aggregation, event_types, value_property, resource_property,
      dimensions, filters, divide_by, levels, weights, posting, on_unavailable)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    on conflict (key) do nothing
    returning id)
  update catalogue_revision set revision = revision + 1 where exists (select from made)
  returning revision`;

const RELABEL_METER = `
  with relabelled as (
    update meter set name = $2, description = $3, unit = $4, on_unavailable = $5
    where key = $1 and (name, description, unit, on_unavailable) is distinct from ($2, $3, $4, $5)
    returning id)
  update catalogue_revision set revision = revision + 1 where exists (select from relabelled)
  returning revision`;

@Injectable()
export class MeterRepository {
  constructor(private readonly database: Database) {}

  async readCatalogue(): Promise<{ revision: string; meters: Meter[] }> {
    const rows = await this.database.query<MeterRow>(READ_CATALOGUE);
    return { revision: rows[0]!.revision, meters: rows.filter((row) => row.id !== null).map(meterOf) };
  }

  async find(key: string, sql: Sql = this.database): Promise<Meter | undefined> {
    return (await sql.query<MeterRow>(FIND_METER, [key])).map(meterOf)[0];
  }

  async list(afterId: number, limit: number): Promise<Meter[]> {
    return (await this.database.query<MeterRow>(LIST_METERS, [afterId, limit])).map(meterOf);
  }

  /** Makes the meter unless its key is taken, and says whether it did; what stands there is for the caller to compare. */
  async make(meter: MeterDefinition, sql: Sql = this.database): Promise<boolean> {
    const raised = await sql.query(MAKE_METER_ONCE, [
      meter.key,
      meter.name,
      meter.description,
      meter.unit,
      meter.aggregation,
      meter.eventTypes,
      meter.valueProperty,
      meter.resourceProperty,
      meter.dimensions,
      JSON.stringify(meter.filters),
      formatQuantity(quantityOfRatio(meter.divideBy)),
      JSON.stringify(meter.levels),
      JSON.stringify(meter.weights),
      meter.posting,
      meter.onUnavailable,
    ]);
    return raised.length > 0;
  }

  /** Gives the meter these labels and its answer without a database, and says whether it had others. */
  async relabel(meter: MeterDefinition, sql: Sql = this.database): Promise<boolean> {
    const { key, name, description, unit, onUnavailable } = meter;
    return (await sql.query(RELABEL_METER, [key, name, description, unit, onUnavailable])).length > 0;
  }
}

/** The order in which definitions are compared; jsonb has one of its own. */
const sortedByName = (byType: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(byType).sort(([a], [b]) => (a < b ? -1 : 1)));

function meterOf(row: MeterRow): Meter {
  return {
    id: row.id,
    key: row.key,
    name: row.name,
    description: row.description,
    unit: row.unit,
    aggregation: row.aggregation,
    eventTypes: row.event_types,
    levels: sortedByName(row.levels),
    weights: sortedByName(row.weights),
    valueProperty: row.value_property,
    resourceProperty: row.resource_property,
    dimensions: row.dimensions,
    // jsonb forgets the order of names; definitions are compared as text.
    filters: row.filters.map(({ property, operator, values }) => ({ property, operator, values })),
    divideBy: ratio(parseQuantity(row.divide_by), ONE),
    posting: row.posting,
    onUnavailable: row.on_unavailable,
  };
}
