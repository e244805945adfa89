import { appendFileSync } from 'node:fs';
import { DirectInstanceTarget } from '../../src/importers/instance-direct';
import { importInstances } from '../../src/importers/instance-import';
import { InstanceJournal, type InstanceNote } from '../../src/importers/instance-journal';
import { RestInstanceTarget } from '../../src/importers/instance-rest';
import type { InstanceTarget } from '../../src/importers/instance-target';
import { UnreadableFile } from '../../src/importers/unreadable-file';
import { Clock } from '../../src/platform/clock';
import { digestOf } from '../support/digest';
import { GitpodWorld, team, uuid } from '../support/gitpod-world';
import { eventually } from '../support/processes';
import { csv, ended, ExportFolder, instanceRow, ndjson, type Row } from './gitpod-tables';

const NINE = '2026-01-10T09:00:00.000Z';
const TEN = '2026-01-10T10:00:00.000Z';

let world: GitpodWorld;
let folder: ExportFolder;
let ending: AbortController;

beforeEach(async () => {
  world = await GitpodWorld.at('2026-01-10T12:00:00.000Z');
  folder = new ExportFolder();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  folder.remove();
  await world.close();
});

const direct = (): InstanceTarget => new DirectInstanceTarget(world.usage.app.app);
const rest = (): InstanceTarget => new RestInstanceTarget(world.usage.app.rest, world.usage.app.adminKey);

interface Options {
  readonly target?: InstanceTarget;
  readonly dry?: boolean;
  readonly follow?: AbortSignal;
}

async function importFile(path: string, options: Options = {}): Promise<InstanceJournal> {
  const journal = new InstanceJournal(null, options.dry ?? false);
  const target = options.target ?? direct();
  const latest = (): number => world.get(Clock).now().getTime() + 300_000;
  const parts = { target, journal, latest, onProgress: () => undefined };
  await importInstances({ path, follow: options.follow ?? null }, parts);
  await world.reconcile();
  return journal;
}

const take = (rows: readonly Row[], options: Options = {}): Promise<InstanceJournal> =>
  importFile(folder.write('instances.csv', csv(rows)), options);

const told = (journal: InstanceJournal) => journal.summary().events;
const notes = (journal: InstanceJournal): string[] =>
  journal.notes().shown.map(({ line, outcome, reason }: InstanceNote) => `${line} ${outcome}: ${reason}`);

/** Those that run stand at now, which the end of a range leaves out. */
async function entries(): Promise<object[]> {
  const to = { seconds: String(Date.parse('2026-01-11T00:00:00Z') / 1_000) };
  const { usageEntries } = await world.list(team(1), { order: 'ORDERING_ASCENDING', to });
  return usageEntries.map(({ workspaceInstanceId, credits, draft }) => ({
    workspaceInstanceId,
    credits,
    draft,
  }));
}

