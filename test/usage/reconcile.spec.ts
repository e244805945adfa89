import { timestampOf } from '../../src/platform/doors/proto-json';
import { GitpodWorld, type InstanceTimes, type WireUsage, team } from '../support/gitpod-world';

const NOW = '2022-09-01T10:00:00.000Z';
const SOON = '2022-09-01T10:00:00.001Z';
const MAY = range('2022-05-01T00:00:00Z', '2022-06-01T00:00:00Z');

let world: GitpodWorld;
let organisations = 0;

beforeAll(async () => {
  world = await GitpodWorld.at(NOW, {
    creditsPerMinute: new Map([
      ['default', '0.1666666667'],
      ['large', '0.3333333333'],
    ]),
  });
  // RC-1: of nothing, nothing is made.
  expect(await world.reconcile()).toEqual({ spans: 0, accounts: 0 });
});
beforeEach(() => world.itIs(NOW));
afterAll(async () => {
  expect(await world.wrongBooks()).toEqual([]);
  await world.close();
});

const newTeam = (): string => team(++organisations);

function range(from: string, to: string) {
  return { from: timestampOf(new Date(from)), to: timestampOf(new Date(to)) };
}

/** `1 draft`: what each entry costs, and whether that can still change; the newest first. */
async function entriesOf(account: string, within: object = {}): Promise<string[]> {
  const { usageEntries } = await world.list(account, within);
  return usageEntries.map(({ credits, draft }) => `${credits}${draft ? ' draft' : ''}`);
}

/** The only entry, and what it says of its instance. */
async function onlyEntry(account: string): Promise<WireUsage & { said: Record<string, string> }> {
  const { usageEntries } = await world.list(account);
  expect(usageEntries).toHaveLength(1);
  const [entry] = usageEntries;
  return { ...entry!, said: JSON.parse(entry!.metadata) as Record<string, string> };
}

const minutesAgo = (minutes: number): string => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();

// Design 10 row 39: IN-1…IN-13 and RC-1…RC-4 are queries on somebody else's tables, which there are none of here. What they
// mean is told as events: which instances are billed, from when to when, and in which range they are listed.
describe('an instance of May', () => {
  it.each<[string, InstanceTimes, string[]]>([
    ['IN-1', { started: '2022-05-15T12:00:00Z', stopped: '2022-05-15T13:00:00Z' }, ['10']],
    ['IN-2', { started: '2022-05-01T00:00:00Z', stopped: '2022-05-01T01:00:00Z' }, ['10']],
    [
      'IN-3: ends as May begins',
      { started: '2022-04-30T23:00:00Z', stopped: '2022-05-01T00:00:00Z' },
      ['10'],
    ],
    ['IN-4: runs', { started: '2022-05-01T23:00:00Z' }, []],
    ['IN-5: ends in June', { started: '2022-05-31T23:00:00Z', stopped: '2022-06-01T01:00:00Z' }, []],
    ['IN-6: ends as May does', { started: '2022-05-31T23:00:00Z', stopped: '2022-06-01T00:00:00Z' }, []],
    [
      'IN-13: only its stop is known',
      { started: '2022-05-15T12:00:00Z', stopped: '2022-05-15T12:06:00Z' },
      ['1'],
    ],
    ['is stopping', { started: '2022-05-15T12:00:00Z', stopping: '2022-05-15T12:06:00Z' }, ['1 draft']],
  ])('%s', async (_vector, times, listed) => {
    const account = newTeam();
    await world.instance(account, 'one', times);
    await world.reconcile();
    expect(await entriesOf(account, MAY)).toEqual(listed);
  });
});

describe('an instance of today', () => {
  it('IN-7: is charged up to where it began to stop', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { started: minutesAgo(12), stopping: minutesAgo(6) });
    await world.reconcile();
    expect(await entriesOf(account)).toEqual(['1 draft']);
  });

  it('IN-8: is charged up to now while it runs, one as the other', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { started: minutesAgo(12) });
    await world.instance(account, 'two', { started: minutesAgo(6) });
    expect(await world.reconcile()).toEqual({ spans: 2, accounts: 0 });
    world.itIs(SOON);
    expect((await entriesOf(account)).sort()).toEqual(['1 draft', '2 draft']);
    expect(await world.balance(account)).toBe(3);
  });

  it('IN-9: costs no more once it is stopping, however long that takes', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { started: minutesAgo(12), stopping: minutesAgo(6) });
    await world.reconcile();
    world.itIs('2022-09-02T10:00:00Z');
    await world.reconcile();
    expect(await entriesOf(account)).toEqual(['1 draft']);
  });

  it('IN-10: of nobody is refused at the door', async () => {
    const event = {
      ...{ id: 'nobody-1', type: 'workspace_instance.started', occurred_at: NOW, resource: 'one' },
    };
    expect((await world.admin.post('/api/v1/events', event)).status).toBe(400);
  });

  it('IN-11: is looked at when it was told of, and no other is', async () => {
    const account = newTeam();
    for (const name of ['one', 'two', 'three']) {
      await world.instance(account, name, { started: minutesAgo(12), stopped: minutesAgo(6) });
    }
    await world.reconcile();
    await world.instance(account, 'one', { stopped: minutesAgo(5) });
    await world.instance(account, 'two', { stopping: minutesAgo(9) });
    // A second stop says nothing; a stopping before the stop does.
    expect(await world.reconcile()).toEqual({ spans: 1, accounts: 0 });
    expect((await entriesOf(account)).sort()).toEqual(['0.5', '1', '1']);
  });

  it('IN-12: that never started costs nothing', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { created: minutesAgo(12), stopped: minutesAgo(6) });
    await world.reconcile();
    expect(await entriesOf(account)).toEqual([]);
    expect(await world.balance(account)).toBe(0);
  });
});

