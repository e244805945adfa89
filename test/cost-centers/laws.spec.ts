import fc from 'fast-check';
import { GitpodWorld, team } from '../support/gitpod-world';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2023-12-01T00:00:00Z');
const FOR_TEAMS = 30;

let world: GitpodWorld;
let organisations = 0;

beforeAll(async () => {
  world = await GitpodWorld.at(iso(START), { defaultSpendingLimit: { forTeams: FOR_TEAMS, forUsers: 500 } });
});
afterAll(async () => {
  expect(await world.wrongBooks()).toEqual([]);
  await world.close();
});

function iso(at: number): string {
  return new Date(at).toISOString();
}

const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 70 }).map((used) => ({ used })) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 50 * 24 }).map((hours) => ({ hours })) },
  { weight: 2, arbitrary: fc.constantFrom('job', 'asked').map((renewed) => ({ renewed })) },
  {
    weight: 1,
    arbitrary: fc.record({
      strategy: fc.constantFrom('STRIPE', 'OTHER'),
      limit: fc.integer({ min: 0, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.integer({ min: -20, max: 20 }).map((note) => ({ note })) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** So many months after an anchor, on its day, or on the last one of a shorter month. */
function monthsAfter(anchor: number, months: number): number {
  const from = new Date(anchor);
  const [year, month] = [from.getUTCFullYear(), from.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(from.getUTCDate(), lastDay)) + (anchor % DAY);
}

/** What a cost centre must be, told by hand: whole credits, and months counted from where it began. */
class Expected {
  strategy = 'OTHER';
  limit = FOR_TEAMS;
  limitBefore = FOR_TEAMS;
  owed = 0;
  forgiven: number[] = [];
  #month = 0;

  constructor(private anchor: number) {}

  get from(): number {
    return monthsAfter(this.anchor, this.#month);
  }

  get to(): number {
    return monthsAfter(this.anchor, this.#month + 1);
  }

  renew(now: number): void {
    if (this.strategy === 'STRIPE' || this.to >= now) return;
    const amount = Math.max(0, Math.min(this.owed, this.limit));
    this.owed -= amount;
    this.forgiven.push(amount);
    while (this.to <= now) this.#month++;
  }

  set(strategy: string, limit: number, now: number): void {
    this.renew(now);
    const isOther = strategy === 'OTHER';
    if (strategy === this.strategy) {
      this.limit = limit;
    } else {
      if (!isOther) this.owed = Math.min(this.owed, 0);
      this.limit = isOther ? this.limitBefore : limit;
      [this.anchor, this.#month] = [now, 0];
    }
    this.strategy = strategy;
    if (isOther) this.limitBefore = this.limit;
  }
}

/** An organisation and what it must be like, step by step. */
class Organisation {
  readonly account = team(++organisations);
  #now = START;
  #model: Expected | null = null;

  get expected(): Expected {
    return this.#model!;
  }

  async begin(hours: number): Promise<void> {
    this.#go(hours);
    this.#model = new Expected(this.#now);
    await world.costCenter(this.account);
  }

  async take(step: Step): Promise<void> {
    const { expected } = this;
    if ('used' in step) {
      if (step.used > 0) await world.used(this.account, step.used, iso(this.#now));
      expected.owed += step.used;
    } else if ('hours' in step) {
      this.#go(step.hours);
    } else if ('renewed' in step) {
      await (step.renewed === 'job' ? world.reset() : world.costCenter(this.account));
      expected.renew(this.#now);
    } else if ('note' in step) {
      await world.note(this.account, step.note);
      expected.owed -= step.note;
    } else {
      await world.setCostCenter(this.account, step.limit, step.strategy);
      expected.set(step.strategy, step.limit, this.#now);
    }
    expect(await world.balance(this.account)).toBe(expected.owed);
  }

  #go(hours: number): void {
    this.#now += hours * HOUR;
    world.itIs(iso(this.#now));
  }

  async shown() {
    const { spendingLimit, billingStrategy, ...cycle } = await world.costCenter(this.account);
    this.expected.renew(this.#now);
    return {
      limit: spendingLimit,
      strategy: billingStrategy.slice('BILLING_STRATEGY_'.length),
      from: Number(cycle.billingCycleStart.seconds) * 1_000,
      to: Number(cycle.nextBillingTime.seconds) * 1_000,
    };
  }
}

describe('a cost centre, whatever happens to it', () => {
  const anyLife = fc.record({
    /** The 31st of January and the 29th of February lie ahead. */
    hours: fc.integer({ min: 0, max: 100 * 24 }),
    steps: fc.array(anyStep, { minLength: 3, maxLength: 12 }),
  });

  it('is what it must be; a reset forgives at most the limit, once a cycle; cycles tile time', async () => {
    await fc.assert(
      fc.asyncProperty(anyLife, async ({ hours, steps }) => {
        const organisation = new Organisation();
        await organisation.begin(hours);
        for (const step of steps) await organisation.take(step);
        const shown = await organisation.shown();
        const { limit, strategy, from, to, forgiven, owed } = organisation.expected;
        expect(shown).toEqual({ limit, strategy, from, to });
        expect(await world.balance(organisation.account)).toBe(owed);
        const resets = (await world.ledger(organisation.account)).filter((line) =>
          line.startsWith('allowance'),
        );
        expect(resets).toEqual(
          forgiven.filter((amount) => amount > 0).map((amount) => `allowance_reset ${amount}.00`),
        );
        await expectTiles(organisation.account);
      }),
      { numRuns: 15 },
    );
  });

  /** A version has the cycle of the one before, a later one of the same anchor, or a new anchor, which is where it begins. */
  async function expectTiles(account: string): Promise<void> {
    const versions = await world.rows<Record<'anchor' | 'from' | 'to', Date> & { cause: string }>(
      `select anchor, cycle_from as from, cycle_to as to, cause
       from cost_center_version v join account a on a.id = v.account_id where a.key = $1 order by version`,
      [account],
    );
    versions.forEach(({ anchor, from, to, cause }, i) => {
      const before = versions[i - 1];
      expect(from < to).toBe(true);
      if (!before || anchor.getTime() !== before.anchor.getTime()) expect(from).toEqual(anchor);
      else if (cause === 'reset') expect(from >= before.to).toBe(true);
      else expect([from, to]).toEqual([before.from, before.to]);
    });
  }
});