describe.each([
  ['directly', direct],
  ['through the doors', rest],
] as const)('workspace instances imported %s', (_, targetOf) => {
  it('are charged, and listed with what is known of them', async () => {
    const words = {
      ownerId: uuid(101),
      type: 'regular',
      contextURL: 'https://example.org/a,b',
      userName: 'Ann',
    };
    const journal = await take([instanceRow(1, { ...ended(NINE, '2026-01-10T09:01:00.000Z'), ...words })], {
      target: targetOf(),
    });
    expect(told(journal)).toEqual({ recorded: 4, standing: 0, taken_back: 0 });
    const { usageEntries } = await world.list(team(1));
    expect(usageEntries).toMatchObject([{ workspaceInstanceId: uuid(1), credits: 10, draft: false }]);
    expect(JSON.parse(usageEntries[0]!.metadata)).toEqual({
      ...{ workspaceId: 'ws1', workspaceType: 'regular', workspaceClass: 'default' },
      ...{ contextURL: 'https://example.org/a,b', creationTime: '2026-01-10T07:59:00.000Z' },
      ...{ startTime: '2026-01-10T08:00:00.000Z', endTime: NINE, stoppedTime: '2026-01-10T09:01:00.000Z' },
      ...{ userId: uuid(101), userName: 'Ann', userAvatarURL: '' },
    });
  });

  it('that ran at the first import and stopped at the second get just what is missing', async () => {
    const first = await take([instanceRow(1), instanceRow(2, ended(NINE))], { target: targetOf() });
    expect(told(first)).toEqual({ recorded: 6, standing: 0, taken_back: 0 });
    expect(await world.balance(team(1))).toBe(50);
    const second = await take([instanceRow(1, ended(TEN)), instanceRow(2, ended(NINE))], {
      target: targetOf(),
    });
    expect(told(second)).toEqual({ recorded: 2, standing: 6, taken_back: 0 });
    expect(await world.balance(team(1))).toBe(30);
    const before = await digestOf(world.usage.app.databaseUrl);
    const third = await take([instanceRow(1, ended(TEN)), instanceRow(2, ended(NINE))], {
      target: targetOf(),
    });
    expect([told(third), notes(third)]).toEqual([{ recorded: 0, standing: 8, taken_back: 0 }, []]);
    expect(await digestOf(world.usage.app.databaseUrl)).toEqual(before);
  });

  it('whose times moved, came back or were cleared are corrected, and named', async () => {
    await take([instanceRow(1, ended(NINE))], { target: targetOf() });
    const moved = await take([instanceRow(1, ended(TEN))], { target: targetOf() });
    expect(told(moved)).toEqual({ recorded: 2, standing: 2, taken_back: 2 });
    expect(notes(moved)).toEqual([
      `2 corrected: stopping@${NINE} is taken back (stopping: is ${TEN} now)`,
      `2 corrected: stopped@${NINE} is taken back (stopped: is ${TEN} now)`,
    ]);
    expect(await world.balance(team(1))).toBe(20);
    const back = await take([instanceRow(1, ended(NINE))], { target: targetOf() });
    expect(told(back)).toEqual({ recorded: 2, standing: 2, taken_back: 2 });
    expect(await world.balance(team(1))).toBe(10);
    const again = await take([instanceRow(1)], { target: targetOf() });
    expect(told(again)).toEqual({ recorded: 0, standing: 2, taken_back: 2 });
    expect(await entries()).toEqual([{ workspaceInstanceId: uuid(1), credits: 40, draft: true }]);
    const unchanged = await take([instanceRow(1)], { target: targetOf() });
    expect(told(unchanged)).toEqual({ recorded: 0, standing: 2, taken_back: 0 });
  });
});

