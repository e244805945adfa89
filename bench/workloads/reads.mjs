import { sendAll } from '../harness/batch-sender.mjs';
import { untilIdle } from '../harness/cpu.mjs';
import { dice, eventMaker, METERS, thisMonth } from '../harness/events.mjs';
import { HttpClient } from '../harness/http-client.mjs';
import { Service } from '../harness/service.mjs';
import { percentile } from '../harness/statistics.mjs';
import { TEMPLATE, untilRolledUp } from '../harness/template.mjs';

const MANY = 100_000;
const FEW = 1_000;
const PAGE = 50;
const LONGEST_PAGE = 500;
const REQUESTS = 200;
const METER = METERS[0];
/** Behind the deep page lies as much as before it, so that a list that sorts what is left shows. */
const STORED = { 'org:month-of-many': MANY, 'org:month-of-few': FEW, 'org:deep': 2 * MANY };
const LIST = '/api/v1/events';

/** Accounts with so many events of one meter, each at its own moment of the month so far. */
async function prepareReads(bench) {
  const { postgres } = bench;
  const database = await postgres.clone(TEMPLATE);
  const service = await Service.start(postgres.url(database));
  const client = new HttpClient({ base: service.base, key: bench.key });
  const state = { database, service, client };
  try {
    for (const [account, count] of Object.entries(STORED)) {
      await sendAll({ base: service.base, key: bench.key, count, next: spreadEvents(account) });
    }
    await untilRolledUp(postgres, database);
    await postgres.query(database, 'vacuum analyze');
    return { ...state, deep: await cursorAt(client, MANY) };
  } catch (error) {
    await finishReads(bench, state);
    throw error;
  }
}

function spreadEvents(account) {
  const from = Date.parse(thisMonth().from);
  const length = Date.now() - from;
  const roll = dice(21);
  const next = eventMaker({ seed: 22 });
  return () => ({
    ...next(),
    account,
    type: METER,
    occurred_at: new Date(from + Math.floor(roll() * length)).toISOString(),
  });
}

/** The cursor of the page that begins at `depth`, by paging there once. */
async function cursorAt(client, depth) {
  let cursor = null;
  for (let seen = 0; seen < depth; seen += LONGEST_PAGE) {
    const page = await client.get(listPath('org:deep', { limit: LONGEST_PAGE, cursor }));
    cursor = page.next_cursor;
    if (cursor === null) throw new Error(`the list ends before ${depth} events`);
  }
  return cursor;
}

function listPath(account, { limit = PAGE, cursor = null }) {
  const query = new URLSearchParams({ account, limit: String(limit), ...(cursor ? { cursor } : {}) });
  return `${LIST}?${query}`;
}

function usagePath(account, window) {
  const query = new URLSearchParams({ account, ...thisMonth(), ...(window ? { window } : {}) });
  return `/api/v1/meters/${METER}/usage?${query}`;
}

/** One request after the other on one connection; the median is what counts. */
async function timed(bench, { service, client }, path) {
  const requests = bench.options.quick ? REQUESTS / 4 : REQUESTS;
  for (let i = 0; i < requests / 4; i++) await client.get(path);
  await untilIdle(bench.options.wait);
  const before = { node: service.cpu(), postgres: bench.postgres.cpu() };
  const times = [];
  for (let i = 0; i < requests; i++) {
    const sentAt = performance.now();
    await client.get(path);
    times.push(performance.now() - sentAt);
  }
  return {
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    nodeUs: ((service.cpu() - before.node) * 1000) / requests,
    postgresUs: ((bench.postgres.cpu() - before.postgres) * 1000) / requests,
  };
}

async function finishReads(bench, { database, service, client }) {
  client.close();
  await service.stop();
  await bench.postgres.drop(database);
}

export const reads = {
  title: 'Reads',
  prepare: prepareReads,
  finish: finishReads,
  cases: {
    'usage of a month with 100,000 events': (bench, state) =>
      timed(bench, state, usagePath('org:month-of-many')),
    'usage of a month with 1,000 events': (bench, state) =>
      timed(bench, state, usagePath('org:month-of-few')),
    'the same by day, 100,000 events': (bench, state) =>
      timed(bench, state, usagePath('org:month-of-many', 'day')),
    'the same by day, 1,000 events': (bench, state) =>
      timed(bench, state, usagePath('org:month-of-few', 'day')),
    'list page at depth 100,000': (bench, state) =>
      timed(bench, state, listPath('org:deep', { cursor: state.deep })),
    'list page at depth 0': (bench, state) => timed(bench, state, listPath('org:deep', {})),
    'list page of 1,000 events': (bench, state) => timed(bench, state, listPath('org:month-of-few', {})),
  },
  targets: [
    {
      number: '9',
      title: 'usage query of a month with 100,000 events / with 1,000',
      top: 'usage of a month with 100,000 events',
      bottom: 'usage of a month with 1,000 events',
      by: 'p50',
      lowerIsBetter: true,
      aim: 1.5,
      floor: 3,
    },
    {
      number: '9b',
      title: 'the same in windows of a day',
      top: 'the same by day, 100,000 events',
      bottom: 'the same by day, 1,000 events',
      by: 'p50',
      lowerIsBetter: true,
    },
    {
      number: '10',
      title: 'list page of 50 at depth 100,000 / at depth 0 (cursor)',
      top: 'list page at depth 100,000',
      bottom: 'list page at depth 0',
      by: 'p50',
      lowerIsBetter: true,
      aim: 1.2,
      floor: 2,
    },
    {
      number: '10b',
      title: 'list page at depth 0 of 200,000 events / of 1,000',
      top: 'list page at depth 0',
      bottom: 'list page of 1,000 events',
      by: 'p50',
      lowerIsBetter: true,
    },
  ],
};
