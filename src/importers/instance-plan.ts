import { hash } from 'node:crypto';
import { separatePersonal, type UsageEvent } from '../core/event';
import { eventKey } from '../core/event-key';
import { INSTANCE_EVENTS, type InstanceEvent, type InstanceEventType } from '../core/workspace-instance';
import type { Instance, InstanceFact } from './gitpod-instance';
import { GITPOD_SOURCE, type TakenBack } from './instance-target';

/** A time may be taken back and told again so often; beyond it an instance is reported. */
export const TELLINGS_MAX = 9;

/** What is to be done so that what stands of an instance is what its row says. */
export interface InstancePlan {
  readonly events: readonly UsageEvent[];
  readonly takenBack: readonly TakenBack[];
  /** How many of its times stand already. */
  readonly standing: number;
  /** What cannot be made to agree, in words. */
  readonly conflicts: readonly string[];
}

interface Step {
  readonly event: InstanceFact | null;
  readonly takenBack: readonly TakenBack[];
  readonly stands: boolean;
  readonly conflict: string | null;
}

/**
 * Compares a row with what stands of its instance. A time that stands is left alone, one that is missing is told, one that
 * was cleared or moved is taken back and, where there is another, told anew: so a row imported twice changes nothing, and
 * the last row holds. What somebody else told is never taken back. `telling` counts the attempts: an id whose event was
 * taken back stays taken, so that a time that comes back needs another one.
 */
export function planInstance(
  instance: Instance,
  told: readonly InstanceEvent[],
  telling: number,
): InstancePlan {
  const steps = INSTANCE_EVENTS.map((type) => stepOf(instance, type, told));
  const words = otherWords(instance, told);
  return {
    events: steps.flatMap(({ event }) => (event === null ? [] : [eventOf(instance, event, telling)])),
    takenBack: steps.flatMap(({ takenBack }) => takenBack),
    standing: steps.filter(({ stands }) => stands).length,
    conflicts: [...steps.flatMap(({ conflict }) => conflict ?? []), ...words],
  };
}

function stepOf(instance: Instance, type: InstanceEventType, told: readonly InstanceEvent[]): Step {
  const wanted = instance.facts.find((fact) => fact.type === type) ?? null;
  const standing = told.filter((event) => event.type === type);
  const stands = wanted !== null && standing.some(({ at }) => at === wanted.at);
  const others = standing.filter(({ at }) => at !== wanted?.at);
  const name = type.slice(type.indexOf('.') + 1);
  const reason = wanted === null ? `${name}: cleared` : `${name}: is ${timeText(wanted.at)} now`;
  const takenBack = others.flatMap((event) => {
    const target = ownId(instance, event);
    return target === null ? [] : [{ account: instance.account, target, reason }];
  });
  const isForeign = takenBack.length < others.length;
  const conflict = isForeign ? `${name}: stands as ${timeText(others[0]!.at)}, told by somebody else` : null;
  return { event: stands || isForeign ? null : wanted, takenBack, stands, conflict };
}

/** The id under which an import told this event; null = it was somebody else. */
function ownId(instance: Instance, { type, at, key }: InstanceEvent): string | null {
  for (let telling = 1; telling <= TELLINGS_MAX; telling++) {
    const id = eventIdOf(instance, { type: type as InstanceEventType, at }, telling);
    if (keyOf(id) === key) return id;
  }
  return null;
}

/** The key under which an event of this id stands. */
export function keyOf(id: string): string {
  return eventKey(id, hash('sha256', `${GITPOD_SOURCE}\u0000${id}`, 'hex'));
}

/** A function of the instance, which of its times and when: the same time has the same id in every file. */
function eventIdOf({ id }: Pick<Instance, 'id'>, { type, at }: InstanceFact, telling: number): string {
  const name = type.slice(type.indexOf('.') + 1);
  return `${id}/${name}@${timeText(at)}${telling === 1 ? '' : `#${telling}`}`;
}

function eventOf(instance: Instance, fact: InstanceFact, telling: number): UsageEvent {
  const { account, id, properties } = instance;
  return {
    ...{ account, source: GITPOD_SOURCE, id: eventIdOf(instance, fact, telling) },
    ...{ type: fact.type, occurredAt: fact.at, quantity: null, resource: id, properties },
  };
}

/** Words are not corrected: whoever was charged by them keeps his price. */
function otherWords({ properties }: Instance, told: readonly InstanceEvent[]): string[] {
  const { kept } = separatePersonal(properties);
  const names = new Set<string>();
  for (const event of told) {
    for (const [name, value] of Object.entries(kept)) {
      if (event.properties?.[name] !== value) names.add(name);
    }
  }
  return names.size === 0 ? [] : [`${[...names].sort().join(', ')}: was told otherwise, which stands`];
}

const timeText = (at: number): string => new Date(at).toISOString();
