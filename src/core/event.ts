import type { AccountKey } from './account-key';
import { invalid } from './errors';
import { type Meter, isGauge, weightOf } from './meter';
import {
  LEVEL_MAX,
  ONE,
  QUANTITY_MAX,
  type Quantity,
  formatQuantity,
  multiplyQuantities,
  parseQuantity,
  quantityFromDouble,
} from './quantity';

/** What JSON can hold. Numbers in properties are doubles of the wire and read as their shortest decimal. */
export type PropertyValue = string | number | boolean | null | readonly PropertyValue[] | Properties;
export interface Properties {
  readonly [name: string]: PropertyValue;
}

/** An immutable fact: `(account, source, id)` once. Times are milliseconds since 1970 UTC. */
export interface UsageEvent {
  readonly account: AccountKey;
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly occurredAt: number;
  readonly quantity: Quantity | null;
  readonly resource: string | null;
  readonly properties: Properties | null;
}

/** What one event tells one meter. `dims` is the canonical text of the meter's dimension values, '' without any. */
export type Reading =
  | { readonly kind: 'add'; readonly meter: Meter; readonly dims: string; readonly value: Quantity }
  | { readonly kind: 'value'; readonly meter: Meter; readonly dims: string; readonly value: string }
  | {
      readonly kind: 'level';
      readonly meter: Meter;
      readonly dims: string;
      readonly resource: string;
      readonly value: Quantity;
    };

type Measured = Pick<UsageEvent, 'type' | 'quantity' | 'resource' | 'properties'>;

/**
 * What an event teaches the meters that listen to its type. Pure; the same for ingest, correction and recompute.
 * Throws `invalid-argument` when a meter cannot read what it needs, naming the property and the meter.
 */
export function readings(event: Measured, meters: readonly Meter[]): Reading[] {
  const found: Reading[] = [];
  for (const meter of meters) {
    if (passes(event.properties, meter)) found.push(reading(event, meter));
  }
  return found;
}

function passes(properties: Properties | null, meter: Meter): boolean {
  for (const filter of meter.filters) {
    const text = propertyText(properties, filter.property);
    const listed = text !== null && filter.values.includes(text);
    if (listed !== (filter.operator === 'in')) return false;
  }
  return true;
}

function reading(event: Measured, meter: Meter): Reading {
  const dims = meter.dimensions.length === 0 ? '' : dimsOf(event.properties, meter.dimensions);
  if (meter.aggregation === 'count') return { kind: 'add', meter, dims, value: ONE };
  if (meter.aggregation === 'unique') {
    return { kind: 'value', meter, dims, value: uniqueValue(event, meter) };
  }
  if (!isGauge(meter.aggregation)) {
    return { kind: 'add', meter, dims, value: weighted(event, meter) };
  }
  const resource =
    meter.resourceProperty === null ? event.resource : propertyText(event.properties, meter.resourceProperty);
  const field = fieldOf(meter.resourceProperty, 'resource');
  if (resource === null || resource === '') throw invalid(field, `missing, and meter ${meter.key} needs it`);
  if (resource.length > 256) throw invalid(field, 'must have at most 256 characters');
  if (resource.includes('\u0000')) throw invalid(field, 'must not hold a NUL character');
  return { kind: 'level', meter, dims, resource, value: within(valueOf(event, meter), LEVEL_MAX, meter) };
}

/** The value of an event in the meter's own units. Rounded for each event, so that taking it away leaves nothing behind. */
function weighted(event: Measured, meter: Meter): Quantity {
  const value = within(valueOf(event, meter), QUANTITY_MAX, meter);
  const weight = weightOf(meter, event.type);
  const counted = multiplyQuantities(value, weight);
  if (counted <= QUANTITY_MAX) return counted;
  const times = `times its weight ${formatQuantity(weight)} must be at most ${formatQuantity(QUANTITY_MAX)}`;
  throw invalid(fieldOf(meter.valueProperty, 'quantity'), times);
}

function fieldOf(property: string | null, otherwise: string): string {
  return property === null ? otherwise : `properties.${property}`;
}

function valueOf(event: Measured, meter: Meter): Quantity {
  if (Object.hasOwn(meter.levels, event.type)) return parseQuantity(meter.levels[event.type]!);
  if (meter.valueProperty === null) {
    if (event.quantity !== null) return event.quantity;
    if (isGauge(meter.aggregation)) throw invalid('quantity', `missing, and meter ${meter.key} needs it`);
    return ONE;
  }
  const field = `properties.${meter.valueProperty}`;
  const value = propertyAt(event.properties, meter.valueProperty);
  if (typeof value === 'number') return quantityFromDouble(value, field);
  if (typeof value === 'string') return parseQuantity(value, field);
  throw invalid(field, `must be a number or a decimal string, because meter ${meter.key} measures it`);
}

