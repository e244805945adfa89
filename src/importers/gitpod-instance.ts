import type { AccountKey } from '../core/account-key';
import { parseAttributionId } from '../core/attribution-id';
import { DomainError, invalid } from '../core/errors';
import type { Properties } from '../core/event';
import { plainUuid } from '../core/uuid';
import { INSTANCE_EVENTS, type InstanceEventType } from '../core/workspace-instance';
import { readGitpodTime } from './gitpod-time';
import type { Cells } from './table-file';

/** What an export of d_b_workspace_instance must have. */
export const INSTANCE_COLUMNS = ['id', 'usageAttributionId', 'startedTime', 'stoppingTime', 'stoppedTime'];

/** One time of an instance: which, and when in milliseconds since 1970. */
export interface InstanceFact {
  readonly type: InstanceEventType;
  readonly at: number;
}

/** A workspace instance as its row tells it; `facts` in the order of its life, what is unset left out. */
export interface Instance {
  readonly id: string;
  readonly account: AccountKey;
  readonly facts: readonly InstanceFact[];
  readonly properties: Properties;
}

/** What a row is; `remark` says what of it was not taken as it stands. Or why it is nothing. */
export type JudgedInstance = { readonly id: string } & (
  { readonly instance: Instance; readonly remark: string | null } | { readonly reason: string }
);

type Times = Record<'created' | 'started' | 'stopping' | 'stopped', number | null>;

const NAME = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

/** Where each property is found: the column of the table it comes from, or of a join. */
const PROPERTY_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  workspace_id: ['workspaceId'],
  workspace_type: ['type', 'workspaceType'],
  workspace_class: ['workspaceClass'],
  context_url: ['contextURL', 'contextUrl'],
  user_id: ['ownerId', 'userId'],
  user_name: ['userName'],
  user_avatar_url: ['avatarUrl', 'userAvatarURL', 'userAvatarUrl'],
};

/** Reads a row; `latest` is the last instant that anything may have happened at, in milliseconds. */
export function judgeInstance(cells: Cells, latest: number): JudgedInstance {
  const told = cells['id'] ?? '';
  const id = plainUuid(told) ?? told;
  try {
    if (!NAME.test(id)) throw invalid('id', 'must be a text of 1 to 200 characters');
    const account = parseAttributionId(cells['usageAttributionId'] ?? '', 'usageAttributionId');
    const times = timesOf(cells, latest);
    const phase = cells['phasePersisted'] ?? cells['phase'] ?? '';
    if (phase === 'stopped' && times.started !== null && (times.stopping ?? times.stopped) === null) {
      throw invalid('stoppedTime', 'is empty although the phase is stopped: nobody knows since when');
    }
    const { remark, facts } = lifeOf(times);
    return { id, instance: { id, account, facts, properties: propertiesOf(cells) }, remark };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { id, reason: error.message };
  }
}

function timesOf(cells: Cells, latest: number): Times {
  const read = (column: string): number | null => {
    const at = readGitpodTime(cells[column] ?? '', column);
    if (at !== null && at > latest) throw invalid(column, 'lies in the future');
    return at;
  };
  return {
    created: read('creationTime'),
    started: read('startedTime'),
    stopping: read('stoppingTime'),
    stopped: read('stoppedTime'),
  };
}

/**
 * The facts of an instance in the order of a life. Nothing is billed of one that never ran, and nothing of one that stopped
 * before it started, as in the original, which bills no time at all then: its start is left out, so that it cannot run on.
 */
function lifeOf({ created, started, stopping, stopped }: Times): Pick<Instance, 'facts'> & Remarked {
  const end = stopping ?? stopped;
  if (started === null) return { facts: factsOf({ created, started, stopping, stopped }), remark: NEVER_RAN };
  if (end !== null && end <= started) {
    const remark = end < started ? 'stopped before it started, free' : NO_TIME;
    return { facts: factsOf({ created, started: null, stopping, stopped }), remark };
  }
  // Levels of one instant have no order of their own, so that a creation counts only before the start.
  const begun = created !== null && created < started ? created : null;
  const isEarly = stopped !== null && stopping !== null && stopped < stopping;
  const facts = factsOf({ created: begun, started, stopping, stopped: isEarly ? stopping : stopped });
  const remarks = [
    ...(isEarly ? ['had stopped before it began to, told as one instant'] : []),
    ...(created !== null && created > started ? ['was created after it started, told without that'] : []),
  ];
  return { facts, remark: remarks.join('; ') || null };
}

interface Remarked {
  readonly remark: string | null;
}

const NEVER_RAN = 'never ran, free';
const NO_TIME = 'started and stopped in one instant, free';

function factsOf(times: Times): InstanceFact[] {
  const inOrder = [times.created, times.started, times.stopping, times.stopped];
  return INSTANCE_EVENTS.flatMap((type, place) => {
    const at = inOrder[place] ?? null;
    return at === null ? [] : [{ type, at }];
  });
}

function propertiesOf(cells: Cells): Properties {
  const found = Object.entries(PROPERTY_COLUMNS).map(([name, columns]) => {
    const column = columns.find((each) => (cells[each] ?? '') !== '');
    return [name, column === undefined ? '' : cells[column]!] as const;
  });
  return Object.fromEntries(found.filter(([, value]) => value !== ''));
}
