import fc from 'fast-check';
import { parseAccountKey } from '../../src/core/account-key';
import { formatQuantity, ONE, quantity } from '../../src/core/quantity';
import { ADMIN } from '../../src/platform/auth/principal';
import { ReservationService } from '../../src/usage/reservation.service';
import { LimitWorld } from './limit-world';

type Step =
  | { readonly kind: 'consume' | 'record' | 'reserve' | 'commit'; readonly units: number }
  | { readonly kind: 'limit'; readonly limit: number; readonly refuses: boolean }
  | { readonly kind: 'void' }
  | { readonly kind: 'release' };

const units = fc.integer({ min: 1, max: 9 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('consume' as const), units }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('record' as const), units }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reserve' as const), units }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const), units }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('void' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('limit' as const),
      limit: fc.integer({ min: 5, max: 30 }),
      refuses: fc.boolean(),
    }),
  },
);

/** What a child would do with a pencil: no guards, no rows, no terms. */
class Pencil {
  used = 0;
  limit = 10;
  refuses = true;
  over = 0;
  readonly held: { readonly id: string; readonly units: number }[] = [];
  readonly counted: { readonly id: string; readonly units: number }[] = [];

  get reserved(): number {
    return this.held.reduce((sum, hold) => sum + hold.units, 0);
  }

  admits(more: number, own = 0): boolean {
    return !this.refuses || this.used + this.reserved - own + more <= this.limit;
  }

  count(more: number): void {
    const before = Math.max(0, this.used - this.limit);
    this.used += more;
    this.over += Math.max(0, this.used - this.limit) - before;
  }
}

describe('limits, whatever happens in which order', () => {
  let world: LimitWorld;
  let accounts = 0;
  beforeAll(async () => {
    world = await LimitWorld.at('2026-03-10T12:00:00Z');
  });
  afterAll(async () => {
    expect(await world.broken()).toEqual([]);
    await world.close();
  });

  /** Does one step both ways; `i` makes its ids. */
  async function run(
    account: string,
    pencil: Pencil,
    { step: each, i }: { step: Step; i: number },
  ): Promise<void> {
    const service = world.usage.app.app.get(ReservationService);
    const key = parseAccountKey(account);
    if (each.kind === 'limit') {
      [pencil.limit, pencil.refuses] = [each.limit, each.refuses];
      return world.limit(account, { scans: [String(each.limit), each.refuses ? 'refuse' : 'flag'] });
    }
    if (each.kind === 'void') {
      const last = pencil.counted.pop();
      if (!last) return;
      pencil.used -= last.units;
      return world.usage.void(account, last.id);
    }
    if (each.kind === 'release') {
      const hold = pencil.held.pop();
      if (hold) await service.release({ account: key, id: hold.id }, ADMIN);
      return;
    }
    const amount = quantity(BigInt(each.units) * ONE);
    if (each.kind === 'record') {
      // Backfill is counted whatever the limit says.
      const happening = {
        type: 'scans',
        at: '2026-03-09T00:00:00Z',
        quantity: String(each.units),
        id: `${account}-${i}`,
      };
      await world.usage.record(account, [happening]);
      pencil.count(each.units);
      pencil.counted.push({ id: happening.id, units: each.units });
    } else if (each.kind === 'consume') {
      const isAdmitted = pencil.admits(each.units);
      if (isAdmitted) pencil.count(each.units);
      const { status, items } = await world.consume(
        account,
        { scans: String(each.units) },
        `${account}-${i}`,
      );
      expect([status, formatQuantity(items[0]!.used)]).toEqual([
        isAdmitted ? 'recorded' : 'refused',
        String(pencil.used),
      ]);
    } else if (each.kind === 'reserve') {
      const isAdmitted = pencil.admits(each.units);
      const items = [{ meter: 'scans', quantity: amount, resource: null, properties: null }];
      const command = { account: key, source: 'law', id: `${account}-${i}`, items, expiresInMs: 3_600_000 };
      const { id, state } = await service.reserve(command, ADMIN);
      expect(state).toBe(isAdmitted ? 'open' : 'refused');
      if (id !== null) pencil.held.push({ id, units: each.units });
    } else {
      const hold = pencil.held.at(-1);
      if (!hold) return;
      const isAdmitted = pencil.admits(each.units, hold.units);
      const { state } = await service.commit({ account: key, id: hold.id, quantities: [amount] }, ADMIN);
      expect(state).toBe(isAdmitted ? 'committed' : 'refused');
      if (!isAdmitted) return;
      pencil.held.pop();
      pencil.count(each.units);
    }
  }

  it('admit what a pencil and paper admit, and write down the same overage', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const account = `customer:law-${++accounts}`;
        const pencil = new Pencil();
        await world.limit(account, { scans: ['10', 'refuse'] });
        for (const [i, each] of steps.entries()) await run(account, pencil, { step: each, i });
        expect((await world.counted(account, 'scans')).split(' ')[0]).toBe(String(pencil.used));
        const overages = await world.overages(account);
        const over = overages.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
        expect(over).toBe(pencil.over);
      }),
      { numRuns: 25 },
    );
  });
});
