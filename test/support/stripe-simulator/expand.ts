import { RULES } from './rules';
import type { StripeObject } from './stripe-object';
import { invalidRequest } from './stripe-refusal';
import { ON_DEMAND, view, viewOnDemand } from './view';
import type { World } from './world';

/** Puts whole objects where the answer has their ids, as `expand` asks, at most four deep. */
export function expand(world: World, answer: StripeObject, paths: readonly string[]): StripeObject {
  const expanded = structuredClone(answer);
  for (const path of paths) {
    const steps = path.split('.');
    if (steps.length > RULES.expandDepth) throw refused(path, `is deeper than ${RULES.expandDepth}`);
    open(world, expanded, steps, path);
  }
  return expanded;
}

function open(world: World, at: unknown, steps: readonly string[], path: string): void {
  if (Array.isArray(at)) return at.forEach((one) => open(world, one, steps, path));
  if (typeof at !== 'object' || at === null || steps.length === 0) return;
  const object = at as StripeObject;
  const [step, ...rest] = steps as [string, ...string[]];
  if (ON_DEMAND[object.object as string]?.includes(step) && !(step in object)) {
    const whole = world.byId(object.id as string);
    object[step] = whole ? structuredClone(viewOnDemand(world, whole, step)) : null;
  }
  const value: unknown = object[step];
  if (typeof value === 'string') object[step] = whole(world, value, path);
  else if (Array.isArray(value)) {
    object[step] = value.map((one: unknown) => (typeof one === 'string' ? whole(world, one, path) : one));
  } else if (value === undefined && !(step in object))
    throw refused(path, 'names nothing that can be expanded');
  open(world, object[step], rest, path);
}

function whole(world: World, id: string, path: string): unknown {
  const found = world.byId(id);
  if (!found) throw refused(path, 'names nothing that can be expanded');
  if (found._deleted) return { id, object: found.object as string, deleted: true };
  return structuredClone(view(world, found));
}

function refused(path: string, why: string): Error {
  return invalidRequest(`expand: ${path} ${why}.`, { param: 'expand' });
}