function within(value: Quantity, largest: Quantity, meter: Meter): Quantity {
  const field = fieldOf(meter.valueProperty, 'quantity');
  if (value < 0n) throw invalid(field, 'must not be negative: correct usage by voiding or amending it');
  if (value > largest) throw invalid(field, `must be at most ${formatQuantity(largest)}`);
  return value;
}

function uniqueValue(event: Measured, meter: Meter): string {
  const text =
    meter.valueProperty === null ? event.resource : propertyText(event.properties, meter.valueProperty);
  const field = fieldOf(meter.valueProperty, 'resource');
  if (text === null || text === '') throw invalid(field, `missing, and meter ${meter.key} counts its values`);
  if (text.length > 256) throw invalid(field, `must have at most 256 characters for meter ${meter.key}`);
  if (text.includes('\u0000')) throw invalid(field, 'must not hold a NUL character');
  return text;
}

/** Follows a dotted path such as `model.name`; undefined when anything on the way is missing. */
export function propertyAt(properties: Properties | null, path: string): PropertyValue | undefined {
  if (properties === null) return undefined;
  if (Object.hasOwn(properties, path)) return properties[path];
  if (!path.includes('.')) return undefined;
  let here: PropertyValue | undefined = properties;
  for (const name of path.split('.')) {
    if (here === null || typeof here !== 'object' || Array.isArray(here)) return undefined;
    here = Object.hasOwn(here, name) ? (here as Properties)[name] : undefined;
  }
  return here;
}

/** A property as the text that filters, dimensions and unique values compare; null when absent or not a scalar. */
export function propertyText(properties: Properties | null, path: string): string | null {
  const value = propertyAt(properties, path);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatQuantity(quantityFromDouble(value));
  return typeof value === 'boolean' ? String(value) : null;
}

/** Canonical dimension values, `{"region":"eu"}` with names sorted; an absent value is left out. */
function dimsOf(properties: Properties | null, dimensions: readonly string[]): string {
  const present: Record<string, string> = {};
  for (const name of [...dimensions].sort()) {
    const text = propertyText(properties, name);
    if (text === null) continue;
    if (text.length > 200) throw invalid(`properties.${name}`, 'a dimension has at most 200 characters');
    present[name] = text;
  }
  return JSON.stringify(present);
}

/** Names that identify a person: they go to the erasable subject profile, never into an immutable event. */
export const PERSONAL_PROPERTIES: ReadonlySet<string> = new Set([
  'user_name',
  'user_avatar_url',
  'user_email',
  'email',
  'email_address',
  'full_name',
  'phone',
  'phone_number',
]);

/**
 * Splits personal properties from the others, at any depth of nested objects; names that stand deeper keep their own
 * name only. The same object comes back when there are none.
 */
export function separatePersonal(properties: Properties): { kept: Properties; personal: Properties | null } {
  const personal: Record<string, PropertyValue> = {};
  const kept = withoutPersonal(properties, personal);
  return { kept, personal: Object.keys(personal).length > 0 ? personal : null };
}

function withoutPersonal(properties: Properties, personal: Record<string, PropertyValue>): Properties {
  let kept: Record<string, PropertyValue> | null = null;
  for (const name in properties) {
    const value = properties[name]!;
    if (PERSONAL_PROPERTIES.has(name)) {
      kept ??= { ...properties };
      personal[name] = value;
      delete kept[name];
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const inner = withoutPersonal(value as Properties, personal);
      if (inner === value) continue;
      kept ??= { ...properties };
      kept[name] = inner;
    }
  }
  return kept ?? properties;
}

/** Most properties are: such an object the engine writes faster than we could, and the same. */
function isFlatAndSorted(object: Properties): boolean {
  let last = '';
  for (const name in object) {
    const value = object[name];
    if (name <= last || typeof value === 'object') return false;
    last = name;
  }
  return true;
}

/**
 * One JSON text for one content: names sorted at every depth, because doors and clients write the same object in
 * different orders. Stored as it is, and compared by its hash.
 */
export function canonicalText(value: PropertyValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  const object = value as Properties;
  if (isFlatAndSorted(object)) return JSON.stringify(object);
  let text = '';
  for (const name of Object.keys(object).sort()) {
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalText(object[name]!)}`;
  }
  return `{${text}}`;
}