describe('a file of workspace instances', () => {
  it('is read on past what is wrong, which is told by line', async () => {
    const journal = await take([
      instanceRow(1, { usageAttributionId: 'team:7' }),
      instanceRow(2, { startedTime: '', ...ended(NINE) }),
      instanceRow(3, { phasePersisted: 'stopped' }),
      instanceRow(4, ended('2026-01-10T07:30:00.000Z')),
      instanceRow(5, { startedTime: '2026-01-11T08:00:00.000Z' }),
      instanceRow(6, { startedTime: 'yesterday' }),
      instanceRow(7, ended(NINE, '2026-01-10T08:30:00.000Z')),
      instanceRow(8, ended('2026-01-10 09:00:00')),
    ]);
    expect(notes(journal)).toEqual([
      '2 refused: usageAttributionId: must be team:<uuid> or user:<uuid>',
      '3 remark: never ran, free',
      '4 refused: stoppedTime: is empty although the phase is stopped: nobody knows since when',
      '5 remark: stopped before it started, free',
      '6 refused: startedTime: lies in the future',
      '7 refused: startedTime: must be an RFC 3339 instant such as 2026-01-31T10:00:00Z',
      '8 remark: had stopped before it began to, told as one instant',
    ]);
    expect(await entries()).toEqual([
      { workspaceInstanceId: uuid(7), credits: 10, draft: false },
      { workspaceInstanceId: uuid(8), credits: 10, draft: false },
    ]);
  });

  it('stops to bill an instance whose stop turns out to lie before its start', async () => {
    await take([instanceRow(1)]);
    expect(await world.balance(team(1))).toBe(40);
    await take([instanceRow(1, ended('2026-01-10T07:30:00.000Z'))]);
    expect(await world.balance(team(1))).toBe(0);
  });

  it('may tell an instance in several rows, of which the last one holds, however often it is read', async () => {
    const filler = Array.from({ length: 300 }, (_, n) => instanceRow(1_000 + n, ended(NINE)));
    const rows = [instanceRow(1), ...filler, instanceRow(1, ended(NINE)), instanceRow(2)];
    const first = await take(rows);
    expect(first.summary()).toMatchObject({ rows: 303, instances: 302, superseded: 1 });
    expect(told(first)).toEqual({ recorded: 301 * 4 + 2, standing: 0, taken_back: 0 });
    const second = await take([...rows, instanceRow(2, ended(NINE))]);
    expect(told(second)).toEqual({ recorded: 2, standing: 301 * 4 + 2, taken_back: 0 });
  });

  it('may spell an organisation in any way, and come as NDJSON', async () => {
    const rows = [
      instanceRow(1, { ...ended(NINE), usageAttributionId: team(1).toUpperCase().replace('TEAM', 'team') }),
      instanceRow(2, { ...ended(NINE), usageAttributionId: team(1).replaceAll('-', ''), stoppedTime: null }),
    ];
    const path = folder.write('instances.ndjson', `${ndjson(rows)}{"id":\n[]\n{"id":"x"}\n`);
    const journal = await importFile(path);
    expect(notes(journal)).toEqual([
      '3 refused: the line is not one JSON object',
      '4 refused: the line is not one JSON object',
      '5 refused: the line has no usageAttributionId, startedTime, stoppingTime, stoppedTime',
    ]);
    expect(await world.balance(team(1))).toBe(20);
  });

  it('can be tried without writing anything', async () => {
    await take([instanceRow(1)]);
    const before = await digestOf(world.usage.app.databaseUrl);
    const journal = await take([instanceRow(1, ended(NINE)), instanceRow(2)], { dry: true });
    expect(told(journal)).toEqual({ recorded: 4, standing: 2, taken_back: 0 });
    expect(await digestOf(world.usage.app.databaseUrl)).toEqual(before);
  });

  it('leaves alone what somebody else told, and names it', async () => {
    await world.instance(team(1), uuid(1), {
      started: '2026-01-10T08:00:00Z',
      stopping: '2026-01-10T08:30:00Z',
    });
    const journal = await take([instanceRow(1, { ...ended(NINE), workspaceId: 'other' })]);
    expect(notes(journal)).toEqual([
      '2 conflict: stopping: stands as 2026-01-10T08:30:00.000Z, told by somebody else',
      '2 conflict: workspace_class, workspace_id: was told otherwise, which stands',
    ]);
    expect(await world.balance(team(1))).toBe(5);
  });

  it('is followed as it grows, and a line that is not finished waits', async () => {
    const path = folder.write('instances.csv', csv([instanceRow(1), instanceRow(2)]));
    const following = importFile(path, { follow: ending.signal });
    const isEverything = async (count: number): Promise<boolean> => {
      await world.reconcile();
      return (await entries()).length === count;
    };
    await eventually(() => isEverything(2), 'the first rows');
    const [header, ...lines] = csv([instanceRow(1, ended(NINE)), instanceRow(3), instanceRow(4)]).split('\n');
    expect(header).toContain('usageAttributionId');
    appendFileSync(path, `${lines[0]}\n${lines[1]}\n${lines[2]!.slice(0, 60)}`);
    await eventually(() => isEverything(3), 'the third instance');
    ending.abort();
    const journal = await following;
    expect(journal.rowsRead).toBe(4);
    expect(await world.balance(team(1))).toBe(10 + 40 + 40);
    appendFileSync(path, `${lines[2]!.slice(60)}\n`);
    expect(told(await importFile(path))).toEqual({ recorded: 2, standing: 8, taken_back: 0 });
  });

  it('must have the columns of such an export', async () => {
    const path = folder.write('other.csv', 'id,name\n1,x\n');
    const reason = 'the header has no column usageAttributionId, startedTime, stoppingTime, stoppedTime';
    await expect(importFile(path)).rejects.toThrow(new UnreadableFile(reason));
    await expect(importFile(folder.write('x.txt', ''))).rejects.toThrow('neither in .csv nor in .ndjson');
  });
});