describe('reconciliation', () => {
  it('RC-2, RC-12: leaves a draft alone of which nothing new was told', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { started: minutesAgo(12) });
    await world.reconcile();
    expect(await world.reconcile()).toEqual({ spans: 0, accounts: 0 });
    world.itIs(SOON);
    expect(await onlyEntry(account)).toMatchObject({ credits: 2, draft: true });
  });

  it('RC-3: an instance that starts in a minute, told twice, is one draft of nothing', async () => {
    const account = newTeam();
    for (let twice = 0; twice < 2; twice++) {
      await world.instance(
        account,
        'one',
        { started: '2022-09-01T10:01:00Z' },
        { workspace_class: 'default' },
      );
    }
    await world.reconcile();
    world.itIs(SOON);
    const entry = await onlyEntry(account);
    expect(entry).toMatchObject({
      ...{ credits: 0, draft: true, kind: 'KIND_WORKSPACE_INSTANCE', workspaceInstanceId: 'one' },
      effectiveTime: timestampOf(new Date(NOW)),
      said: { startTime: '2022-09-01T10:01:00.000Z', endTime: '', workspaceClass: 'default' },
    });
  });

  it('RC-4, QY-11: what is told anew of a draft replaces what was told before; its id stays', async () => {
    const account = newTeam();
    await world.instance(
      account,
      'one',
      { started: minutesAgo(6) },
      { context_url: 'a', workspace_class: 'default' },
    );
    await world.reconcile();
    world.itIs(SOON);
    const before = await onlyEntry(account);
    world.itIs(NOW);
    await world.instance(
      account,
      'one',
      { started: minutesAgo(5) },
      { context_url: 'b', workspace_class: 'large' },
    );
    expect(await world.reconcile()).toMatchObject({ spans: 1 });
    world.itIs(SOON);
    const after = await onlyEntry(account);
    expect(before).toMatchObject({ credits: 1, said: { contextURL: 'a' } });
    expect(after).toMatchObject({ id: before.id, credits: 2, draft: true });
    expect(after.said).toMatchObject({ contextURL: 'b', workspaceClass: 'large' });
  });

  it('RC-5: one stopping and one of which only the making is known: one row in range', async () => {
    const account = newTeam();
    await world.instance(account, 'one', {
      started: '2022-05-01T00:00:00Z',
      stopping: '2022-05-01T00:59:00Z',
    });
    await world.instance(account, 'two', { created: '2022-05-01T00:59:00Z' });
    const hour = range('2022-05-01T00:00:00Z', '2022-05-01T01:00:00Z');
    expect((await world.call('ReconcileUsage', hour)).code).toBe(0);
    expect(await entriesOf(account, hour)).toEqual(['9.83 draft']);
  });

  it('RC-6: is billed to where it began to stop, and final when it has stopped', async () => {
    const account = newTeam();
    await world.instance(account, 'one', {
      ...{ created: '2022-09-01T09:00:00Z', started: '2022-09-01T09:10:00Z' },
      ...{ stopping: '2022-09-01T09:16:00Z', stopped: '2022-09-01T09:18:00Z' },
    });
    await world.reconcile();
    const entry = await onlyEntry(account);
    expect(entry).toMatchObject({ credits: 1, draft: false });
    expect(entry.effectiveTime).toEqual(timestampOf(new Date('2022-09-01T09:16:00Z')));
    expect(Object.entries(entry.said).slice(4, 8)).toEqual([
      ['creationTime', '2022-09-01T09:00:00.000Z'],
      ['startTime', '2022-09-01T09:10:00.000Z'],
      ['endTime', '2022-09-01T09:16:00.000Z'],
      ['stoppedTime', '2022-09-01T09:18:00.000Z'],
    ]);
    expect(await world.ledger(account)).toEqual(['charge 1.00']);
  });

  it('RC-7: is a draft as long as it only stops', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { started: minutesAgo(12), stopping: minutesAgo(6) });
    await world.reconcile();
    const entry = await onlyEntry(account);
    expect(entry).toMatchObject({ credits: 1, draft: true, said: { stoppedTime: '' } });
    expect(entry.effectiveTime).toEqual(timestampOf(new Date(minutesAgo(6))));
    expect(await world.ledger(account)).toEqual([]);
    expect(await world.balance(account)).toBe(1);
  });

  it('RC-8, RC-9, QY-8: twice is once, however wide the range is that is asked for', async () => {
    const account = newTeam();
    await world.instance(account, 'final', { started: minutesAgo(26), stopped: minutesAgo(20) });
    await world.instance(account, 'draft', { started: minutesAgo(12), stopping: minutesAgo(6) });
    await world.instance(account, 'runs', { started: minutesAgo(6) });
    await world.reconcile();
    world.itIs(SOON);
    const [before, transfers] = [
      await world.list(account),
      await world.rows('select * from transfer order by id'),
    ];
    world.itIs(NOW);
    for (const wide of [{}, range('2022-01-01T00:00:00Z', '2023-01-01T00:00:00Z')]) {
      expect((await world.call('ReconcileUsage', wide)).code).toBe(0);
    }
    world.itIs(SOON);
    expect(await world.list(account)).toEqual(before);
    expect(await world.rows('select * from transfer order by id')).toEqual(transfers);
  });

  it('QY-9: two drafts and a final one: one draft less, one final more', async () => {
    const account = newTeam();
    for (const name of ['one', 'two']) {
      await world.instance(account, name, { started: minutesAgo(12), stopping: minutesAgo(6) });
    }
    await world.instance(account, 'three', { started: minutesAgo(12), stopped: minutesAgo(6) });
    await world.reconcile();
    expect((await entriesOf(account)).sort()).toEqual(['1', '1 draft', '1 draft']);
    await world.instance(account, 'one', { stopped: minutesAgo(5) });
    await world.reconcile();
    expect((await entriesOf(account)).sort()).toEqual(['1', '1', '1 draft']);
    expect(await world.balance(account)).toBe(3);
  });

  it('row 13: finds what an outage of weeks left behind, without any range', async () => {
    const account = newTeam();
    await world.instance(account, 'one', {
      started: '2022-03-01T00:00:00Z',
      stopped: '2022-03-01T01:00:00Z',
    });
    await world.reconcile();
    expect(await world.balance(account)).toBe(10);
  });

  it('row 35: a stop that is known late, and one that was wrong, correct what was charged', async () => {
    const account = newTeam();
    const [started, stopped] = await world.usage.record(account, [
      { type: 'workspace_instance.started', at: minutesAgo(60), resource: 'one' },
      { type: 'workspace_instance.stopped', at: minutesAgo(54), resource: 'one' },
    ]);
    await world.reconcile();
    await world.instance(account, 'one', { stopping: minutesAgo(57) });
    await world.reconcile();
    expect(await world.ledger(account)).toHaveLength(3);
    expect(await world.balance(account)).toBe(0.5);
    await world.usage.void(account, stopped!);
    await world.reconcile();
    world.itIs(SOON);
    expect(await onlyEntry(account)).toMatchObject({ credits: 0.5, draft: true });
    expect(await world.balance(account)).toBe(0.5);
    await world.usage.void(account, started!);
    await world.reconcile();
    expect(await entriesOf(account)).toEqual([]);
    expect(await world.balance(account)).toBe(0);
  });

  it('an instance that runs again after its stop is a second entry; the first stays final', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { started: minutesAgo(60), stopped: minutesAgo(54) });
    await world.reconcile();
    await world.instance(account, 'one', { started: minutesAgo(12) });
    await world.reconcile();
    world.itIs(SOON);
    expect(await entriesOf(account)).toEqual(['2 draft', '1']);
    const { usageEntries } = await world.list(account);
    expect(usageEntries.map((entry) => entry.workspaceInstanceId)).toEqual(['one', 'one']);
    expect(new Set(usageEntries.map(({ id }) => id)).size).toBe(2);
    expect(await world.balance(account)).toBe(3);
  });

  it('what runs when its account is closed ends there', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { started: minutesAgo(60) });
    await world.reconcile();
    expect(await world.balance(account)).toBe(10);
    await world.admin.delete(`/api/v1/accounts/${account}`);
    world.itIs('2022-09-01T11:00:00.000Z');
    await world.reconcile();
    expect(await world.balance(account)).toBe(10);
    // What is told late of the time before is charged up to the end.
    await world.instance(account, 'two', { started: minutesAgo(30) });
    await world.reconcile();
    expect(await world.reconcile()).toEqual({ spans: 0, accounts: 0 });
    expect(await world.balance(account)).toBe(15);
    expect(await entriesOf(account)).toEqual(expect.arrayContaining(['5', '10']));
  });

  it('nothing at all of a closed account that was told of late is charged beyond its end', async () => {
    const account = newTeam();
    await world.usage.account(account);
    await world.admin.delete(`/api/v1/accounts/${account}`);
    world.itIs('2022-09-01T11:00:00.000Z');
    await world.instance(account, 'one', { started: minutesAgo(30) });
    await world.reconcile();
    expect(await world.balance(account)).toBe(5);
  });

  it('fault 23 of the original: of more than a thousand drafts none is skipped', async () => {
    const account = newTeam();
    const happenings = Array.from({ length: 1_001 }, (_, i) => ({
      ...{ type: 'workspace_instance.started', at: minutesAgo(6), resource: `draft-${i}` },
    }));
    await world.usage.record(account, happenings);
    expect(await world.reconcile()).toMatchObject({ spans: 1_001 });
    expect(await world.balance(account)).toBe(1_001);
    world.itIs('2022-09-01T10:06:00.000Z');
    await world.reconcile();
    expect(await world.balance(account)).toBe(2_002);
    await world.usage.record(
      account,
      happenings.map((each) => ({ ...each, type: 'workspace_instance.stopped', at: NOW })),
    );
    expect(await world.reconcile()).toMatchObject({ spans: 1_001 });
    expect(await world.balance(account)).toBe(1_001);
  });

  it('says who caused it, whose name is kept apart from his usage', async () => {
    const account = newTeam();
    const ann = '00000000-0000-4000-8000-0000000000aa';
    const told = { user_id: ann, user_name: 'Ann', user_avatar_url: 'https://example.org/ann.png' };
    await world.instance(account, 'one', { started: minutesAgo(12), stopped: minutesAgo(6) }, told);
    await world.reconcile();
    expect((await onlyEntry(account)).said).toEqual({
      ...{ workspaceId: 'ws', workspaceType: '', workspaceClass: '', contextURL: '', creationTime: '' },
      ...{ startTime: minutesAgo(12), endTime: minutesAgo(6), stoppedTime: minutesAgo(6) },
      ...{ userId: ann, userName: 'Ann', userAvatarURL: 'https://example.org/ann.png' },
    });
    expect(await world.rows(`select from span where attributes::text like '%Ann%'`)).toEqual([]);
  });

  it('prices each class at its rate, and one that nobody knows at ten credits an hour', async () => {
    const account = newTeam();
    for (const name of ['default', 'large', 'unheard-of']) {
      const times = { started: minutesAgo(70), stopped: minutesAgo(10) };
      await world.instance(account, name, times, { workspace_class: name });
    }
    await world.reconcile();
    const { usageEntries } = await world.list(account);
    const byClass = usageEntries.map((entry) => [entry.workspaceInstanceId, entry.credits]);
    expect(Object.fromEntries(byClass)).toEqual({ default: 10, large: 20, 'unheard-of': 10 });
  });
});

