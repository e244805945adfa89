import fc from 'fast-check';
import { GitpodWorld, team } from '../support/gitpod-world';

const START = Date.parse('2022-09-01T00:00:00Z');
/** Whatever happens, happens in the first three hours; the clock stands behind them from the beginning. */
const HAPPENING_S = 3 * 3_600;
const RANKS = ['created', 'started', 'stopping', 'stopped'];
const CLASSES = ['default', 'large'] as const;
/** Credits a minute, in units of 10^-10. */
const RATES = { default: 1_666_666_667n, large: 3_333_333_333n };

let world: GitpodWorld;
let organisations = 0;

beforeAll(async () => {
  world = await GitpodWorld.at(iso(0), {
    creditsPerMinute: new Map([
      ['default', '0.1666666667'],
      ['large', '0.3333333333'],
    ]),
  });
});
afterAll(async () => {
  expect(await world.wrongBooks()).toEqual([]);
  await world.close();
});

const newTeam = (): string => team(++organisations);

function iso(second: number): string {
  return new Date(START + second * 1_000).toISOString();
}

interface Word {
  readonly instance: string;
  readonly what: string;
  readonly second: number;
  readonly class: keyof typeof RATES;
}

interface Told extends Word {
  readonly id: string;
  readonly isAmended?: boolean;
}

const anyClass = fc.constantFrom(...CLASSES);
const anyWord: fc.Arbitrary<Word> = fc.record({
  instance: fc.constantFrom('one', 'two'),
  // More starts than anything else, so that something runs.
  what: fc.constantFrom('created', 'started', 'started', 'stopping', 'stopped'),
  second: fc.integer({ min: 0, max: HAPPENING_S }),
  class: anyClass,
});

const anyNth = fc.nat(20);
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.array(anyWord, { minLength: 1, maxLength: 5 }).map((words) => ({ words })) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 1_800 }).map((later) => ({ later })) },
  { weight: 1, arbitrary: anyNth.map((again) => ({ again })) },
  { weight: 1, arbitrary: anyNth.map((gone) => ({ gone })) },
  { weight: 1, arbitrary: fc.record({ amended: anyNth, class: anyClass }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** An organisation with all that was told of it, for better or worse. */
class Organisation {
  readonly account = newTeam();
  now = HAPPENING_S;
  told: Told[] = [];

  constructor() {
    world.itIs(iso(this.now));
  }

  async take(step: Step): Promise<void> {
    if ('words' in step) return this.tell(step.words);
    if ('later' in step) return this.reconcile(step.later);
    if (this.told.length === 0) return;
    const nth = 'again' in step ? step.again : 'gone' in step ? step.gone : step.amended;
    const word = this.told[nth % this.told.length]!;
    if ('again' in step) await this.#tellAgain(word);
    else if ('gone' in step) await this.#void(word);
    else await this.#amend(word, step.class);
  }

  /** What was told of an instant already is not told in another way: which of two words counts, their ids would decide. */
  async tell(words: readonly Word[]): Promise<void> {
    const known = new Set(this.told.map(placeOf));
    const fresh = words.filter((word) => !known.has(placeOf(word)) && known.add(placeOf(word)));
    if (fresh.length === 0) return;
    const ids = await world.usage.record(this.account, fresh.map(happening));
    this.told.push(...fresh.map((word, i) => ({ ...word, id: ids[i]! })));
  }

  async reconcile(later: number): Promise<void> {
    this.now += later;
    world.itIs(iso(this.now));
    await world.reconcile();
  }

  /** In hundredths. */
  async owed(): Promise<number> {
    return Math.round((await world.balance(this.account)) * 100);
  }

  async #tellAgain({ id, ...word }: Told): Promise<void> {
    if (word.isAmended) return;
    const { at, ...rest } = happening(word);
    const event = { id, account: this.account, occurred_at: at, ...rest };
    const { body } = await world.admin.post('/api/v1/events', { events: [event], backfill: true });
    expect(body).toMatchObject({ verdicts: [{ status: 'duplicate' }] });
  }

  async #void({ id }: Told): Promise<void> {
    await world.usage.void(this.account, id);
    this.told = this.told.filter((word) => word.id !== id);
  }

  async #amend(word: Told, to: Word['class']): Promise<void> {
    if (word.isAmended) return;
    await world.usage.amend(this.account, word.id, { properties: { workspace_class: to } });
    this.told = this.told.map((each) => (each === word ? { ...each, class: to, isAmended: true } : each));
  }

  /** A moment later, because what runs is listed at the instant it was accrued at. */
  async entries() {
    world.itIs(new Date(START + this.now * 1_000 + 1).toISOString());
    return (await world.list(this.account)).usageEntries;
  }

  /** `10-70 17 default`: from when to when, hundredths, and the class; with `draft` where it may still change. */
  async listed(): Promise<string[]> {
    return (await this.entries())
      .map(({ metadata, credits, draft, effectiveTime }) => {
        const { startTime, workspaceClass } = JSON.parse(metadata) as Record<string, string>;
        const [from, to] = [Date.parse(startTime!), Number(effectiveTime.seconds) * 1_000];
        const seconds = [from, to].map((at) => (at - START) / 1_000).join('-');
        return `${seconds} ${Math.round(credits * 100)} ${workspaceClass}${draft ? ' draft' : ''}`;
      })
      .sort();
  }
}

