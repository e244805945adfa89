/**
 * What must hold of the books after any fault, computed from the events alone: every counter, window and day is compared
 * with a sum over events, and every gauge with a fold of its levels. Each check answers the rows that differ.
 */

/** Events as they count now: without the voided ones, with the measure of the latest amend. */
const EFFECTIVE = `
  create temp table effective as
  with latest as (
    select distinct on (account_id, target) account_id, target, kind, quantity
    from event_correction order by account_id, target, revision desc)
  select e.account_id, e.key, e.type, e.occurred_at, e.resource, e.properties, coalesce(l.quantity, e.quantity) as quantity,
    date_trunc('month', e.occurred_at at time zone 'UTC') at time zone 'UTC' as month,
    date_trunc('day', e.occurred_at at time zone 'UTC') at time zone 'UTC' as day,
    date_trunc('hour', e.occurred_at at time zone 'UTC') at time zone 'UTC' as hour
  from usage_event e left join latest l on l.account_id = e.account_id and l.target = e.key
  where l.kind is distinct from 'void'`;

const KEYS_WITHOUT_A_FACT = `
  select k.key from event_key k
  left join usage_event e on e.key = k.key and e.account_id = k.account_id
  left join event_correction c on c.key = k.key and c.account_id = k.account_id
  where e.key is null and c.key is null`;

const FACTS_WITHOUT_A_KEY = `
  select f.key from (select key, account_id from usage_event union all select key, account_id from event_correction) f
  left join event_key k on k.key = f.key and k.account_id = f.account_id
  where k.key is null`;

const FACTS_STORED_TWICE = `
  select account_id, key, count(*) from (
    select key, account_id from usage_event union all select key, account_id from event_correction) f
  group by 1, 2 having count(*) > 1`;

const METER = (key) => `(select id from meter where key = '${key}')`;

/** Stored rows against computed ones; a row that only one side has counts as nothing on the other. */
const compare = ({ table, meter, from, computed, columns }) => `
  select * from (
    select account_id, ${from} as at, dims, ${columns.join(', ')} from ${table} where meter_id = ${METER(meter)}) stored
  full join (${computed}) computed using (account_id, at, dims)
  where (${columns.map((name) => `coalesce(stored.${name}, 0)`)})
    is distinct from (${columns.map((name) => `coalesce(computed.${name}, 0)`)})`;

const DIMS = `'{"region":"' || (properties ->> 'region') || '"}'`;
const AMOUNTS = (at, dims) =>
  `select account_id, ${at} as at, ${dims} as dims, sum(quantity) as sum, count(*) as count, max(quantity) as max
   from effective where type = 'proof.amount' group by 1, 2, 3`;
const VISITS = (at) =>
  `select account_id, ${at} as at, '' as dims, count(distinct properties ->> 'visitor') as count
   from effective where type = 'proof.visit' group by 1, 2`;
const LEVELS = (at, length) =>
  `select account_id, ${at} as at, '' as dims, sum(quantity - before) as delta,
     sum((quantity - before) * (extract(epoch from ${at} + interval '${length}') - extract(epoch from occurred_at)) * 1000) as moment
   from (select *, coalesce(lag(quantity) over (partition by account_id, resource order by occurred_at, key), 0) as before
     from effective where type = 'proof.level') changes
   group by 1, 2`;

const ROLLUPS = { usage_window: 'hour', usage_day: 'day' };

function rollupChecks(table, at) {
  return {
    [`sums of ${table}`]: compare({
      table,
      meter: 'proof_sum',
      from: 'from_at',
      computed: AMOUNTS(at, DIMS),
      columns: ['sum', 'count'],
    }),
    [`maxima of ${table}`]: compare({
      table,
      meter: 'proof_max',
      from: 'from_at',
      computed: AMOUNTS(at, `''`),
      columns: ['sum', 'count', 'max'],
    }),
    [`distinct values of ${table}`]: compare({
      table,
      meter: 'proof_unique',
      from: 'from_at',
      computed: VISITS(at),
      columns: ['count'],
    }),
  };
}

const CHECKS = {
  'keys without a fact': KEYS_WITHOUT_A_FACT,
  'facts without a key': FACTS_WITHOUT_A_KEY,
  'facts stored twice': FACTS_STORED_TWICE,
  'counters of sums': compare({
    table: 'usage_counter',
    meter: 'proof_sum',
    from: 'segment_from',
    computed: `${AMOUNTS('month', `''`)} union all ${AMOUNTS('month', DIMS)}`,
    columns: ['sum', 'count'],
  }),
  'counters of maxima': compare({
    table: 'usage_counter',
    meter: 'proof_max',
    from: 'segment_from',
    computed: AMOUNTS('month', `''`),
    columns: ['sum', 'count', 'max'],
  }),
  'counters of distinct values': compare({
    table: 'usage_counter',
    meter: 'proof_unique',
    from: 'segment_from',
    computed: VISITS('month'),
    columns: ['count'],
  }),
  'counters of levels': compare({
    table: '(select *, sum as moment from usage_counter) c',
    meter: 'proof_gauge',
    from: 'segment_from',
    computed: LEVELS('month', '1 month'),
    columns: ['delta', 'moment'],
  }),
  'windows of levels': compare({
    table: 'gauge_window',
    meter: 'proof_gauge',
    from: 'from_at',
    computed: LEVELS('hour', '1 hour'),
    columns: ['delta', 'moment'],
  }),
  ...rollupChecks('usage_window', ROLLUPS.usage_window),
  ...rollupChecks('usage_day', ROLLUPS.usage_day),
};

/** Every check with the number of rows that break it and three examples; an empty object = the books are right. */
export async function brokenBooks(client) {
  await client.query(`set time zone 'UTC'`);
  await client.query(EFFECTIVE);
  const broken = {};
  for (const [name, sql] of Object.entries(CHECKS)) {
    const { rows } = await client.query(sql);
    if (rows.length > 0) broken[name] = { rows: rows.length, examples: rows.slice(0, 3) };
  }
  return broken;
}

/**
 * Compares what was acknowledged with what is stored: `lost` = acknowledged and not there, `doubled` = there more than
 * once, `unknown` = never sent.
 */
export async function compareIds(client, sent) {
  const stored = new Map();
  await client.query('begin');
  await client.query(`declare ids cursor for select event_id from usage_event`);
  for (;;) {
    const { rows } = await client.query('fetch 20000 from ids');
    if (rows.length === 0) break;
    for (const { event_id: id } of rows) stored.set(id, (stored.get(id) ?? 0) + 1);
  }
  await client.query('commit');
  let [acknowledged, lost, doubled, unknown] = [0, 0, 0, 0];
  for (const [id, isAcknowledged] of sent) {
    if (!isAcknowledged) continue;
    acknowledged += 1;
    if (!stored.has(id)) lost += 1;
  }
  for (const [id, times] of stored) {
    if (times > 1) doubled += 1;
    if (!sent.has(id)) unknown += 1;
  }
  return { acknowledged, stored: stored.size, lost, doubled, unknown };
}
