import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../src/core/errors';
import { type Digest, digestOf } from '../support/digest';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { TestProcess } from '../support/processes';
import { SEED } from '../support/seed';
import { Breaker, type Moment } from './breaker';
import { Closer, nobodyIsLeft } from './closer';
import { CLOSING, closingBooks } from './closing-books';

/** `npm run proof:close` breaks every statement; `npm test` each commit and every so many of the others. */
const IS_PROOF = process.env.CLOSE_PROOF === 'all';
const EVERY = IS_PROOF ? 1 : 19;
const KILLS = IS_PROOF ? 60 : 3;
const AT_ONCE = 3;
/** A process that has just started needs about so long for its close. */
const CLOSE_MS = 600;
const PATIENCE_MS = IS_PROOF ? 3_600_000 : 120_000;

let books: TestDatabase;
let closer: Closer;
let other: Closer;
let breaker: Breaker;
let undisturbed: Digest;
let statements: string[];

/** Works on a copy of the books, which is dropped afterwards. */
async function onCopy<R>(work: (url: string) => Promise<R>): Promise<R> {
  const copy = await createTestDatabase(books.url);
  try {
    return await work(copy.url);
  } finally {
    await copy.drop();
  }
}

/** What the next turn makes of books that somebody left half closed. */
async function closedAgain(url: string): Promise<Digest> {
  await nobodyIsLeft(url);
  expect(await closer.close(url)).toBeNull();
  return digestOf(url);
}

beforeAll(async () => {
  books = await closingBooks();
  closer = await onCopy((url) => Closer.start(url, CLOSING));
  other = await onCopy((url) => Closer.start(url, CLOSING));
  breaker = Breaker.install();
  // The first close fills what a process remembers, so that every later one sends the same statements.
  await onCopy((url) => closer.close(url));
  await onCopy(async (url) => {
    statements = await breaker.during(null, () => closer.close(url));
    undisturbed = await digestOf(url);
  });
});
afterAll(async () => {
  breaker.remove();
  await closer.stop();
  await other.stop();
  await books.drop();
});

it('an undisturbed close does everything that a close can do', async () => {
  const invoices = undisturbed['invoice']!.filter((row) => row.includes('"2025-03-01 01:00:00+00",'));
  expect(invoices.length).toBeGreaterThan(10);
  expect(invoices.filter((row) => row.includes(',draft,'))).toEqual([]);
  expect(undisturbed['invoice']!.filter((row) => /,off_cycle,/.test(row))).toHaveLength(1);
  // Half of January is given back to one account, and another pays with what was left of its grant.
  expect(
    undisturbed['credit_grant']!.map((row) =>
      /,(carried|promotional),([\d.]+?)0*,([\d.]+?)0*,/.exec(row)!.slice(1),
    ),
  ).toEqual(
    expect.arrayContaining([
      ['promotional', '6.', '6.'],
      ['carried', '10.', '0.'],
    ]),
  );
  expect(undisturbed['outbox']!.length).toBeGreaterThan(10);
  expect(undisturbed['late_usage']).toEqual([]);
  await onCopy(async (url) => {
    await closer.close(url);
    expect(await closer.broken(url)).toEqual([]);
    // Nothing is due any more: another turn changes nothing.
    expect(await closedAgain(url)).toEqual(undisturbed);
  });
});

/** What is broken: each statement before it was sent, and after it was done but not answered. */
function breaks(): { statement: number; moment: Moment }[] {
  const every = statements.flatMap((_text, i) =>
    (['before', 'after'] as const).map((moment) => ({ statement: i + 1, moment })),
  );
  const isCommit = ({ statement }: { statement: number }): boolean => statements[statement - 1] === 'commit';
  return every.filter((each, i) => isCommit(each) || i % EVERY === 0);
}

it(
  'a connection lost at any statement: the next turn ends in the same state',
  async () => {
    const points = breaks();
    expect(statements.filter((text) => text === 'commit').length).toBeGreaterThan(8);
    for (const point of points) {
      const about = `${point.moment} ${point.statement} ${statements[point.statement - 1]}`;
      await onCopy(async (url) => {
        let failure: unknown;
        const sent = await breaker.during(point, async () => (failure = await closer.close(url)));
        expect([about, sent.length >= point.statement]).toEqual([about, true]);
        expect([about, failure instanceof DomainError && failure.code]).toEqual([about, 'unavailable']);
        expect({ about, ...(await closedAgain(url)) }).toEqual({ about, ...undisturbed });
      });
    }
    console.log(`${points.length} lost connections in a close of ${statements.length} statements`);
  },
  PATIENCE_MS,
);

/** A process that is killed so long after its close began; whether it was still at it. */
async function killedAfter(url: string, moment: number): Promise<boolean> {
  const child = new TestProcess('test/faults/closing-process.ts', [], { DATABASE_URL: url, CLOSING });
  await child.says(/it begins/);
  await sleep(moment);
  child.kill('SIGKILL');
  await child.exited;
  return !child.output.includes('it is done');
}

it(
  'a process killed at any moment: the next turn ends in the same state',
  async () => {
    let killed = 0;
    for (let done = 0; done < KILLS; done += AT_ONCE) {
      const moments = fc.sample(fc.integer({ min: 0, max: CLOSE_MS }), {
        numRuns: AT_ONCE,
        seed: SEED + done,
      });
      const copies = await Promise.all(moments.map(() => createTestDatabase(books.url)));
      const wereAtIt = await Promise.all(copies.map(({ url }, i) => killedAfter(url, moments[i]!)));
      killed += wereAtIt.filter(Boolean).length;
      for (const copy of copies) {
        expect({ moments, ...(await closedAgain(copy.url)) }).toEqual({ moments, ...undisturbed });
        await copy.drop();
      }
    }
    expect(killed).toBeGreaterThanOrEqual(KILLS / 3);
    console.log(`${killed} of ${KILLS} processes were killed before their close was done`);
  },
  PATIENCE_MS,
);

it(
  'two processes at once, and the next turn: the same state, whoever was first',
  async () => {
    const whoeverWasFirst = await onCopy(async (url) => {
      await closer.close(url);
      return digestOf(url, { numbers: false });
    });
    for (let i = 0; i < (IS_PROOF ? 30 : 3); i++) {
      await onCopy(async (url) => {
        expect(await Promise.all([closer.close(url), other.close(url)])).toEqual([null, null]);
        await closedAgain(url);
        expect(await digestOf(url, { numbers: false })).toEqual(whoeverWasFirst);
        expect(await closer.broken(url)).toEqual([]);
      });
    }
  },
  PATIENCE_MS,
);
