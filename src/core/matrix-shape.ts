import { below, decimal, refuse, text, type Codec, type Place } from './json-codec';
import { isObject } from './json-object';
import type { MatrixCell, MatrixPrice } from './price';
import { ZERO } from './quantity';

const AMOUNT = decimal({ atLeast: ZERO });
const VALUE = text(200);

/** A cell is flat on the wire: its price beside the values of its dimensions. */
export const CELL: Codec<MatrixCell> = {
  read: (json, place) => {
    if (!isObject(json)) return refuse(place, 'must be an object');
    const { unit_amount: price, ...values } = json;
    const unitAmount = AMOUNT.read(price, below(place, 'unit_amount'));
    const named = Object.entries(values).map(([name, value]) => [
      name,
      VALUE.read(value, below(place, name)),
    ]);
    if (unitAmount === undefined || named.some(([, value]) => value === undefined)) return undefined;
    return { dimensions: Object.fromEntries(named) as Record<string, string>, unitAmount };
  },
  write: (cell) => ({ ...cell.dimensions, unit_amount: AMOUNT.write(cell.unitAmount) }),
};
/** Every cell names each dimension once, and no two cells the same values; a check of the whole price. */
export function matrixIsSound({ dimensions, cells }: Partial<MatrixPrice>, place: Place): void {
  if (dimensions === undefined) return;
  const at = below(place, 'dimensions');
  if (new Set(dimensions).size < dimensions.length) refuse(at, 'must not name a dimension twice');
  if (dimensions.includes('unit_amount')) refuse(at, 'must not be named unit_amount');
  const seen = new Set<string>();
  cells?.forEach((cell, index) => {
    const cellAt = below(below(place, 'cells'), index);
    for (const name of dimensions) {
      if (!Object.hasOwn(cell.dimensions, name)) refuse(below(cellAt, name), 'is required');
    }
    for (const name of Object.keys(cell.dimensions)) {
      if (!dimensions.includes(name)) refuse(below(cellAt, name), 'is not one of the dimensions');
    }
    const key = JSON.stringify(dimensions.map((name) => cell.dimensions[name]));
    if (seen.has(key)) refuse(cellAt, 'repeats the values of a cell before');
    seen.add(key);
  });
}
