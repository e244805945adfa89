import { admit } from '../core/limit';
import { type Quantity, quantity, ZERO } from '../core/quantity';
import { addedBy, type Asked } from './consume-preparation.service';
import type { Held } from './limit-steps';
import { type Hold, nameOf } from './limit.repository';
import type { ReservedItem } from './reservation.commands';

/** Puts one item beside those before it; counters that would go beyond their limit make it refused. */
function place({ item, meter, event }: Asked, held: ReadonlyMap<string, Held>): ReservedItem {
  const { account, segment } = event;
  const steps = event.readings.flatMap((reading) => {
    const found = held.get(nameOf({ account, meter: reading.meter, segment }));
    return found && reading.kind === 'add' ? [{ found, delta: reading.value }] : [];
  });
  const isRefused = steps.some(
    ({ found: { used, reserved, rule }, delta }) =>
      rule?.onExceed === 'refuse' && !admit({ used, reserved, delta, limit: rule.limit }),
  );
  for (const { found, delta } of isRefused ? [] : steps) found.reserved = quantity(found.reserved + delta);
  const own = held.get(nameOf({ account, meter, segment }))!;
  return {
    ...{ meter: meter.key, quantity: item.quantity, isRefused },
    totals: {
      ...{ used: own.used, reserved: own.reserved },
      limit: own.rule?.limit ?? null,
      onExceed: own.rule?.onExceed ?? 'bill',
    },
  };
}

/** Every item beside those before it. When one does not fit nothing is held: what is reserved is as it was. */
export function placed(asked: readonly Asked[], held: ReadonlyMap<string, Held>): ReservedItem[] {
  const before = new Map([...held].map(([name, { reserved }]) => [name, reserved]));
  const items = asked.map((each) => place(each, held));
  if (items.every(({ isRefused }) => !isRefused)) return items;
  return items.map((item, i) => {
    const { event, meter } = asked[i]!;
    const name = nameOf({ account: event.account, meter, segment: event.segment });
    return { ...item, totals: item.totals && { ...item.totals, reserved: before.get(name)! } };
  });
}

/** What each counter holds for all items together. */
export function holdsOf(asked: readonly Asked[]): Hold[] {
  const holds = new Map<string, Hold>();
  for (const { event } of asked) {
    for (const { meter } of event.readings) {
      const counter = { account: event.account, meter, segment: event.segment };
      const before: Quantity = holds.get(nameOf(counter))?.quantity ?? ZERO;
      holds.set(nameOf(counter), { ...counter, quantity: quantity(before + addedBy(meter, event)) });
    }
  }
  return [...holds.values()].filter((hold) => hold.quantity > 0n);
}
