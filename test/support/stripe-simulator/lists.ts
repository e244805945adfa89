import { RULES } from './rules';
import type { Call, StripeObject } from './stripe-object';
import { invalidRequest, missing } from './stripe-refusal';
import { view } from './view';
import type { World } from './world';

/**
 * One page, newest first: `limit`, `starting_after`, `ending_before` and `created` as everywhere in Stripe.
 * Of the other parameters those named are compared as they are.
 */
export function page(
  world: World,
  call: Call,
  objects: StripeObject[],
  equal: readonly string[] = [],
): StripeObject {
  const { params } = call;
  const wanted = objects.filter(
    (object) =>
      equal.every((field) => params[field] === undefined || object[field] === params[field]) &&
      within((object.created ?? object.date) as number, params.created),
  );
  return cut(world, call, wanted.reverse());
}

/** One page of objects that are already in the order of the list. */
export function cut(world: World, call: Call, ordered: StripeObject[]): StripeObject {
  const { params } = call;
  const limit = (params.limit as number | undefined) ?? RULES.listDefault;
  if (limit < 1 || limit > RULES.listMost) {
    throw invalidRequest(`limit must be from 1 to ${RULES.listMost}.`, { param: 'limit' });
  }
  const place = (param: string): number => {
    const at = ordered.findIndex((object) => object.id === params[param]);
    if (at < 0) throw missing('object', String(params[param]), param, 400);
    return at;
  };
  let [from, to] = [0, ordered.length];
  if (params.starting_after !== undefined) from = place('starting_after') + 1;
  if (params.ending_before !== undefined) {
    to = place('ending_before');
    from = Math.max(0, to - limit);
  }
  const data = ordered.slice(from, Math.min(to, from + limit)).map((object) => view(world, object));
  const more = params.ending_before === undefined ? from + limit < to : from > 0;
  return { object: 'list', data, has_more: more, url: call.path };
}

/** Whether a time lies in `created`: a moment, or a range of gt, gte, lt, lte. */
export function within(time: number, range: unknown): boolean {
  if (range === undefined || range === null) return true;
  if (typeof range === 'number') return time === range;
  const { gt, gte, lt, lte } = range as Record<string, number | undefined>;
  return !(
    (gt !== undefined && time <= gt) ||
    (gte !== undefined && time < gte) ||
    (lt !== undefined && time >= lt) ||
    (lte !== undefined && time > lte)
  );
}
