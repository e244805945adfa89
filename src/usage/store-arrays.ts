import { fullDecimal } from '../core/quantity';
import { lines, plainArray, textArray } from '../platform/array-literal';
import type { Asked } from './asked-totals';
import type { Sums } from './group-sums';
import type { Overage } from './limit.repository';
import type { PreparedEvent } from './prepared-event';
import { markArrays, sumArrays } from './sum-arrays';

/** The values of the statements that store a group, in the order of their parameters. */

export function guardArrays({ guards }: Sums): string[] {
  return [
    plainArray(guards, ({ under }) => under),
    plainArray(guards, ({ guard }) => (guard === null ? null : fullDecimal(guard))),
  ];
}

export function overageArrays(overages: readonly Overage[]): string[] {
  return [
    plainArray(overages, ({ account }) => account.bucket),
    plainArray(overages, ({ account }) => account.id),
    plainArray(overages, ({ meter }) => meter.id),
    plainArray(overages, ({ segment }) => segment.from),
    plainArray(overages, ({ key }) => key),
    plainArray(overages, (overage) => fullDecimal(overage.quantity)),
    plainArray(overages, ({ limit }) => fullDecimal(limit)),
  ];
}

export function askedArrays(asked: readonly Asked[]): string[] {
  return [
    plainArray(asked, ({ event }) => event.key),
    plainArray(asked, ({ event }) => event.accountId),
    plainArray(asked, ({ ask }) => ask.meterId),
    plainArray(asked, ({ event }) => event.segment.from),
    textArray(asked, ({ ask }) => ask.dims),
    plainArray(asked, ({ later }) => fullDecimal(later)),
    plainArray(asked, ({ limit }) => (limit === null ? null : fullDecimal(limit))),
    plainArray(asked, ({ isDistinct }) => String(isDistinct)),
  ];
}

export function storeValues(events: readonly PreparedEvent[], { counters, windows }: Sums): unknown[] {
  return [
    plainArray(events, (event) => event.bucket),
    plainArray(events, (event) => event.accountId),
    plainArray(events, (event) => event.key),
    plainArray(events, (event) => event.content),
    plainArray(events, (event) => event.at),
    plainArray(events, (event) => event.quantity),
    lines(events, (event) => event.type),
    lines(events, (event) => event.source),
    lines(events, (event) => event.eventId),
    lines(events, (event) => event.resource),
    lines(events, (event) => event.subject),
    lines(events, (event) => event.properties),
    events[0]!.revision,
    ...sumArrays(counters),
    events[0]!.bucket,
    ...markArrays(windows),
  ];
}
