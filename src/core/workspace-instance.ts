import type { Properties } from './event';
import { type Run, endOfRun } from './credits';

/** What is told of a workspace instance, in the order of its life; of several facts of one instant this is the order, too. */
export const INSTANCE_EVENTS = [
  'workspace_instance.created',
  'workspace_instance.started',
  'workspace_instance.stopping',
  'workspace_instance.stopped',
] as const;
export type InstanceEventType = (typeof INSTANCE_EVENTS)[number];

/** The level each of them sets on its instance: it runs or it does not. */
export const INSTANCE_LEVELS: Readonly<Record<InstanceEventType, 0 | 1>> = {
  'workspace_instance.created': 0,
  'workspace_instance.started': 1,
  'workspace_instance.stopping': 0,
  'workspace_instance.stopped': 0,
};

/** One fact of an instance; `at` in milliseconds since 1970. */
export interface InstanceEvent {
  readonly at: number;
  readonly key: string;
  readonly type: string;
  readonly properties: Properties | null;
}

/** A run of an instance, from when it first ran to when it stopped; draft as long as its end can still move. */
export interface InstanceRun extends Run {
  readonly createdAt: number | null;
  readonly isDraft: boolean;
  /** What was told of it by then, the newest word for each name. */
  readonly attributes: Properties;
}

const RANK = new Map<string, number>(INSTANCE_EVENTS.map((type, rank) => [type, rank]));

function byLife(a: InstanceEvent, b: InstanceEvent): number {
  if (a.at !== b.at) return a.at - b.at;
  const ranks = (RANK.get(a.type) ?? 0) - (RANK.get(b.type) ?? 0);
  return ranks !== 0 ? ranks : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/**
 * The runs of one instance, whatever the order in which its events came. Billed time begins with the first `started` and ends
 * with `stopping`, else with `stopped`; a run is a draft until `stopped`, or until the instance runs again. `started` after
 * an end is a run of its own; a stop of what does not run says nothing. From `closedAt` on nothing runs (null = no such end).
 */
export function instanceRuns(
  events: readonly InstanceEvent[],
  closedAt: number | null = null,
): InstanceRun[] {
  const runs: Changing[] = [];
  let run: Changing | null = null;
  let createdAt: number | null = null;
  let attributes: Properties = EMPTY;
  for (const { at, type, properties } of inOrderOfLife(events)) {
    // Most events repeat all they know, so that one of them says it all.
    if (properties !== null)
      attributes = attributes === EMPTY ? properties : { ...attributes, ...properties };
    if (type === 'workspace_instance.created') createdAt ??= at;
    if (type === 'workspace_instance.started' && (run === null || endOfRun(run) !== null)) {
      if (run) run.isDraft = false;
      run = { startedAt: at, stoppingAt: null, stoppedAt: null, isDraft: true, createdAt, attributes };
      runs.push(run);
    }
    if (run?.isDraft) tell(run, { at, type, createdAt, attributes });
  }
  if (closedAt !== null && run?.isDraft)
    tell(run, { ...run, at: closedAt, type: 'workspace_instance.stopped' });
  return runs;
}

type Changing = { -readonly [K in keyof InstanceRun]: InstanceRun[K] };

const EMPTY: Properties = {};

/** They are stored by time, so only events of one instant are ever out of order. */
function inOrderOfLife(events: readonly InstanceEvent[]): readonly InstanceEvent[] {
  const isOrdered = events.every((event, i) => i === 0 || byLife(events[i - 1]!, event) <= 0);
  return isOrdered ? events : [...events].sort(byLife);
}

function tell(
  run: Changing,
  {
    at,
    type,
    createdAt,
    attributes,
  }: Pick<InstanceRun, 'createdAt' | 'attributes'> & { at: number; type: string },
): void {
  run.createdAt = createdAt;
  run.attributes = attributes;
  if (type === 'workspace_instance.stopping') run.stoppingAt ??= at;
  if (type !== 'workspace_instance.stopped') return;
  run.stoppedAt = at;
  run.isDraft = false;
}
