import { plainUuid } from '../core/uuid';
import type { GitpodBalances } from './gitpod-balances';
import type { GitpodParts } from './gitpod-parts';
import { judgeInstance } from './gitpod-instance';
import { InstanceLane } from './instance-lane';
import type { InstanceTarget } from './instance-target';
import { readTable } from './gitpod-people';
import type { Cells } from './table-file';

/** What is joined into an instance by the id of its workspace, or of the workspace's owner. */
type Joined = ReadonlyMap<string, Cells>;

/** A dry run looks at the files alone. */
const NOTHING_TOLD: InstanceTarget = {
  told: (instances) => Promise.resolve(instances.map(() => [])),
  record: () => Promise.resolve({ events: [], takenBack: [] }),
};

/** Tells the instances of the export, with the words of their workspaces and users, and prices them. */
export async function importGitpodInstances(parts: GitpodParts, balances: GitpodBalances): Promise<void> {
  const { target, journal, latest } = parts;
  const table = 'd_b_workspace_instance';
  const workspaces = await readWorkspaces(parts);
  const users = await readUsers(parts);
  const lane = new InstanceLane(target?.instances ?? NOTHING_TOLD, journal.instances);
  const seen = new Set<string>();
  for await (const { line, value: cells } of readTable(parts, table, (each) => each)) {
    journal.instances.rowsRead++;
    const judged = judgeInstance(joined(cells, workspaces, users), latest);
    const { id } = judged;
    const reason = 'reason' in judged ? judged.reason : seen.has(id) ? 'is in the file twice' : null;
    if (reason !== null) journal.note({ table, line, id, outcome: 'refused', reason });
    if (reason !== null || 'reason' in judged) continue;
    seen.add(id);
    const { instance, remark } = judged;
    if (remark !== null) journal.note({ table, line, id, outcome: 'remark', reason: remark });
    balances.addInstance(instance);
    lane.push({ line, instance });
    await lane.advance();
  }
  await lane.flush();
}

async function readWorkspaces(parts: GitpodParts): Promise<Joined> {
  const found = new Map<string, Cells>();
  for await (const { id, value } of readTable(parts, 'd_b_workspace', workspaceOf)) found.set(id, value);
  return found;
}

/** Only what an instance says of it, because there are many. */
function workspaceOf({ ownerId = '', type = '', contextURL = '' }: Cells): Cells {
  return { ownerId, type, contextURL };
}

async function readUsers(parts: GitpodParts): Promise<Joined> {
  const found = new Map<string, Cells>();
  const userOf = ({ name = '', avatarUrl = '' }: Cells): Cells => ({ userName: name, avatarUrl });
  for await (const { id, value } of readTable(parts, 'd_b_user', userOf)) found.set(id, value);
  return found;
}

/** What the row says itself wins. */
function joined(cells: Cells, workspaces: Joined, users: Joined): Cells {
  const workspace = workspaces.get(cells['workspaceId'] ?? '') ?? {};
  const owner = cells['ownerId'] || workspace['ownerId'] || '';
  const told = Object.fromEntries(Object.entries(cells).filter(([, value]) => value !== ''));
  const userId = plainUuid(owner) ?? owner;
  return { ...workspace, ...users.get(owner), ...told, ...(userId === '' ? {} : { ownerId: userId }) };
}
