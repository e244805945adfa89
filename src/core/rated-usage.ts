import type { Price } from './price';

/**
 * How much a price has to know of usage: its total; the totals by dimensions, which a matrix prices one by one; or the events
 * themselves in their order (O(events), decision 21).
 */
export type UsageDetail = 'total' | 'dimensions' | 'events';

export function detailFor(price: Price, { isCovered }: { isCovered: boolean }): UsageDetail {
  switch (price.model) {
    case 'percentage':
    case 'graduated_percentage':
    case 'dynamic':
      return 'events';
    case 'matrix':
      return isCovered || takesUnitsOff(price) ? 'events' : 'dimensions';
    default:
      return 'total';
  }
}

/** Which units are free depends on the order of events. */
function takesUnitsOff({ includedQuantity, usageDiscount }: Price): boolean {
  return includedQuantity > 0n || (usageDiscount !== null && 'quantity' in usageDiscount);
}
