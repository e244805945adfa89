import { Checks } from '../../src/platform/checks';
import { Database } from '../../src/platform/transaction';
import { GitpodWorld, team, uuid } from '../support/gitpod-world';

let world: GitpodWorld;

beforeEach(async () => {
  world = await GitpodWorld.at('2026-03-01T12:00:00.000Z');
});
afterEach(() => world.close());

/** Names of the checks that fail; none = the books are whole. */
async function broken(): Promise<string[]> {
  const failed: string[] = [];
  for await (const { name, examples } of world.get(Checks).run(world.get(Database))) {
    if (examples.length > 0) failed.push(`${name}: ${JSON.stringify(examples)}`);
  }
  return failed;
}

describe('spans', () => {
  it('are charged anew when they are corrected, with the charge before taken back', async () => {
    const U = team(1);
    await world.instance(U, uuid(1), {
      started: '2026-03-01T10:00:00Z',
      stopping: '2026-03-01T11:00:00Z',
      stopped: '2026-03-01T11:00:30Z',
    });
    await world.reconcile();
    expect(await world.balance(U)).toBe(10);
    // An earlier stop comes late: half an hour instead of one.
    await world.instance(U, uuid(1), { stopping: '2026-03-01T10:30:00Z' });
    await world.reconcile();
    expect(await world.balance(U)).toBe(5);
    const { body } = await world.admin.get<{ items: { kind: string; amount: string }[] }>(
      `/api/v1/accounts/${U}/ledger`,
    );
    expect(body.items.map(({ kind, amount }) => `${kind} ${amount}`).sort()).toEqual([
      'charge 10.00',
      'charge 5.00',
      'reversal 10.00',
    ]);
    expect(await broken()).toEqual([]);
  });

  it('are void when their start is voided, and come back with it', async () => {
    const U = team(2);
    await world.instance(U, uuid(2), { started: '2026-03-01T11:00:00Z', stopped: '2026-03-01T11:06:00Z' });
    await world.reconcile();
    expect(await world.balance(U)).toBe(1);
    await world.usage.void(U, 'i1');
    await world.reconcile();
    expect(await world.balance(U)).toBe(0);
    expect(await broken()).toEqual([]);
    await world.instance(U, uuid(2), { started: '2026-03-01T11:00:00Z' });
    await world.reconcile();
    expect(await world.balance(U)).toBe(1);
    expect(await broken()).toEqual([]);
  });

  it('end where their account is closed', async () => {
    const U = team(3);
    await world.instance(U, uuid(3), { started: '2026-03-01T11:00:00Z' });
    await world.reconcile();
    expect(await world.balance(U)).toBe(10);
    world.itIs('2026-03-01T12:06:00.000Z');
    await world.admin.delete(`/api/v1/accounts/${U}`);
    world.itIs('2026-03-01T18:00:00.000Z');
    await world.reconcile();
    await world.reconcile();
    expect(await world.balance(U)).toBe(11);
    expect((await world.list(U)).usageEntries).toMatchObject([{ credits: 11, draft: false }]);
    expect(await broken()).toEqual([]);
  });

  it('are accrued by the clock of their account', async () => {
    const U = team(4);
    await world.usage.account(U);
    const { body: clock } = await world.admin.post<{ id: string }>('/api/v1/test-clocks', {
      name: 'spring',
      now: '2026-03-01T12:00:00Z',
    });
    await world.admin.post(`/api/v1/test-clocks/${clock.id}/accounts`, { account: U });
    await world.costCenter(U);
    await world.setCostCenter(U, 100, 'OTHER');
    await world.instance(U, uuid(4), { started: '2026-03-01T12:00:00Z' });
    await world.admin.post(`/api/v1/test-clocks/${clock.id}/advance`, { now: '2026-04-02T12:00:00Z' });
    // 32 days of 240 credits, less the hundred that the cycle's end on 1 April forgave.
    expect(await world.balance(U)).toBe(7_580);
    expect(await broken()).toEqual([]);
  });

  it('are listed by cursor as they are by page', async () => {
    const U = team(5);
    for (let n = 1; n <= 5; n++) {
      await world.instance(U, uuid(n), {
        started: `2026-03-01T0${n}:00:00Z`,
        stopped: `2026-03-01T0${n}:06:00Z`,
      });
    }
    await world.instance(U, uuid(6), { started: '2026-03-01T11:54:00Z' });
    await world.reconcile();
    world.itIs('2026-03-01T12:00:01.000Z');
    for (const order of ['asc', 'desc']) {
      const seen: string[] = [];
      for (let cursor = ''; ;) {
        const { body } = await world.admin.get<{ items: { resource: string }[]; next_cursor: string | null }>(
          `/api/v1/accounts/${U}/usage-entries?limit=2&order=${order}${cursor}`,
        );
        seen.push(...body.items.map(({ resource }) => resource));
        if (body.next_cursor === null) break;
        cursor = `&cursor=${body.next_cursor}`;
      }
      const paged = await world.list(U, { order: `ORDERING_${order === 'asc' ? 'A' : 'DE'}SCENDING` });
      expect(seen).toEqual(paged.usageEntries.map(({ workspaceInstanceId }) => workspaceInstanceId));
      expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6].map(uuid));
    }
  });
});
