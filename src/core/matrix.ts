import { inWholeUnits, type BillableEvent } from './billable';
import { countedLine, type Line } from './line';
import type { MatrixCell, MatrixPrice } from './price';
import { ONE, type Quantity } from './quantity';
import { ratio, sumRatios, type Ratio } from './ratio';

/** The values of a price's dimensions as one text; a missing one is told apart from every value. */
function cellKey(price: MatrixPrice, values: Readonly<Record<string, string>>): string {
  return JSON.stringify(price.dimensions.map((name) => (Object.hasOwn(values, name) ? values[name] : null)));
}

function cellName(price: MatrixPrice, cell: MatrixCell): string {
  return price.dimensions.map((name) => `${name} ${cell.dimensions[name]}`).join(', ');
}

/**
 * One line per cell in use, in the order of the price, the default one last. Units are rounded up per cell when the
 * price asks for whole ones, because each cell has a price of its own.
 */
export function matrixLines(price: MatrixPrice, events: readonly BillableEvent[]): Line[] {
  const cells = price.cells.map((cell) => ({ cell, key: cellKey(price, cell.dimensions) }));
  const used = new Map<string, Ratio[]>(cells.map(({ key }) => [key, []]));
  const others: Ratio[] = [];
  for (const event of events) (used.get(cellKey(price, event.dimensions)) ?? others).push(event.quantity);

  const line = (key: string, description: string, of: { used: Ratio[]; unitAmount: Quantity }) =>
    countedLine({
      key,
      description,
      quantity: inWholeUnits(price, sumRatios(of.used)),
      unitAmount: ratio(of.unitAmount, ONE),
    });
  return [
    ...cells.map(({ cell, key }) =>
      line(`cell ${key}`, `Usage of ${cellName(price, cell)}`, {
        used: used.get(key)!,
        unitAmount: cell.unitAmount,
      }),
    ),
    line('default', 'Usage at the default price', { used: others, unitAmount: price.defaultUnitAmount }),
  ];
}