describe('times of the wire', () => {
  it('TM-1, TM-2, TM-4: what is not told is empty', async () => {
    const account = newTeam();
    await world.instance(account, 'one', { started: minutesAgo(6) });
    await world.reconcile();
    world.itIs(SOON);
    const { said } = await onlyEntry(account);
    expect(said).toMatchObject({ creationTime: '', endTime: '', stoppedTime: '' });
  });

  it('TM-3, TM-5: has milliseconds', async () => {
    const account = newTeam();
    await world.instance(account, 'one', {
      started: '2022-05-10T09:54:28.185Z',
      stopped: '2022-05-10T10:00:28.185Z',
    });
    await world.reconcile();
    expect((await onlyEntry(account)).said).toMatchObject({ startTime: '2022-05-10T09:54:28.185Z' });
  });

  it('TM-6: what is finer than a millisecond is cut off, as in ranges', async () => {
    const account = newTeam();
    await world.instance(account, 'one', {
      started: '2022-05-31T23:53:59.000Z',
      stopped: '2022-05-31T23:59:59.000999999Z',
    });
    await world.reconcile();
    expect((await onlyEntry(account)).said).toMatchObject({ endTime: '2022-05-31T23:59:59.000Z' });
    const second = String(Date.parse('2022-05-31T23:59:59Z') / 1_000);
    const listed = async (nanos: number) =>
      (await entriesOf(account, { from: { seconds: second, nanos } })).length;
    expect([await listed(999_999), await listed(1_000_000)]).toEqual([1, 0]);
  });
});