const placeOf = ({ instance, what, second }: Word): string => `${instance} ${what} ${second}`;

function happening({ instance, what, second, class: workspace_class }: Word) {
  return {
    ...{ type: `workspace_instance.${what}`, at: iso(second), resource: instance },
    properties: { workspace_class },
  };
}

const centsOf = (seconds: number, name: keyof typeof RATES): number => {
  const [over, under] = [BigInt(seconds) * RATES[name] * 100n, 60n * 10n ** 10n];
  return Number((2n * over + under) / (2n * under));
};

/** What must be listed: everything that counts in the end, folded once and priced. */
function expected({ told, now }: Organisation): { cents: number; entries: string[] } {
  const runs = [...new Set(told.map(({ instance }) => instance))].flatMap((instance) =>
    runsOf(told.filter((word) => word.instance === instance)),
  );
  const priced = runs.map((run) => {
    const to = run.to ?? now;
    return { ...run, to, cents: centsOf(to - run.from, run.class) };
  });
  return {
    cents: priced.reduce((sum, { cents }) => sum + cents, 0),
    entries: priced
      .map((run) => `${run.from}-${run.to} ${run.cents} ${run.class}${run.isFinal ? '' : ' draft'}`)
      .sort(),
  };
}

function runsOf(words: readonly Word[]) {
  const runs: { from: number; to: number | null; isFinal: boolean; class: Word['class'] }[] = [];
  const ordered = [...words].sort(
    (a, b) => a.second - b.second || RANKS.indexOf(a.what) - RANKS.indexOf(b.what),
  );
  for (const word of ordered) {
    const last = runs.at(-1);
    if (word.what === 'started' && (!last || last.to !== null)) {
      if (last) last.isFinal = true;
      runs.push({ from: word.second, to: null, isFinal: false, class: word.class });
    } else if (last && !last.isFinal) {
      last.class = word.class;
      if (word.what.startsWith('stop')) last.to ??= word.second;
      last.isFinal = word.what === 'stopped';
    }
  }
  return runs;
}

describe('what instances cost', () => {
  it('is what is known of them in the end, however they were told of and however often the ledger ran', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 2, maxLength: 12 }), async (steps) => {
        const stormy = new Organisation();
        for (const step of [...steps, { later: 60 }]) {
          await stormy.take(step);
          if ('later' in step) expect(await stormy.owed()).toBe(expected(stormy).cents);
        }
        const { cents, entries } = expected(stormy);
        expect(await stormy.listed()).toEqual(entries);
        // Somebody who was told the same in order, once, and ran the ledger once.
        const calm = new Organisation();
        world.itIs(iso(stormy.now));
        await calm.tell([...stormy.told].sort((a, b) => a.second - b.second));
        await calm.reconcile(stormy.now - calm.now);
        expect(await calm.listed()).toEqual(entries);
        expect(await calm.owed()).toBe(cents);
      }),
      { numRuns: 20 },
    );
  });

  it('is never below zero on the way, and final only of what has stopped or runs again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyWord, { maxLength: 4 }), { maxLength: 5 }), async (told) => {
        const organisation = new Organisation();
        for (const words of told) {
          await organisation.tell(words);
          await organisation.reconcile(300);
          expect(await world.balance(organisation.account)).toBeGreaterThanOrEqual(0);
          const usageEntries = await organisation.entries();
          const lastOf = new Map(
            [...usageEntries].sort(byStart).map((each) => [each.workspaceInstanceId, each.id]),
          );
          for (const { credits, draft, ...entry } of usageEntries) {
            expect(credits).toBeGreaterThanOrEqual(0);
            const { stoppedTime } = JSON.parse(entry.metadata) as Record<string, string>;
            const isLast = lastOf.get(entry.workspaceInstanceId) === entry.id;
            expect(draft).toBe(stoppedTime === '' && isLast);
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  it('only grows while they run, by what the time costs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 8 }), async (waits) => {
        const organisation = new Organisation();
        await organisation.tell([
          { instance: 'one', what: 'started', second: HAPPENING_S, class: 'default' },
          { instance: 'two', what: 'started', second: HAPPENING_S, class: 'large' },
        ]);
        for (const wait of waits) {
          await organisation.reconcile(wait);
          const ran = organisation.now - HAPPENING_S;
          const cents = centsOf(ran, 'default') + centsOf(ran, 'large');
          expect(await world.balance(organisation.account)).toBe(cents / 100);
        }
      }),
      { numRuns: 8 },
    );
  });
});

const byStart = (a: { metadata: string }, b: { metadata: string }): number =>
  startOf(a.metadata) < startOf(b.metadata) ? -1 : 1;
const startOf = (metadata: string): string => (JSON.parse(metadata) as { startTime: string }).startTime;
